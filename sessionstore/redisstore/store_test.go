package redisstore_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

const name = "__Host-wx-a1b2c3"

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// newClient connects to a server that may be down.
func newClient(t *testing.T, addr string, change ...func(*rueidis.ClientOption)) rueidis.Client {
	t.Helper()
	options := rueidis.ClientOption{
		InitAddress: []string{addr}, ForceSingleClient: true, ConnWriteTimeout: time.Second,
		ReadBufferEachConn: 4096, WriteBufferEachConn: 4096,
	}
	for _, f := range change {
		f(&options)
	}
	client, _ := rueidis.NewClient(options)
	require.NotNil(t, client, "no client")
	t.Cleanup(client.Close)
	return client
}

// fresh is a Redis of its own and a store on it.
func fresh(t *testing.T) (*redistest.Server, *redisstore.Store) {
	t.Helper()
	server := redistest.Start(t)
	return server, newStore(t, server.Addr, redisstore.Config{})
}

// newStore is one replica: a store with a client of its own.
func newStore(t *testing.T, addr string, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.Keys == nil {
		cfg.Keys = [][]byte{key(1)}
	}
	return storeOn(t, newClient(t, addr), cfg)
}

func storeOn(t *testing.T, client rueidis.Client, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	store, err := redisstore.New(client, cfg)
	require.NoError(t, err)
	return store
}

func request(t *testing.T, cookie string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", name+"="+cookie)
	}
	return r
}

// begin signs somebody in and returns the value of the cookie.
func begin(t *testing.T, store *redisstore.Store, value string) string {
	t.Helper()
	session, err := store.New(request(t, ""), name)
	require.NoError(t, err)
	session.Values["s"] = []byte(value)
	w := httptest.NewRecorder()
	require.NoError(t, store.Save(request(t, ""), w, session))
	return w.Result().Cookies()[0].Value
}

// end signs the owner of a cookie out.
func end(t *testing.T, store *redisstore.Store, cookie string) {
	t.Helper()
	session, err := store.New(request(t, cookie), name)
	require.NoError(t, err)
	session.Options.MaxAge = -1
	require.NoError(t, store.Save(request(t, cookie), httptest.NewRecorder(), session))
}

// valueOf is what begin stored for the owner of a cookie; "" is nobody, without an error.
func valueOf(t *testing.T, store *redisstore.Store, cookie string) string {
	t.Helper()
	session, err := store.New(request(t, cookie), name)
	require.True(t, sessionstore.Anonymous(err), err)
	value, _ := session.Values["s"].([]byte)
	return string(value)
}

// wantValue wants the session of a cookie to hold this; "" is nobody's.
func wantValue(t *testing.T, store *redisstore.Store, cookie, want string) {
	t.Helper()
	require.Equal(t, want, valueOf(t, store, cookie))
}

// alive reports whether the session of a cookie can be read.
func alive(t *testing.T, store *redisstore.Store, cookie string) bool {
	t.Helper()
	session, err := store.New(request(t, cookie), name)
	return err == nil && !session.IsNew
}

// saves reports whether the store takes a new session.
func saves(t *testing.T, store *redisstore.Store) bool {
	t.Helper()
	session, _ := store.New(request(t, ""), name)
	return store.Save(request(t, ""), httptest.NewRecorder(), session) == nil
}

