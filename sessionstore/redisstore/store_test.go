package redisstore_test

import (
	"bytes"
	"errors"
	"maps"
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
	if client == nil {
		t.Fatal("no client")
	}
	t.Cleanup(client.Close)
	return client
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
	if !sessionstore.Anonymous(err) {
		t.Fatalf("New: %v", err)
	}
	value, _ := session.Values["s"].([]byte)
	return string(value)
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
	if err != nil || *session.Options != want {
		t.Errorf("options = %+v, %v; want %+v", *session.Options, err, want)
	}
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
			if ok, err := plain.Reserve(t.Context(), "state", time.Minute); !ok || err != nil {
				t.Error(ok, err)
			}
			if err := plain.Renew(t.Context(), session); err != nil {
				t.Error(err)
			}
			if err := plain.Save(request(t, cookie), httptest.NewRecorder(), session); err != nil {
				t.Error(err)
			}
			if err := plain.SetOutcome(t.Context(), "state", []byte("done"), time.Minute); err != nil {
				t.Error(err)
			}
		}, map[string]int{"GET": 1, "SET": 3, "ZREM": 1, "DEL": 1}},
	} {
		server.Forget()
		tt.do()
		if got := server.Commands(); !maps.Equal(got, tt.want) {
			t.Errorf("%s costs %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRedisHoldsNoSecret(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{Prefix: "shop:"})
	cookie := begin(t, store, "a-refresh-token")
	if _, err := store.Reserve(t.Context(), "wx1state", time.Minute); err != nil {
		t.Fatal(err)
	}
	keys := server.Keys()
	if len(keys) != 2 {
		t.Fatalf("keys = %q, want two", keys)
	}
	for _, key := range keys {
		shown := key + server.Do("GET", key)
		if !strings.HasPrefix(key, "shop:") || strings.Contains(shown, cookie) || strings.Contains(shown, "a-refresh") || strings.Contains(shown, "wx1state") {
			t.Errorf("Redis shows %q", shown)
		}
		if ttl := server.Do("TTL", key); strings.HasPrefix(ttl, "-") {
			t.Errorf("%s never ends: TTL %s", key, ttl)
		}
	}
}

func TestLogoutReachesOtherReplicas(t *testing.T) {
	server := redistest.Start(t)
	here, there := newStore(t, server.Addr, redisstore.Config{}), newStore(t, server.Addr, redisstore.Config{})
	cookie := begin(t, here, "somebody")
	if valueOf(t, there, cookie) != "somebody" {
		t.Fatal("the other replica does not know the session")
	}
	end(t, here, cookie)
	if valueOf(t, here, cookie) != "" {
		t.Error("the replica of the logout still has the session")
	}
	server.Eventually("the logout reaches the other replica", func() bool { return valueOf(t, there, cookie) == "" })
}

func TestUpdatesAreSeenAtOnceHere(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
	cookie := begin(t, store, "")
	for i := range 500 {
		session, err := store.New(request(t, cookie), name)
		require.NoError(t, err)
		value := strings.Repeat("v", i+1)
		session.Values["s"] = []byte(value)
		require.NoError(t, store.Save(request(t, cookie), httptest.NewRecorder(), session))
		if got := valueOf(t, store, cookie); got != value {
			t.Fatalf("update %d: the session holds %d bytes, want %d", i, len(got), len(value))
		}
	}
}

func TestLifeIsNeverExtended(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
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
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
	cookie := begin(t, store, "somebody")
	session, err := store.New(request(t, cookie), name)
	require.NoError(t, err)
	end(t, newStore(t, server.Addr, redisstore.Config{}), cookie)
	w := httptest.NewRecorder()
	if err := store.Save(request(t, cookie), w, session); err == nil || !sessionstore.Anonymous(err) || len(w.Header()) > 0 {
		t.Errorf("Save = %v and sets %v; want ErrNotFound and no cookie", err, w.Header())
	}
	if keys := server.Keys(); len(keys) > 0 {
		t.Errorf("the session is back: %q", keys)
	}
}

func TestRenew(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
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
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
	planted := strings.Repeat("A", 43) // well-formed, never given out
	session, err := store.New(request(t, planted), name)
	if !errors.Is(err, sessionstore.ErrNotFound) {
		t.Fatalf("New = %v, want ErrNotFound", err)
	}
	if err := store.Save(request(t, planted), httptest.NewRecorder(), session); err != nil || session.ID == planted {
		t.Errorf("Save = %v and the id is %q", err, session.ID)
	}

	session.ID = planted // as a store would do that keeps what the client sent
	if err := store.Save(request(t, planted), httptest.NewRecorder(), session); !errors.Is(err, sessionstore.ErrNotFound) {
		t.Errorf("Save under a planted id = %v, want ErrNotFound", err)
	}
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
	if got := valueOf(t, store, mine); got != "" {
		t.Errorf("with the record of another session mine holds %q", got)
	}
	if got := valueOf(t, store, theirs); got != "somebody else" {
		t.Errorf("the other session holds %q", got)
	}
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
			if got := valueOf(t, store, active); got != "active" {
				t.Errorf("during the deploys the session holds %q", got)
			}
		}
		if ttl := server.Do("TTL", server.Keys()[0]); !strings.HasPrefix(ttl, "2591") && ttl != "2592000" {
			t.Errorf("a new seal changed the life of a session: TTL %s", ttl)
		}
		last := deploy(key(2))
		if got := valueOf(t, last, active); got != "active" {
			t.Errorf("without the old key the session holds %q", got)
		}
		if got := valueOf(t, last, absent); got != "" {
			t.Errorf("a session sealed with a key that is gone holds %q", got)
		}
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
			if got := valueOf(t, store, cookie); got != "somebody" {
				t.Fatalf("the session holds %q", got)
			}
		}
	}
	if n := server.Commands()["SET"]; n != 2 {
		t.Errorf("a login and ten visits cost %d writes, want 2", n)
	}
}

func TestOutcomesEndWithTheirTTL(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
	const soon = 20 * time.Millisecond
	if ok, err := store.Reserve(t.Context(), "reserved", soon); !ok || err != nil {
		t.Fatal(ok, err)
	}
	require.NoError(t, store.SetOutcome(t.Context(), "decided", []byte("done"), soon))
	for _, key := range []string{"reserved", "decided"} {
		server.Eventually(key+" ends", func() bool {
			_, held, err := store.Outcome(t.Context(), key)
			return err == nil && !held
		})
	}
}

func TestManyReadersOfOneSession(t *testing.T) {
	server := redistest.Start(t)
	store := newStore(t, server.Addr, redisstore.Config{})
	cookie := begin(t, store, "somebody")
	server.Forget()
	webtest.AtOnce(50, func(int) {
		if session, err := store.New(request(t, cookie), name); err != nil || session.IsNew {
			t.Errorf("New: %v", err)
		}
	})
	if n := server.Commands()["GET"]; n != 1 {
		t.Errorf("50 readers at once cost %d GETs, want 1", n)
	}
}
