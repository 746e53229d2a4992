package redisstore_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/sessionstore/storetest"
)

// Old and managed servers are played by this one, without the commands that they lack. `make redis`
// runs this with the servers themselves.
func TestContract(t *testing.T) {
	without := func(command string) []string { return []string{"--rename-command", command, ""} }
	for _, tt := range []struct {
		name  string
		plain bool // the settings for servers that cannot track what clients have read
		args  []string
	}{
		{"tracking", false, nil},
		{"plain", true, nil},
		{"plain, on a server like Redis 5, which knows no HELLO", true, without("HELLO")},
		{"plain, behind a proxy that refuses CLIENT", true, without("CLIENT")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := redistest.Start(t, tt.args...)
			connect := func(t *testing.T, addr string) rueidis.Client {
				t.Helper()
				return newClient(t, addr, func(o *rueidis.ClientOption) { o.DisableCache = tt.plain })
			}
			gone := redistest.Prepare(t)
			broken := func(t *testing.T) sessions.Store {
				t.Helper()
				return storeOn(t, connect(t, gone.Addr), redisstore.Config{
					Keys: [][]byte{key(1)}, NoTracking: tt.plain, Timeout: 50 * time.Millisecond,
				})
			}
			contract(t, server, connect, broken, tt.plain)
		})
	}
}

// A cluster refuses commands and scripts whose keys are not in one slot, also if it has one node.
func TestCluster(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	slots := []string{"CLUSTER", "ADDSLOTS"}
	for slot := range 16384 {
		slots = append(slots, strconv.Itoa(slot))
	}
	server.Do(slots...)
	server.Eventually("the cluster is up", func() bool {
		return strings.Contains(server.Do("CLUSTER", "INFO"), "cluster_state:ok")
	})
	contract(t, server, func(t *testing.T, addr string) rueidis.Client {
		t.Helper()
		client := newClient(t, addr, func(o *rueidis.ClientOption) { o.ForceSingleClient = false })
		require.Equal(t, rueidis.ClientModeCluster, client.Mode())
		return client
	}, nil, false)
}

// contract runs all that this library keeps in Redis, and looks at the commands that this took.
func contract(t *testing.T, server *redistest.Server, connect func(*testing.T, string) rueidis.Client,
	broken func(*testing.T) sessions.Store, plain bool,
) {
	t.Helper()
	sent := server.Watch()
	store := func(t *testing.T, keys ...[]byte) *redisstore.Store {
		t.Helper()
		return storeOn(t, connect(t, server.Addr), redisstore.Config{Keys: keys, NoTracking: plain})
	}
	empty := func(t *testing.T) *redisstore.Store {
		t.Helper()
		server.Do("FLUSHALL")
		return store(t, key(1))
	}
	session := func(t *testing.T) sessions.Store { t.Helper(); return empty(t) }
	storetest.Suite{New: session, Broken: broken}.Run(t)
	storetest.RunEnder(t, session)
	storetest.RunOutcomes(t, func(t *testing.T) sessionstore.Outcomes { t.Helper(); return empty(t) })

	t.Run("a record is sealed anew", func(t *testing.T) {
		cookie := begin(t, store(t, key(1)), "somebody")
		valueOf(t, store(t, key(2), key(1)), cookie)
		wantValue(t, store(t, key(2)), cookie, "somebody")
	})
	t.Run("pushed messages", func(t *testing.T) {
		seen, err := redisstore.NewSeen(connect(t, server.Addr), redisstore.SeenConfig{})
		require.NoError(t, err)
		for range 2 {
			if reserved, _, err := seen.Reserve(t.Context(), "k", time.Minute); !reserved || err != nil {
				t.Errorf("Reserve = %t, %v", reserved, err)
			}
			require.NoError(t, seen.Extend(t.Context(), "k", time.Hour))
			require.NoError(t, seen.Release(t.Context(), "k"))
		}
		require.NoError(t, seen.Done(t.Context(), "k", time.Minute))
		if _, done, err := seen.Reserve(t.Context(), "k", time.Minute); !done || err != nil {
			t.Errorf("Reserve = %t, %v after Done", done, err)
		}
	})
	t.Run("the app's tokens", func(t *testing.T) {
		cache := rediscache.New(connect(t, server.Addr), "wx:")
		for range 2 {
			release, ok, err := cache.Lease(t.Context(), "k", time.Minute)
			if !ok || err != nil {
				t.Fatalf("Lease = %t, %v", ok, err)
			}
			release()
		}
		require.NoError(t, cache.Set(t.Context(), "k", "v", time.Minute))
		if value, ok, err := cache.Get(t.Context(), "k"); value != "v" || !ok || err != nil {
			t.Errorf("Get = %q, %t, %v", value, ok, err)
		}
	})

	for _, command := range sent() {
		if !slices.ContainsFunc(redis5, func(shape string) bool { return fits(command, shape) }) {
			t.Errorf("Redis 5 may not know %q", command)
		}
	}
}

// redis5 are the commands that the library sends, and its scripts use, as Redis 5 knows them: a dot is
// one key or value, three are any number. The client greets with HELLO and CLIENT, and asks for tracking
// with CLIENT, MULTI, PTTL and EXEC.
var redis5 = []string{
	"HELLO ...", "CLIENT ...", "PING", "MULTI", "EXEC", "CLUSTER SLOTS", "CLUSTER SHARDS",
	"GET .", "STRLEN .", "SET . . PX .", "SET . . NX PX .", "DEL .", "PTTL .", "PEXPIRE . .", "PEXPIREAT . .",
	"EVAL ...", "EVALSHA ...", "TIME",
	"ZADD . . .", "ZREM . .", "ZCARD .", "ZSCORE . .", "ZRANGE . 0 -1", "ZREMRANGEBYSCORE . -inf .",
	"FLUSHALL", // the test's own
}

// fits reports whether a command has the shape.
func fits(command []string, shape string) bool {
	words := strings.Fields(shape)
	if last := len(words) - 1; words[last] == "..." {
		words = words[:last]
		command = command[:min(last, len(command))]
	}
	return slices.EqualFunc(command, words, func(arg, word string) bool {
		return word == "." || strings.EqualFold(arg, word)
	})
}
