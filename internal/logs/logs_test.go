package logs_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/logs"
)

func TestEveryLineNamesTheAccount(t *testing.T) {
	for _, tt := range []struct{ appID, want string }{
		{"wx0123456789abcdef", "appid=wx0123456789abcdef"},
		{strings.Repeat("0a", 16), "appid=[redacted]"}, // the two were swapped
	} {
		var out bytes.Buffer
		logs.Of(slog.New(slog.NewTextHandler(&out, nil)), tt.appID).Info("hello")
		require.Contains(t, out.String(), tt.want)
	}
}

func TestASampleIsWrittenOncePerInterval(t *testing.T) {
	s := logs.Sample{Every: time.Minute}
	begin := time.Unix(1_800_000_000, 0)
	for _, tt := range []struct {
		after   time.Duration
		leftOut int
		due     bool
	}{
		{0, 0, true},
		{time.Second, 0, false},
		{59 * time.Second, 0, false},
		{time.Minute, 2, true},
		{time.Minute, 0, false},
		{time.Hour, 1, true},
	} {
		if leftOut, due := s.Due(begin.Add(tt.after)); leftOut != tt.leftOut || due != tt.due {
			t.Errorf("after %v: %d left out, %v; want %d, %v", tt.after, leftOut, due, tt.leftOut, tt.due)
		}
	}
}
