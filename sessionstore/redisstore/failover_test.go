package redisstore_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// A pair is a primary and its replica behind one name, as a managed service has them.
type pair struct {
	primary, replica *redistest.Server
	leadsTo          atomic.Pointer[redistest.Server] // where the name leads
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{primary: redistest.Start(t), replica: redistest.Start(t)}
	p.leadsTo.Store(p.primary)
	follow(p.replica, p.primary)
	return p
}

func follow(replica, primary *redistest.Server) {
	host, port, _ := net.SplitHostPort(primary.Addr)
	replica.Do("REPLICAOF", host, port)
	replica.Eventually("the replica follows", func() bool {
		return strings.Contains(replica.Do("INFO", "replication"), "master_link_status:up")
	})
}

// failOver exchanges the two. Connections to the old primary stay.
func (p *pair) failOver() {
	p.replica.Eventually("the replica has all that was written", func() bool {
		return p.replica.Do("DBSIZE") == p.primary.Do("DBSIZE")
	})
	p.replica.Do("REPLICAOF", "NO", "ONE")
	follow(p.primary, p.replica)
	p.leadsTo.Store(p.replica)
	p.primary, p.replica = p.replica, p.primary
}

// client has the options of the documentation but for lifetime.
func (p *pair) client(t *testing.T, lifetime time.Duration) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"redis.example.com:6379"}, ForceSingleClient: true,
		Dialer: net.Dialer{KeepAlive: 200 * time.Millisecond}, ConnWriteTimeout: 600 * time.Millisecond, ConnLifetime: lifetime,
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", p.leadsTo.Load().Addr)
		},
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// After a failover the name leads to another server, and nobody tells those who are connected.
func TestOrderlyFailover(t *testing.T) {
	p := newPair(t)
	for _, tt := range []struct {
		name  string
		write func(*redisstore.Store, *redisstore.Seen, *rediscache.Cache) error
	}{
		{"a login", func(s *redisstore.Store, _ *redisstore.Seen, _ *rediscache.Cache) error {
			_, err := signIn(t, s, time.Now(), 100)
			return err
		}},
		{"a reservation", func(s *redisstore.Store, _ *redisstore.Seen, _ *rediscache.Cache) error {
			_, err := s.Reserve(t.Context(), "state", time.Minute)
			return err
		}},
		{"the end of all sessions", func(s *redisstore.Store, _ *redisstore.Seen, _ *rediscache.Cache) error {
			return s.EndAll(t.Context(), "wx1 somebody else")
		}},
		{"a logout", func(s *redisstore.Store, _ *redisstore.Seen, _ *rediscache.Cache) error {
			return s.Renew(t.Context(), &sessions.Session{ID: strings.Repeat("A", 64)})
		}},
		{"a message", func(_ *redisstore.Store, s *redisstore.Seen, _ *rediscache.Cache) error {
			_, _, err := s.Reserve(t.Context(), "message", time.Minute)
			return err
		}},
		{"an app token", func(_ *redisstore.Store, _ *redisstore.Seen, c *rediscache.Cache) error {
			return c.Set(t.Context(), "k", "v", time.Minute)
		}},
	} {
		client := p.client(t, 0)
		store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{key(1)}})
		require.NoError(t, err)
		seen, err := redisstore.NewSeen(client, redisstore.SeenConfig{})
		require.NoError(t, err)
		before := mustSignIn(t, store, 100)
		p.failOver()
		if err := tt.write(store, seen, rediscache.New(client, "wx:")); err != nil {
			t.Errorf("%s after a failover: %v", tt.name, err)
		}
		require.Equal(t, "somebody", valueOf(t, store, before), tt.name)
	}
}

func TestManyLoginsAfterAFailover(t *testing.T) {
	p := newPair(t)
	store, err := redisstore.New(p.client(t, 0), redisstore.Config{Keys: [][]byte{key(1)}})
	require.NoError(t, err)
	mustSignIn(t, store, 100)
	p.failOver()
	webtest.AtOnce(40, func(int) {
		if _, err := signIn(t, store, time.Now(), 100); err != nil {
			t.Errorf("a login: %v", err)
		}
	})
}

// A Redis that stays read-only does not lose its clients' connections at each command.
func TestReadOnlyForAWhile(t *testing.T) {
	server, store := fresh(t)
	begin(t, store, "somebody")
	server.Do("REPLICAOF", "127.0.0.1", "1")
	connections := func() string {
		_, rest, _ := strings.Cut(server.Do("INFO", "stats"), "total_connections_received:")
		n, _, _ := strings.Cut(rest, "\r\n")
		return n
	}
	wantNoWrite(t, store)
	first := connections()
	for range 20 {
		wantNoWrite(t, store)
	}
	require.LessOrEqual(t, len(connections()), len(first)+1, first)
}

// Who only reads is not told that the server is none any more; the age of the connection tells.
func TestFailoverOfReaders(t *testing.T) {
	p := newPair(t)
	store, err := redisstore.New(p.client(t, time.Second), redisstore.Config{Keys: [][]byte{key(1)}})
	require.NoError(t, err)
	cookie := mustSignIn(t, store, 100)
	p.failOver()
	old := p.replica
	old.Do("REPLICAOF", "127.0.0.1", "1") // it hears of nothing any more
	other, err := redisstore.New(p.client(t, 0), redisstore.Config{Keys: [][]byte{key(1)}})
	require.NoError(t, err)
	end(t, other, cookie)
	p.primary.Eventually("the logout is known", func() bool { return valueOf(t, store, cookie) == "" })
}
