package sessionstore_test

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore"
)

const name = "__Host-wx-a1b2c3"

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func newCookie(t *testing.T, keys ...[]byte) *sessionstore.CookieStore {
	t.Helper()
	s, err := sessionstore.NewCookie(keys...)
	require.NoError(t, err)
	return s
}

// save saves one value, for maxAge seconds, and returns the answer.
func save(t *testing.T, store *sessionstore.CookieStore, value string, maxAge int) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	session, err := store.New(r, name)
	require.NoError(t, err)
	session.Values["s"] = []byte(value)
	session.Options.MaxAge = maxAge
	w := httptest.NewRecorder()
	return w, store.Save(r, w, session)
}

// load opens the first cookie that an answer set.
func load(t *testing.T, store *sessionstore.CookieStore, w *httptest.ResponseRecorder) (*sessions.Session, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	cookie := w.Result().Cookies()[0]
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	return store.New(r, cookie.Name)
}

func TestCookieSize(t *testing.T) {
	for _, tt := range []struct{ payload, want int }{{1, 65}, {500, 731}, {800, 1131}, {3024, 4096}} {
		w, err := save(t, newCookie(t, key(1)), strings.Repeat("v", tt.payload), 60)
		require.NoError(t, err)
		cookie := w.Result().Cookies()[0]
		require.Equal(t, tt.want, len(cookie.Name+"="+cookie.Value), tt.payload)
	}
}

func TestSessionTooLargeForACookie(t *testing.T) {
	w, err := save(t, newCookie(t, key(1)), strings.Repeat("v", 3025), 60)
	if !errors.Is(err, sessionstore.ErrTooLarge) || len(w.Header()) > 0 {
		t.Errorf("Save = %v and sets %v; want ErrTooLarge and no cookie", err, w.Header())
	}
}

func TestKeyRotation(t *testing.T) {
	w, err := save(t, newCookie(t, key(1)), "v", 60)
	require.NoError(t, err)
	for _, tt := range []struct {
		name string
		keys [][]byte
		good bool
	}{
		{"the only key", [][]byte{key(1)}, true},
		{"the new key is there as well", [][]byte{key(1), key(2)}, true},
		{"the new key seals", [][]byte{key(2), key(1)}, true},
		{"the old key is gone", [][]byte{key(2)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			session, err := load(t, newCookie(t, tt.keys...), w)
			if session.IsNew == tt.good || (err == nil) != tt.good || !sessionstore.Anonymous(err) {
				t.Errorf("IsNew %t, error %v; want a good session: %t", session.IsNew, err, tt.good)
			}
		})
	}
}

func TestFirstKeySeals(t *testing.T) {
	w, err := save(t, newCookie(t, key(1), key(2)), "v", 60)
	require.NoError(t, err)
	if session, _ := load(t, newCookie(t, key(2)), w); !session.IsNew {
		t.Error("the second key sealed")
	}
}

func TestKeysAreCopied(t *testing.T) {
	mine := key(1)
	store := newCookie(t, mine)
	clear(mine)
	w, err := save(t, store, "v", 60)
	require.NoError(t, err)
	if session, err := load(t, newCookie(t, key(1)), w); session.IsNew {
		t.Errorf("the store seals with what its caller wrote over the key: %v", err)
	}
}

func TestDefaultOptionsAreSafe(t *testing.T) {
	session, _ := newCookie(t, key(1)).New(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), name)
	want := sessions.Options{Path: "/", MaxAge: 2592000, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	require.Equal(t, want, *session.Options)
	session.Options.Path = "/elsewhere"
	other, _ := newCookie(t, key(1)).New(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), name)
	require.Equal(t, "/", other.Options.Path, "a session changes the options of the next one")
}

func TestLifeInsideTheSeal(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name   string
		maxAge int
		life   time.Duration
	}{
		{"one second", 1, time.Second},
		{"a browser session", 0, 30 * day},
		{"a year, longer than securecookie's own 30 days", 365 * 86400, 365 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newCookie(t, key(1))
				w, err := save(t, store, "v", tt.maxAge)
				require.NoError(t, err)
				time.Sleep(tt.life - time.Millisecond)
				if session, err := load(t, store, w); session.IsNew {
					t.Errorf("gone before its time: %v", err)
				}
				time.Sleep(time.Millisecond)
				if session, err := load(t, store, w); !session.IsNew || !sessionstore.Anonymous(err) {
					t.Errorf("IsNew %t, error %v after its time", session.IsNew, err)
				}
			})
		})
	}
}

func TestEndlessMaxAge(t *testing.T) {
	w, err := save(t, newCookie(t, key(1)), "v", math.MaxInt)
	require.NoError(t, err)
	if session, err := load(t, newCookie(t, key(1)), w); session.IsNew {
		t.Errorf("a session that never ends has ended: %v", err)
	}
}

func TestSaveWithoutOptionsUsesTheStores(t *testing.T) {
	store := newCookie(t, key(1))
	session := sessions.NewSession(store, name)
	session.Options = nil
	w := httptest.NewRecorder()
	require.NoError(t, store.Save(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), w, session))
	if c := w.Result().Cookies()[0]; !c.Secure || !c.HttpOnly || c.MaxAge != 2592000 {
		t.Errorf("the cookie is %v", c)
	}
}

// What the session costs each request of a signed-in visitor.
func BenchmarkCookieStoreNew(b *testing.B) {
	store, err := sessionstore.NewCookie(key(1))
	require.NoError(b, err)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	session, _ := store.New(r, name)
	session.Values["s"] = bytes.Repeat([]byte("v"), 500)
	w := httptest.NewRecorder()
	require.NoError(b, store.Save(r, w, session))
	r.AddCookie(w.Result().Cookies()[0])
	b.ReportAllocs()
	for b.Loop() {
		if session, err := store.New(r, name); session.IsNew {
			b.Fatal(err)
		}
	}
}
