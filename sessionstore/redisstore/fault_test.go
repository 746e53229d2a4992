package redisstore_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// wantOutage checks that err says that Redis failed, and that it names no visitor anonymous.
func wantOutage(t *testing.T, what string, err error) {
	t.Helper()
	if _, ok := errors.AsType[*redisstore.Error](err); !ok || sessionstore.Anonymous(err) {
		t.Errorf("%s: %v; want an *Error that means an outage", what, err)
	}
}

// wantNoRead checks that a session cannot be read, and that what New returned cannot be saved.
func wantNoRead(t *testing.T, store *redisstore.Store, cookie string) {
	t.Helper()
	session, err := store.New(request(t, cookie), name)
	wantOutage(t, "New", err)
	if !session.IsNew || len(session.Values) > 0 {
		t.Errorf("New returned %v, IsNew %t", session.Values, session.IsNew)
	}
	w := httptest.NewRecorder()
	wantOutage(t, "Save of what was not read", store.Save(request(t, cookie), w, session))
	session.Options.MaxAge = -1
	wantOutage(t, "logout of what was not read", store.Save(request(t, cookie), w, session))
	require.Empty(t, w.Header())
}

// wantNoWrite checks that nothing can be saved, and that no cookie says it was.
func wantNoWrite(t *testing.T, store *redisstore.Store) {
	t.Helper()
	session, _ := store.New(request(t, ""), name)
	w := httptest.NewRecorder()
	wantOutage(t, "Save", store.Save(request(t, ""), w, session))
	require.Empty(t, w.Header())
	_, err := store.Reserve(t.Context(), "state", time.Minute)
	wantOutage(t, "Reserve", err)
	wantOutage(t, "SetOutcome", store.SetOutcome(t.Context(), "state", []byte("done"), time.Minute))
	wantOutage(t, "release", store.SetOutcome(t.Context(), "state", nil, time.Minute))
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name          string
		spoil         func(*redistest.Server, *redistest.Proxy)
		mend          func(*redistest.Server, *redistest.Proxy)
		reads, writes bool // what still works
	}{
		{
			name:  "killed",
			spoil: func(s *redistest.Server, _ *redistest.Proxy) { s.Kill() },
			mend:  func(s *redistest.Server, _ *redistest.Proxy) { s.Restart() },
		},
		{
			name:  "frozen",
			spoil: func(s *redistest.Server, _ *redistest.Proxy) { s.Pause() },
			mend:  func(s *redistest.Server, _ *redistest.Proxy) { s.Resume() },
		},
		{
			name:  "too slow",
			spoil: func(_ *redistest.Server, p *redistest.Proxy) { p.Delay(time.Minute) },
			mend:  func(_ *redistest.Server, p *redistest.Proxy) { p.Delay(0); p.Reset() },
		},
		{
			name:  "answers garbage",
			spoil: func(_ *redistest.Server, p *redistest.Proxy) { p.Answer("HTTP/1.1 400 Bad Request\r\n\r\n") },
			mend:  func(_ *redistest.Server, p *redistest.Proxy) { p.Answer("") },
		},
		{
			name: "still loading its data",
			spoil: func(s *redistest.Server, _ *redistest.Proxy) {
				for i := range 200 {
					s.Do("SET", strconv.Itoa(i), "v")
				}
				s.Launch("--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1")
			},
			mend: func(s *redistest.Server, _ *redistest.Proxy) { s.Restart("--key-load-delay", "0") },
		},
		{
			name:  "a password was set",
			spoil: func(s *redistest.Server, _ *redistest.Proxy) { s.Restart("--requirepass", "x") },
			mend:  func(s *redistest.Server, _ *redistest.Proxy) { s.Restart("--requirepass", "") },
		},
		{
			name: "a permission was taken",
			spoil: func(s *redistest.Server, _ *redistest.Proxy) {
				s.Do("ACL", "SETUSER", "default", "-get", "-set", "-del")
			},
			mend: func(s *redistest.Server, _ *redistest.Proxy) { s.Do("ACL", "SETUSER", "default", "+@all") },
		},
		{
			name: "a replica without its master", reads: true,
			spoil: func(s *redistest.Server, _ *redistest.Proxy) { s.Do("REPLICAOF", "127.0.0.1", "1") },
			mend:  func(s *redistest.Server, _ *redistest.Proxy) { s.Do("REPLICAOF", "NO", "ONE") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := redistest.Start(t)
			proxy := redistest.NewProxy(t, server.Addr)
			store := newStore(t, proxy.Addr, redisstore.Config{Timeout: 250 * time.Millisecond})
			cookie := begin(t, store, "somebody")

			tt.spoil(server, proxy)
			start := time.Now()
			if !tt.reads {
				wantNoRead(t, store, cookie)
			} else {
				wantValue(t, store, cookie, "somebody")
			}
			wantNoWrite(t, store)
			require.LessOrEqual(t, time.Since(start), 5*time.Second)

			tt.mend(server, proxy)
			server.Eventually("the session is back", func() bool { return alive(t, store, cookie) })
			server.Eventually("sessions can be saved again", func() bool { return saves(t, store) })
		})
	}
}

