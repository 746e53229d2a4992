package sessionstore_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func newCookie(t *testing.T, keys ...[]byte) *sessionstore.CookieStore {
	t.Helper()
	s, err := sessionstore.NewCookie(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// save saves values under name and returns the cookie.
func save(t *testing.T, store sessions.Store, name string, values map[any]any) *http.Cookie {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	session, err := store.New(r, name)
	if err != nil {
		t.Fatal(err)
	}
	session.Values = values
	w := httptest.NewRecorder()
	if err := store.Save(r, w, session); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

// load opens a cookie with store.
func load(t *testing.T, store sessions.Store, cookie *http.Cookie) (*sessions.Session, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	return store.New(r, cookie.Name)
}

func TestCookieSize(t *testing.T) {
	const name = "__Host-wx-a1b2c3"
	payload := []byte(strings.Repeat("p", 500))
	cookie := save(t, newCookie(t, key(1)), name, map[any]any{"s": payload})
	if got := len(name) + 1 + len(cookie.Value); got != 772 {
		t.Errorf("a session of 500 bytes makes %d bytes of name=value, want 772", got)
	}
	session, err := load(t, newCookie(t, key(1)), cookie)
	if err != nil || session.IsNew || !bytes.Equal(session.Values["s"].([]byte), payload) {
		t.Errorf("load = %+v, %v", session, err)
	}
}
