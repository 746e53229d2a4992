package rediscache_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

// newCache is one process: a cache with a client of its own, for a server that may be down.
func newCache(t *testing.T, addr string) *rediscache.Cache {
	t.Helper()
	client, _ := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, ForceSingleClient: true, ReadBufferEachConn: 4096, WriteBufferEachConn: 4096,
	})
	require.NotNil(t, client, "no client")
	t.Cleanup(client.Close)
	return rediscache.New(client, "shop:")
}

func set(t *testing.T, cache *rediscache.Cache, value string) {
	t.Helper()
	require.NoError(t, cache.Set(t.Context(), "k", value, time.Hour))
}

// get is what the cache holds; "" is nothing.
func get(t *testing.T, cache *rediscache.Cache) string {
	t.Helper()
	value, ok, err := cache.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, value != "", ok)
	return value
}

func lease(t *testing.T, cache *rediscache.Cache) (release func(), ok bool) {
	t.Helper()
	release, ok, err := cache.Lease(t.Context(), "k", time.Minute)
	require.NoError(t, err)
	require.Equal(t, release != nil, ok)
	return release, ok
}

// wantLease wants a free lease, or one that somebody holds.
func wantLease(t *testing.T, cache *rediscache.Cache, free bool) (release func()) {
	t.Helper()
	release, ok := lease(t, cache)
	require.Equal(t, free, ok)
	return release
}

func TestValuesAreShared(t *testing.T) {
	server := redistest.Start(t)
	here, there := newCache(t, server.Addr), newCache(t, server.Addr)
	require.Empty(t, get(t, there))
	for i := range 300 {
		value := fmt.Sprint("value ", i)
		set(t, here, value)
		require.Equal(t, value, get(t, here), "in the process itself")
	}
	server.Eventually("the other process has the last value", func() bool { return get(t, there) == "value 299" })
	require.Equal(t, len("3600"), len(server.Do("TTL", "shop:c:k")))
	server.Do("FLUSHALL")
	server.Eventually("the value is gone", func() bool { return get(t, here) == "" && get(t, there) == "" })
}

func TestCachedValueCostsNoCommand(t *testing.T) {
	server := redistest.Start(t)
	cache := newCache(t, server.Addr)
	set(t, cache, "token")
	get(t, cache)
	server.Forget()
	for range 100 {
		get(t, cache)
	}
	require.Empty(t, server.Commands())
}

func TestValueEndsWithItsTTL(t *testing.T) {
	server := redistest.Start(t)
	cache := newCache(t, server.Addr)
	for _, ttl := range []time.Duration{20 * time.Millisecond, 0, -time.Second} {
		require.NoError(t, cache.Set(t.Context(), "k", "v", ttl), ttl)
		server.Eventually("the value ends", func() bool { return get(t, cache) == "" })
	}
}

func TestLease(t *testing.T) {
	server := redistest.Start(t)
	here, there := newCache(t, server.Addr), newCache(t, server.Addr)
	release := wantLease(t, here, true)
	wantLease(t, there, false)
	wantLease(t, here, false)
	release()
	theirs := wantLease(t, there, true)
	release() // late, and a second time
	wantLease(t, here, false)
	theirs()
}

func TestLostLease(t *testing.T) {
	server := redistest.Start(t)
	here, there := newCache(t, server.Addr), newCache(t, server.Addr)
	late := wantLease(t, here, true)
	if ttl := server.Do("TTL", "shop:l:k"); ttl != "60" && ttl != "59" {
		t.Errorf("a lease for a minute has %s s left", ttl)
	}
	server.Do("DEL", "shop:l:k") // what its ttl does
	wantLease(t, there, true)
	late()
	require.Equal(t, "1", server.Do("EXISTS", "shop:l:k"), "the loser released the lease of the next holder")
}

// The holder of a lease must see what the holder before stored, even if the news of it is slow.
func TestHolderOfALeaseReadsFromRedis(t *testing.T) {
	server := redistest.Start(t)
	cache := newCache(t, server.Addr)
	set(t, cache, "token")
	for _, tt := range []struct {
		name string
		held bool
		want int // GETs for three reads
	}{
		{"before the lease", false, 0},
		{"with the lease", true, 3},
		{"after it", false, 0},
	} {
		get(t, cache)
		release := func() {}
		if tt.held {
			release, _ = lease(t, cache)
		}
		server.Forget()
		for range 3 {
			get(t, cache)
		}
		require.Equal(t, tt.want, server.Commands()["GET"], "GETs of three reads %s", tt.name)
		release()
	}
}