func TestDownAtStart(t *testing.T) {
	server := redistest.Prepare(t)
	store := newStore(t, server.Addr, redisstore.Config{Timeout: 100 * time.Millisecond})
	wantNoRead(t, store, strings.Repeat("A", 43))
	server.Restart()
	server.Eventually("the store works", func() bool { return saves(t, store) })
}

func TestFullMemory(t *testing.T) {
	server, store := fresh(t)
	cookie := begin(t, store, "somebody")
	server.Do("CONFIG", "SET", "maxmemory", "1")
	session, _ := store.New(request(t, ""), name)
	wantOutage(t, "Save", store.Save(request(t, ""), httptest.NewRecorder(), session))
	wantValue(t, store, cookie, "somebody")
	end(t, store, cookie) // what frees memory goes on
}

func TestLostRecords(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(*redistest.Server)
	}{
		{"evicted", func(s *redistest.Server) {
			s.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
			s.Do("CONFIG", "SET", "maxmemory", "1")
			s.Do("SET", "x", "y")
		}},
		{"FLUSHALL", func(s *redistest.Server) { s.Do("FLUSHALL") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, store := fresh(t)
			cookie := begin(t, store, "somebody")
			wantValue(t, store, cookie, "somebody")
			tt.lose(server)
			var err error
			server.Eventually("the loss is noticed", func() bool {
				session, newErr := store.New(request(t, cookie), name)
				err = newErr
				return session.IsNew && session.ID == "" && len(session.Values) == 0
			})
			require.ErrorIs(t, err, sessionstore.ErrNotFound)
		})
	}
}

// What Redis does not hold as it was written is a fault of Redis: its owner is not taken for nobody.
func TestGarbledRecords(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{NoTracking: true})
	cookie := begin(t, store, "somebody")
	key := server.Keys()[0]
	size, _ := strconv.Atoi(server.Do("STRLEN", key))
	server.Do("COPY", key, "backup")
	for _, tt := range []struct {
		name  string
		spoil []string
	}{
		{"not our record", []string{"SET", key, "rubbish"}},
		{"a long one that is not ours", []string{"SET", key, strings.Repeat("rubbish", 100)}},
		{"an empty record", []string{"SET", key, ""}},
		{"changed at the start", []string{"SETRANGE", key, "0", "AAA"}},
		{"changed in the middle", []string{"SETRANGE", key, "30", "AAA"}},
		{"changed at the end", []string{"SETRANGE", key, strconv.Itoa(size - 3), "AAA"}},
		{"extended", []string{"APPEND", key, "A"}},
		{"cut", []string{"EVAL", "return redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, -2))", "1", key}},
		{"cut at the start", []string{"EVAL", "return redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 2))", "1", key}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server.Do(tt.spoil...)
			wantNoRead(t, store, cookie)
			server.Do("COPY", "backup", key, "REPLACE")
			wantValue(t, store, cookie, "somebody")
		})
	}
}

func TestWrongType(t *testing.T) {
	server := redistest.Start(t)
	for _, noTracking := range []bool{false, true} {
		server.Do("FLUSHALL")
		store := newStore(t, server.Addr, redisstore.Config{NoTracking: noTracking})
		cookie := begin(t, store, "somebody")
		key := server.Keys()[0]
		server.Do("DEL", key)
		server.Do("LPUSH", key, "x")
		wantNoRead(t, store, cookie)
	}
}

// A connection that breaks within an answer must neither mix up answers nor lose a login.
func TestResetWithinAnAnswer(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	store := newStore(t, proxy.Addr, redisstore.Config{})
	for cut := range 24 {
		cookie := begin(t, store, "somebody")
		proxy.CutAfter(cut)
		wantValue(t, store, cookie, "somebody")
		proxy.CutAfter(cut)
		wantValue(t, store, begin(t, store, "another"), "another")
	}
}