// reserve wants a reservation that nobody else holds.
func reserve(t *testing.T, store *redisstore.Store, key string, ttl time.Duration) {
	t.Helper()
	if ok, err := store.Reserve(t.Context(), key, ttl); !ok || err != nil {
		t.Fatalf("Reserve = %t, %v", ok, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	_, err := redisstore.New(nil, redisstore.Config{Keys: [][]byte{[]byte("sixteen-byte-key")}, Timeout: -1})
	for _, part := range []string{"client", "Config.Keys[0] is shorter", "Config.Timeout"} {
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "sixteen") {
			t.Errorf("New = %v; want it to name %q and show no key", err, part)
		}
	}
}

func TestDefaultOptionsAreSafe(t *testing.T) {
	store := newStore(t, redistest.Start(t).Addr, redisstore.Config{})
	session, err := store.New(request(t, ""), name)
	want := sessions.Options{Path: "/", MaxAge: 2592000, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	require.NoError(t, err)
	require.Equal(t, want, *session.Options)
}

func TestCommandsAreCounted(t *testing.T) {
	server := redistest.Start(t)
	cached := newStore(t, server.Addr, redisstore.Config{})
	plain := newStore(t, server.Addr, redisstore.Config{NoTracking: true})
	cookie := begin(t, cached, "somebody")
	for _, store := range []*redisstore.Store{cached, plain} {
		valueOf(t, store, cookie) // connected
	}
	end(t, plain, begin(t, plain, "another"))

	for _, tt := range []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"a hot session", func() {
			for range 100 {
				valueOf(t, cached, cookie)
			}
		}, map[string]int{}},
		{"a session without tracking", func() { valueOf(t, plain, cookie) }, map[string]int{"GET": 1}},
		{"cookies that cannot be ours", func() {
			for _, bad := range []string{"", "x", "*", strings.Repeat("A", 44), strings.Repeat("*", 43), strings.Repeat("A", 42) + "B", "wx:s:" + cookie[5:], cookie + "\r\nFLUSHALL"} {
				valueOf(t, cached, bad)
				valueOf(t, plain, bad)
			}
		}, map[string]int{}},
		{"a cold session", func() {
			valueOf(t, cached, begin(t, plain, "cold"))
		}, map[string]int{"SET": 1, "GET": 1, "CLIENT|CACHING": 1}},
		{"a login in place of an old session", func() {
			session, _ := plain.New(request(t, cookie), name)
			reserve(t, plain, "state", time.Minute)
			require.NoError(t, plain.Renew(t.Context(), session))
			require.NoError(t, plain.Save(request(t, cookie), httptest.NewRecorder(), session))
			require.NoError(t, plain.SetOutcome(t.Context(), "state", []byte("done"), time.Minute))
		}, map[string]int{"GET": 1, "SET": 3, "ZREM": 1, "DEL": 1}},
	} {
		server.Forget()
		tt.do()
		require.Equal(t, tt.want, server.Commands(), tt.name)
	}
}

func TestRedisHoldsNoSecret(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Prefix: "shop:"})
	cookie := begin(t, store, "a-refresh-token")
	reserve(t, store, "wx1state", time.Minute)
	keys := server.Keys()
	require.Len(t, keys, 2)
	for _, key := range keys {
		shown := key + server.Do("GET", key)
		if !strings.HasPrefix(key, "shop:") || strings.Contains(shown, cookie) || strings.Contains(shown, "a-refresh") || strings.Contains(shown, "wx1state") {
			t.Errorf("Redis shows %q", shown)
		}
		require.False(t, strings.HasPrefix(server.Do("TTL", key), "-"), key)
	}
}

func TestLogoutReachesOtherReplicas(t *testing.T) {
	server := redistest.Start(t)
	here, there := newStore(t, server.Addr, redisstore.Config{}), newStore(t, server.Addr, redisstore.Config{})
	cookie := begin(t, here, "somebody")
	wantValue(t, there, cookie, "somebody")
	end(t, here, cookie)
	wantValue(t, here, cookie, "")
	server.Eventually("the logout reaches the other replica", func() bool { return valueOf(t, there, cookie) == "" })
}

func TestUpdatesAreSeenAtOnceHere(t *testing.T) {
	_, store := fresh(t)
	cookie := begin(t, store, "")
	for i := range 500 {
		session, err := store.New(request(t, cookie), name)
		require.NoError(t, err)
		value := strings.Repeat("v", i+1)
		session.Values["s"] = []byte(value)
		require.NoError(t, store.Save(request(t, cookie), httptest.NewRecorder(), session))
		require.Equal(t, value, valueOf(t, store, cookie), len(value))
	}
}

func TestLifeIsNeverExtended(t *testing.T) {
	server, store := fresh(t)
	session, _ := store.New(request(t, ""), name)
	session.Options.MaxAge = 1000
	for range 2 {
		require.NoError(t, store.Save(request(t, ""), httptest.NewRecorder(), session))
		if ttl := server.Do("TTL", server.Keys()[0]); len(ttl) != len("999") && ttl != "1000" {
			t.Errorf("TTL = %s, want what is left of 1000", ttl)
		}
		session.Options.MaxAge = 100_000
	}
}

func TestSaveAfterLogoutElsewhere(t *testing.T) {
	server, store := fresh(t)
	cookie := begin(t, store, "somebody")
	session, err := store.New(request(t, cookie), name)
	require.NoError(t, err)
	end(t, newStore(t, server.Addr, redisstore.Config{}), cookie)
	w := httptest.NewRecorder()
	if err := store.Save(request(t, cookie), w, session); err == nil || !sessionstore.Anonymous(err) || len(w.Header()) > 0 {
		t.Errorf("Save = %v and sets %v; want ErrNotFound and no cookie", err, w.Header())
	}
	require.Empty(t, server.Keys(), "the session is back")
}

