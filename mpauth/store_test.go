package mpauth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// The kinds of store that every session has to work with. revokes tells whether a logout is final.
var stores = []struct {
	name    string
	make    func(t *testing.T) sessions.Store
	revokes bool
}{
	{"the default", func(*testing.T) sessions.Store { return nil }, false},
	{"sealed cookies of the app's own", sealedCookies, false},
	{"gorilla's cookies", func(*testing.T) sessions.Store { return sessions.NewCookieStore(key(8), key(9)) }, false},
	{"gorilla's files", files, true},
	{"cookies in clear, of a store that we do not know", func(*testing.T) sessions.Store { return plain{sessions.NewCookieStore(key(8))} }, false},
}

func sealedCookies(t *testing.T) sessions.Store {
	t.Helper()
	s, err := sessionstore.NewCookie(key(9))
	require.NoError(t, err)
	return s
}

func files(t *testing.T) sessions.Store {
	t.Helper()
	return sessions.NewFilesystemStore(t.TempDir(), key(8))
}

// plain hides the type of a store.
type plain struct{ sessions.Store }

// with puts a store into a Config.
func with(s sessions.Store) func(*mpauth.Config) {
	return func(cfg *mpauth.Config) { cfg.Store = s }
}

// A faulty store fails as told, and counts.
type faulty struct {
	sessions.Store

	newErr, saveErr error
	opened, saved   atomic.Int32
}

func (f *faulty) New(r *http.Request, name string) (*sessions.Session, error) {
	f.opened.Add(1)
	if f.newErr != nil {
		s := sessions.NewSession(f, name) // as stores do: an empty session beside the error
		s.IsNew = true
		return s, f.newErr
	}
	return f.Store.New(r, name)
}

func (f *faulty) Save(r *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	f.saved.Add(1)
	if f.saveErr != nil {
		return f.saveErr
	}
	return f.Store.Save(r, w, s)
}

var errOutage = errors.New("connection refused")

// A store that cannot answer says nothing about the session: the token stays good.
func TestAnOutageIsNotALogout(t *testing.T) {
	store := &faulty{Store: files(t)}
	events := &recorder{}
	var log bytes.Buffer
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) {
		cfg.Store, cfg.Observer, cfg.Logger = store, events, slog.New(slog.NewTextHandler(&log, nil))
	})
	token := login(t, a)
	saved := store.saved.Load()

	store.newErr = errOutage
	_, w := admit(t, a, visit(t, token))
	wantDown(t, w)
	wantDown(t, serve(a.LogoutHandler(), post(t, "", token)))
	require.EqualValues(t, saved, store.saved.Load(), "records were written while the store could not be read")
	if _, w := admit(t, a, visit(t, "")); w.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d, the store is not asked", w.Code)
	}

	store.newErr = nil
	wantAdmitted(t, a, token)

	store.saveErr = errOutage
	wantDown(t, serve(a.LoginHandler(), post(t, loginBody, "")))
	wantDown(t, serve(a.LogoutHandler(), post(t, "", token)))

	events.want(t, "login_started mini", "login_finished mini",
		"store_down read", "store_down read",
		"login_started mini", "login_refused store_down", "store_down write",
		"store_down write")
	// Every client meets the outage, so the log is told of it once a minute.
	require.Equal(t, 1, strings.Count(log.String(), "level=ERROR"))
	require.Contains(t, log.String(), `msg="mpauth: session store down" appid=`+appID)
}

func wantRetryAfter(t *testing.T, w *httptest.ResponseRecorder, seconds string) {
	t.Helper()
	require.Equal(t, seconds, w.Header().Get("Retry-After"))
}

// A login stands even if the session before it cannot be ended.
func TestLoginStandsWhenTheEarlierSessionCannotBeRead(t *testing.T) {
	store := &faulty{Store: files(t)}
	a := newAuth(t, answering(goodLogin), with(store))
	token := login(t, a)
	store.newErr = errOutage
	wantStatus(t, serve(a.LoginHandler(), post(t, loginBody, token)), http.StatusOK)
}

// Some stores are no use for header tokens. That must show, and never as a session.
func TestUnusableStores(t *testing.T) {
	for _, tt := range []struct {
		name string
		save func(w http.ResponseWriter, name string)
	}{
		{"no cookie", func(http.ResponseWriter, string) {}},
		{"another cookie", func(w http.ResponseWriter, name string) {
			http.SetCookie(w, &http.Cookie{Name: name + "-0", Value: "x"})
		}},
		{"an empty cookie", func(w http.ResponseWriter, name string) { http.SetCookie(w, &http.Cookie{Name: name}) }},
		{"a value that a header would break", func(w http.ResponseWriter, name string) {
			w.Header().Add("Set-Cookie", name+`="a b"`)
		}},
		{"an endless value", func(w http.ResponseWriter, name string) {
			http.SetCookie(w, &http.Cookie{Name: name, Value: strings.Repeat("A", 64<<10)})
		}},
		{"a body and a status, which are not looked at", func(w http.ResponseWriter, _ string) {
			w.WriteHeader(http.StatusOK)
			w.Write([]byte("x"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuth(t, answering(goodLogin), with(odd{tt.save}))
			wantError(t, serve(a.LoginHandler(), post(t, loginBody, "")), http.StatusServiceUnavailable, "store_down")
			if _, w := admit(t, a, visit(t, "x")); w.Code != http.StatusUnauthorized {
				t.Errorf("a store without sessions admits: %d", w.Code)
			}
		})
	}
}

// A store says with IsNew that it knows no session, whatever else it hands back.
func TestANewSessionIsNobodys(t *testing.T) {
	store := files(t)
	token := login(t, newAuth(t, answering(goodLogin), with(store)))
	wantRefused(t, newAuth(t, answering(goodLogin), with(forgetful{store})), token, "login_required")
}

type forgetful struct{ sessions.Store }

func (f forgetful) New(r *http.Request, name string) (*sessions.Session, error) {
	s, err := f.Store.New(r, name)
	s.IsNew = true
	return s, err
}

// An odd store breaks the contract of gorilla's: it has no sessions at all.
type odd struct {
	save func(w http.ResponseWriter, name string)
}

func (odd) Get(*http.Request, string) (*sessions.Session, error) { return nil, nil }
func (odd) New(*http.Request, string) (*sessions.Session, error) { return nil, nil }
func (o odd) Save(_ *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	o.save(w, s.Name())
	return nil
}
