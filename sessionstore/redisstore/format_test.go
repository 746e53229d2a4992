package redisstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

func TestAPrintedConfigShowsNoKey(t *testing.T) {
	cfg := redisstore.Config{Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Prefix: "shop:"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{cfg, &cfg} {
			if got := fmt.Sprintf(verb, v); got != `redisstore.Config of "shop:"` {
				t.Errorf("%s of %T shows %s", verb, v, got)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", &cfg)
	if !strings.Contains(log.String(), `"config":"redisstore.Config of \"shop:\""`) {
		t.Errorf("the log shows %s", &log)
	}
}
