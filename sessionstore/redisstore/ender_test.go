package redisstore_test

import (
	"errors"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

const subject = "wx1 oOpenID"

// signIn saves a session of subject, with a MaxAge in seconds, and returns its cookie.
func signIn(t *testing.T, store *redisstore.Store, began time.Time, maxAge int) (cookie string, err error) {
	t.Helper()
	session, err := store.New(request(t, ""), name)
	require.NoError(t, err)
	session.Values["s"] = []byte("somebody")
	session.Options.MaxAge = maxAge
	w := httptest.NewRecorder()
	r := request(t, "")
	r = r.WithContext(sessionstore.WithLogin(r.Context(), sessionstore.Login{Subject: subject, Began: began}))
	if err := store.Save(r, w, session); err != nil {
		return "", err
	}
	return w.Result().Cookies()[0].Value, nil
}

func mustSignIn(t *testing.T, store *redisstore.Store, maxAge int) string {
	t.Helper()
	for {
		cookie, err := signIn(t, store, time.Now(), maxAge)
		if errors.Is(err, sessionstore.ErrEnded) {
			continue // EndAll was no longer ago than Redis took to answer
		}
		require.NoError(t, err)
		return cookie
	}
}

func endAll(t *testing.T, store *redisstore.Store) {
	t.Helper()
	require.NoError(t, store.EndAll(t.Context(), subject), "EndAll")
}

// The list of a user's sessions holds those that live, tells nobody who the user is, and is gone with
// the last of them.
func TestListOfSessions(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Prefix: "shop:"})
	list := func() (key string) {
		for _, key = range server.Keys() {
			if strings.HasPrefix(key, "shop:u:") {
				return key
			}
		}
		return ""
	}
	length := func() string { return server.Do("ZCARD", list()) }
	brief := mustSignIn(t, store, 1)
	if shown := server.Do("KEYS", "*") + server.Do("ZRANGE", list(), "0", "-1"); strings.Contains(shown, "oOpenID") || strings.Contains(shown, brief) {
		t.Errorf("Redis shows %q", shown)
	}
	server.Eventually("the list ends with its only session", func() bool { return list() == "" })

	mustSignIn(t, store, 1)
	long := mustSignIn(t, store, 1000)
	server.Eventually("a session ends by itself", func() bool { return len(server.Keys()) == 2 })
	last := mustSignIn(t, store, 1000)
	require.Equal(t, "2", length(), "one has ended")
	if ttl, _ := strconv.Atoi(server.Do("TTL", list())); ttl < 990 || ttl > 1000 {
		t.Errorf("the list lives %d s longer, want as long as the sessions", ttl)
	}
	end(t, store, long)
	require.Equal(t, "1", length(), "after a logout")
	end(t, store, last)
	require.Empty(t, server.Keys(), "after the last logout")

	endAll(t, store)
	keys := server.Keys()
	require.Len(t, keys, 1, "a mark")
	if ttl, _ := strconv.Atoi(server.Do("PTTL", keys[0])); ttl < 1 || ttl > 60_000 {
		t.Errorf("the mark lives %d ms, want a minute", ttl)
	}
}

// Whoever logs in for ever has a thousand sessions. Those that end first make room, but not the one
// that has just begun.
func TestSessionsOfOneUserAreBounded(t *testing.T) {
	server, store := fresh(t)
	oldest, next := mustSignIn(t, store, 2000), mustSignIn(t, store, 2500)
	for range 998 {
		mustSignIn(t, store, 3000)
	}
	require.True(t, alive(t, store, oldest), "a session has ended early")
	require.True(t, alive(t, store, next), "a session has ended early")
	brief := mustSignIn(t, store, 1000)
	server.Eventually("the store hears that the oldest made room", func() bool { return !alive(t, store, oldest) })
	if !alive(t, store, next) || !alive(t, store, brief) {
		t.Errorf("after one more alive: %t %t, want both", alive(t, store, next), alive(t, store, brief))
	}
	last := mustSignIn(t, store, 3000)
	server.Eventually("the store hears that the brief one made room", func() bool { return !alive(t, store, brief) })
	if !alive(t, store, next) || !alive(t, store, last) {
		t.Errorf("after another alive: %t %t, want both", alive(t, store, next), alive(t, store, last))
	}
	require.Len(t, server.Keys(), 1001, "those of a thousand sessions and their list")
}