func TestRenew(t *testing.T) {
	_, store := fresh(t)
	before := begin(t, store, "visitor")
	session, err := store.New(request(t, before), name)
	require.NoError(t, err)
	require.NoError(t, store.Renew(t.Context(), session))
	require.NoError(t, store.Save(request(t, before), httptest.NewRecorder(), session))
	if session.ID == before || valueOf(t, store, before) != "" || valueOf(t, store, session.ID) != "visitor" {
		t.Errorf("after Renew the old id opens %q and the new one %q", valueOf(t, store, before), valueOf(t, store, session.ID))
	}
}

// Whoever does not reset the ID at a login is safe from planted cookies all the same.
func TestPlantedIDIsNotUsed(t *testing.T) {
	_, store := fresh(t)
	planted := strings.Repeat("A", 43) // well-formed, never given out
	session, err := store.New(request(t, planted), name)
	require.ErrorIs(t, err, sessionstore.ErrNotFound)
	if err := store.Save(request(t, planted), httptest.NewRecorder(), session); err != nil || session.ID == planted {
		t.Errorf("Save = %v and the id is %q", err, session.ID)
	}

	session.ID = planted // as a store would do that keeps what the client sent
	require.ErrorIs(t, store.Save(request(t, planted), httptest.NewRecorder(), session), sessionstore.ErrNotFound)
}

func TestRecordsCannotBeExchanged(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{NoTracking: true})
	mine := begin(t, store, "me")
	records := server.Keys()
	theirs := begin(t, store, "somebody else")
	for _, key := range server.Keys() {
		if key != records[0] {
			server.Do("COPY", key, records[0], "REPLACE")
		}
	}
	wantValue(t, store, mine, "")
	wantValue(t, store, theirs, "somebody else")
}

// Each deploy is a store of its own; whoever visits between the second and the third stays signed in.
func TestKeyRotation(t *testing.T) {
	for _, noTracking := range []bool{false, true} {
		server := redistest.Start(t)
		deploy := func(keys ...[]byte) *redisstore.Store {
			return newStore(t, server.Addr, redisstore.Config{Keys: keys, NoTracking: noTracking})
		}
		first := deploy(key(1))
		active, absent := begin(t, first, "active"), begin(t, first, "absent")
		old, next := deploy(key(1), key(2)), deploy(key(2), key(1))
		for _, store := range []*redisstore.Store{old, next, old, next} { // as the replicas are replaced one by one
			wantValue(t, store, active, "active")
		}
		if ttl := server.Do("TTL", server.Keys()[0]); !strings.HasPrefix(ttl, "2591") && ttl != "2592000" {
			t.Errorf("a new seal changed the life of a session: TTL %s", ttl)
		}
		last := deploy(key(2))
		wantValue(t, last, active, "active")
		wantValue(t, last, absent, "")
	}
}

// Replicas that disagree on the first key must not seal a record back and forth.
func TestNewSealIsWrittenOnce(t *testing.T) {
	server := redistest.Start(t)
	cookie := begin(t, newStore(t, server.Addr, redisstore.Config{}), "somebody")
	here := newStore(t, server.Addr, redisstore.Config{Keys: [][]byte{key(1), key(2)}})
	there := newStore(t, server.Addr, redisstore.Config{Keys: [][]byte{key(2), key(1)}})
	for range 5 {
		for _, store := range []*redisstore.Store{here, there} {
			wantValue(t, store, cookie, "somebody")
		}
	}
	require.Equal(t, 2, server.Commands()["SET"], "writes of a login and ten visits")
}

func TestOutcomesEndWithTheirTTL(t *testing.T) {
	server, store := fresh(t)
	const soon = 20 * time.Millisecond
	reserve(t, store, "reserved", soon)
	require.NoError(t, store.SetOutcome(t.Context(), "decided", []byte("done"), soon))
	for _, key := range []string{"reserved", "decided"} {
		server.Eventually(key+" ends", func() bool {
			_, held, err := store.Outcome(t.Context(), key)
			return err == nil && !held
		})
	}
}

func TestManyReadersOfOneSession(t *testing.T) {
	server, store := fresh(t)
	cookie := begin(t, store, "somebody")
	server.Forget()
	webtest.AtOnce(50, func(int) {
		if !alive(t, store, cookie) {
			t.Error("no session")
		}
	})
	require.Equal(t, 1, server.Commands()["GET"], "GETs of 50 readers at once")
}
