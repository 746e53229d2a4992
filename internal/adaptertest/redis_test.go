package adaptertest_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis" //nolint:depguard // the Redis store needs its client
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// TestRedisSessions takes every adapter through the table with sessions in Redis.
func TestRedisSessions(t *testing.T) {
	for _, frame := range adaptertest.Frames() {
		t.Run(frame.Name, func(t *testing.T) { adaptertest.Run(t, frame, redisSessions()) })
	}
}

// redisSessions are sessions in a Redis inside the process; the store's own tests talk to a real one.
func redisSessions() adaptertest.Store {
	return adaptertest.Store{Name: "Redis sessions", OnServer: true, Open: func(t *testing.T) func(keys [][]byte) sessions.Store {
		t.Helper()
		server := redistest.NewMemory(t)
		return func(keys [][]byte) sessions.Store {
			client, err := rueidis.NewClient(rueidis.ClientOption{
				InitAddress: []string{"redis:6379"}, ForceSingleClient: true,
				Dialer:    net.Dialer{KeepAlive: 1000 * time.Hour}, // no ping each second of a month
				DialCtxFn: func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return server.Dial(), nil },
			})
			require.NoError(t, err)
			t.Cleanup(client.Close)
			s, err := redisstore.New(client, redisstore.Config{Keys: keys})
			require.NoError(t, err)
			return s
		}
	}}
}