func TestEndAllReachesOtherReplicas(t *testing.T) {
	server := redistest.Start(t)
	here, there := newStore(t, server.Addr, redisstore.Config{}), newStore(t, server.Addr, redisstore.Config{})
	cookies := []string{mustSignIn(t, here, 100), mustSignIn(t, there, 100)}
	for _, cookie := range cookies {
		wantValue(t, here, cookie, "somebody")
		wantValue(t, there, cookie, "somebody")
	}
	endAll(t, here)
	for _, cookie := range cookies {
		wantValue(t, here, cookie, "")
		server.Eventually("the end reaches the other replica", func() bool { return valueOf(t, there, cookie) == "" })
	}
}

// A user who logs in all the time, here between any two commands of EndAll, does not escape it.
func TestEndAllOfAUserWhoLogsIn(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	store, far := newStore(t, server.Addr, redisstore.Config{}), newStore(t, proxy.Addr, redisstore.Config{})
	earlier := mustSignIn(t, far, 100)
	proxy.Delay(10 * time.Millisecond)
	var user sync.WaitGroup
	var over atomic.Bool
	user.Go(func() {
		for !over.Load() {
			_, _ = signIn(t, store, time.Now(), 100)
		}
	})
	server.Eventually("the user logs in", func() bool { return len(server.Keys()) > 10 })
	err := far.EndAll(t.Context(), subject)
	over.Store(true)
	user.Wait()
	require.NoError(t, err, "EndAll")
	server.Eventually("what was before is ended", func() bool { return !alive(t, store, earlier) })
}

// A caller that never heard that EndAll has taken effect calls again.
func TestRepeatOfEndAll(t *testing.T) {
	server, store := fresh(t)
	server.Do("ACL", "SETUSER", "default", "-zrem") // the last command fails
	wantOutage(t, "EndAll", store.EndAll(t.Context(), subject))
	server.Do("ACL", "SETUSER", "default", "+zrem")
	after := mustSignIn(t, store, 100)
	endAll(t, store)
	wantValue(t, store, after, "somebody") // the repeat ends nothing that began after the first call
	endAll(t, store)
	wantValue(t, store, after, "")
}

// A login began before EndAll, also if its Save is so long on its way that Redis sees it young.
func TestSlowSave(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	store, far := newStore(t, server.Addr, redisstore.Config{}), newStore(t, proxy.Addr, redisstore.Config{Timeout: 5 * time.Second})
	mustSignIn(t, far, 100)
	proxy.Delay(300 * time.Millisecond)
	saved := make(chan error)
	began := time.Now()
	go func() {
		_, err := signIn(t, far, began, 100)
		saved <- err
	}()
	endAll(t, store)
	require.ErrorIs(t, <-saved, sessionstore.ErrEnded)
	proxy.Delay(0)
	server.Eventually("nothing of it is left", func() bool { return len(server.Keys()) == 1 })
}

func TestCommandsOfEndAll(t *testing.T) {
	server, store := fresh(t)
	for range 2 {
		mustSignIn(t, store, 100)
		endAll(t, store)
		mustSignIn(t, store, 100)
	}
	server.Forget()
	mustSignIn(t, store, 100)
	want := map[string]int{"EVALSHA": 1, "TIME": 1, "ZREMRANGEBYSCORE": 1, "ZSCORE": 1, "SET": 1, "ZADD": 1, "PTTL": 1, "ZCARD": 1}
	got := server.Commands()
	delete(got, "PEXPIREAT") // if it is a millisecond later
	require.Equal(t, want, got, "a login costs one script")
}