// A first visit waits for two answers, one to connect and one of its own, which is more than a
// slow server has time for. Later visits must succeed all the same.
func TestSlowServerIsUsable(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	proxy.Delay(200 * time.Millisecond)
	store := newStore(t, proxy.Addr, redisstore.Config{NoTracking: true, Timeout: 390 * time.Millisecond})
	server.Eventually("a session can be saved and read", func() bool {
		session, _ := store.New(request(t, ""), name)
		if store.Save(request(t, ""), httptest.NewRecorder(), session) != nil {
			return false
		}
		again, err := store.New(request(t, session.ID), name)
		return err == nil && !again.IsNew
	})
}

func dialUnix(ctx context.Context, path string, dialer *net.Dialer, _ *tls.Config) (net.Conn, error) {
	return dialer.DialContext(ctx, "unix", path)
}

// A visitor's session must not be lost to a missing socket, which looks like a missing file.
func TestMissingSocketIsAnOutage(t *testing.T) {
	client := newClient(t, filepath.Join(t.TempDir(), "redis.sock"), func(o *rueidis.ClientOption) { o.DialCtxFn = dialUnix })
	store := storeOn(t, client, redisstore.Config{Keys: [][]byte{key(1)}, Timeout: 50 * time.Millisecond})
	wantNoRead(t, store, strings.Repeat("A", 43))
}

// A server that does not know a command quotes it, and AUTH has the password.
func TestServersThatQuote(t *testing.T) {
	client := newClient(t, redistest.Quoting(t), func(o *rueidis.ClientOption) { o.Password, o.DisableCache = "a password", true })
	store := storeOn(t, client, redisstore.Config{Keys: [][]byte{key(1)}, NoTracking: true})
	_, err := store.Reserve(t.Context(), "state", time.Minute)
	wantOutage(t, "Reserve", err)
	if text := err.Error(); !strings.Contains(text, "unknown command") || strings.Contains(text, "password") {
		t.Errorf("the error is %s", text)
	}
}

// Many visitors at once meet a server that hangs: each must have an answer in about the timeout.
func TestManyWaitForAFrozenServer(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Timeout: 200 * time.Millisecond})
	cookies := make([]string, 200)
	for i := range cookies {
		cookies[i] = begin(t, store, "somebody")
	}
	server.Pause()
	start := time.Now()
	webtest.AtOnce(len(cookies), func(i int) {
		_, err := store.New(request(t, cookies[i]), name)
		wantOutage(t, "New", err)
	})
	took := time.Since(start)
	server.Resume()
	require.LessOrEqual(t, took, time.Second, len(cookies))
	for _, cookie := range cookies {
		server.Eventually("nobody was logged out", func() bool { return alive(t, store, cookie) })
	}
}

// While one visitor's request connects to a slow server the others wait for that connection. Their
// time runs meanwhile, so that none is left for the answer.
func TestWaitingToConnectCounts(t *testing.T) {
	server := redistest.Prepare(t)
	proxy := redistest.NewProxy(t, server.Addr)
	store := newStore(t, proxy.Addr, redisstore.Config{Timeout: time.Second})
	server.Restart()
	proxy.Delay(900 * time.Millisecond) // to connect, and again for the answer
	webtest.AtOnce(10, func(int) {
		_, err := store.New(request(t, strings.Repeat("A", 43)), name)
		wantOutage(t, "New", err)
	})
}

// Redis carries out what it was sent before it hung. A reservation of which nobody knows must not
// keep its owner's next attempt waiting.
func TestReservationDuringAFreeze(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Timeout: 250 * time.Millisecond})
	reserve(t, store, "warm", time.Minute)
	server.Pause()
	_, err := store.Reserve(t.Context(), "state", time.Minute)
	wantOutage(t, "Reserve", err)
	server.Resume()
	server.Eventually("the next attempt gets it", func() bool {
		ok, err := store.Reserve(t.Context(), "state", time.Minute)
		return ok && err == nil
	})
	if ok, err := store.Reserve(t.Context(), "warm", time.Minute); ok || err != nil {
		t.Errorf("a reservation of before the freeze is given again: %t, %v", ok, err)
	}
}

// What was read lately needs no Redis, so a short freeze goes unnoticed by those who are active.
func TestHotSessionsOutlastAFreeze(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Timeout: 250 * time.Millisecond})
	hot, cold := begin(t, store, "somebody"), begin(t, store, "somebody else")
	valueOf(t, store, hot)
	server.Pause()
	defer server.Resume()
	_, err := store.New(request(t, cold), name)
	wantOutage(t, "New", err)
	wantValue(t, store, hot, "somebody")
	_, err = store.New(request(t, cold), name)
	wantOutage(t, "New after a hot read", err)
}
