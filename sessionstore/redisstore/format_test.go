package redisstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

func TestAPrintedConfigShowsNoKey(t *testing.T) {
	cfg := redisstore.Config{Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Prefix: "shop:"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{cfg, &cfg} {
			require.Equal(t, `redisstore.Config of "shop:"`, fmt.Sprintf(verb, v), "%s of %T", verb, v)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", &cfg)
	require.Contains(t, log.String(), `"config":"redisstore.Config of \"shop:\""`)
}