func TestRedisGone(t *testing.T) {
	server := redistest.Start(t)
	cache := newCache(t, server.Addr)
	set(t, cache, "token")
	release := wantLease(t, cache, true)
	server.Kill()
	start := time.Now()
	if _, ok, err := cache.Get(t.Context(), "k"); ok || err == nil {
		t.Errorf("Get = %t, %v", ok, err)
	}
	require.Error(t, cache.Set(t.Context(), "k", "v", time.Hour))
	if _, ok, err := cache.Lease(t.Context(), "other", time.Minute); ok || err == nil {
		t.Errorf("Lease = %t, %v", ok, err)
	}
	release()
	require.LessOrEqual(t, time.Since(start), 10*time.Second)
	server.Restart()
	server.Eventually("the cache works again", func() bool {
		value, _, _ := cache.Get(t.Context(), "k")
		return value == "token"
	})
}

// A server that does not know a command quotes it, and AUTH has the password.
func TestServersThatQuote(t *testing.T) {
	client, _ := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{redistest.Quoting(t)}, ForceSingleClient: true, DisableCache: true, Password: "a password",
	})
	require.NotNil(t, client, "no client")
	t.Cleanup(client.Close)
	err := rediscache.New(client, "shop:").Set(t.Context(), "k", "a token", time.Hour)
	require.ErrorContains(t, err, "unknown command")
	require.NotContains(t, err.Error(), "password")
}

// Redis carries out what it was sent before it hung. A lease of which nobody knows must not keep
// the fleet waiting.
func TestLeaseDuringAFreeze(t *testing.T) {
	server := redistest.Start(t)
	cache := newCache(t, server.Addr)
	set(t, cache, "token")
	server.Pause()
	if _, ok, err := cache.Lease(t.Context(), "k", time.Minute); ok || err == nil {
		t.Errorf("Lease = %t, %v", ok, err)
	}
	server.Resume()
	server.Eventually("the lease is given", func() bool {
		release, ok, err := cache.Lease(t.Context(), "k", time.Minute)
		if ok {
			release()
		}
		return ok && err == nil
	})
}

func TestWrongType(t *testing.T) {
	server := redistest.Start(t)
	server.Do("LPUSH", "shop:c:k", "x")
	if value, ok, err := newCache(t, server.Addr).Get(t.Context(), "k"); ok || err == nil {
		t.Errorf("Get = %q, %t, %v; want an error", value, ok, err)
	}
}

// wechat answers every token request with another token, and counts them.
type wechat struct{ fetches atomic.Int32 }

func (w *wechat) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	webtest.Text(fmt.Sprintf(`{"access_token":"token-%d","expires_in":7200}`, w.fetches.Add(1)))(rw, r)
}

func TestFleetFetchesOnce(t *testing.T) {
	server := redistest.Start(t)
	var api wechat
	var processes []core.TokenSource
	for range 5 {
		tokens, err := core.StableTokens(core.ClientConfig{
			AppID: "wx1", Secret: "s", Cache: newCache(t, server.Addr),
			HTTPClient: webtest.InMemory(&api), Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		processes = append(processes, tokens)
	}
	fetch := func(ctx context.Context) (seen map[string]bool) {
		var mu sync.Mutex
		var callers sync.WaitGroup
		seen = map[string]bool{}
		for i := range 50 {
			callers.Go(func() {
				token, err := processes[i%len(processes)].Token(ctx)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				seen[token] = true
			})
		}
		callers.Wait()
		return seen
	}
	if seen := fetch(t.Context()); !maps.Equal(seen, map[string]bool{"token-1": true}) || api.fetches.Load() != 1 {
		t.Errorf("a fleet that starts fetched %d times and has %v", api.fetches.Load(), seen)
	}
	for _, process := range processes {
		process.Refused(t.Context(), "token-1")
	}
	if seen := fetch(t.Context()); !maps.Equal(seen, map[string]bool{"token-2": true}) || api.fetches.Load() != 2 {
		t.Errorf("after a refusal it fetched %d times in all and has %v", api.fetches.Load(), seen)
	}
}
