package redistest_test

import (
	"maps"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
)

func TestServerKeepsItsDataOverACrash(t *testing.T) {
	server := redistest.Start(t)
	server.Do("SET", "k", "v\r\n登录")
	server.Kill()
	server.Restart()
	require.Equal(t, "v\r\n登录", server.Do("GET", "k"))
}

func TestAnswers(t *testing.T) {
	server := redistest.Start(t)
	for _, tt := range []struct{ command, want string }{
		{"return 'text'", "text"},
		{"return 7", "7"},
		{"return false", "(nil)"},
		{"return {'a', 1, {'b'}}", "a\n1\nb"},
		{"return {}", ""},
		{"return redis.error_reply('BAD luck')", "BAD luck"},
	} {
		require.Equal(t, tt.want, server.Do("EVAL", tt.command, "0"), tt.command)
	}
}

func TestCommandsAreCounted(t *testing.T) {
	server := redistest.Start(t)
	server.Do("SET", "old", "v")
	server.Forget()
	server.Do("SET", "k", "v")
	server.Do("GET", "k")
	server.Do("GET", "none")
	if got, want := server.Commands(), map[string]int{"SET": 1, "GET": 2}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestProxy(t *testing.T) {
	server := redistest.Start(t)
	for _, tt := range []struct {
		name  string
		spoil func(*redistest.Proxy)
		want  string // before the connection ends, or the wait
	}{
		{"passes on", func(*redistest.Proxy) {}, "+PONG\r\n"},
		{"is slow", func(p *redistest.Proxy) { p.Delay(time.Hour) }, ""},
		{"answers itself", func(p *redistest.Proxy) { p.Answer("-LOADING\r\n") }, "-LOADING\r\n"},
		{"cuts", func(p *redistest.Proxy) { p.CutAfter(3) }, "+PO"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := redistest.NewProxy(t, server.Addr)
			tt.spoil(proxy)
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", proxy.Addr)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
			if _, err := conn.Write([]byte("PING\r\n")); err != nil {
				t.Fatal(err)
			}
			answer := make([]byte, 100)
			n, _ := conn.Read(answer)
			if got := string(answer[:n]); got != tt.want && (tt.name != "cuts" || got != "") { // a reset may overtake what was sent
				t.Errorf("the answer is %q, want %q", got, tt.want)
			}
		})
	}
}
