package oauth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A jar is the cookies of one visitor in WeChat.
type jar map[string]string

// request is one that the visitor's browser makes.
func (j jar) request(t *testing.T, method, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0")
	for name, value := range j {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (j jar) do(t *testing.T, h http.Handler, method, target string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, j.request(t, method, target))
	for _, c := range w.Result().Cookies() {
		if j[c.Name] = c.Value; c.MaxAge < 0 {
			delete(j, c.Name)
		}
	}
	return w.Result()
}

// newAuth returns an Auth to which WeChat answers as documented, and a page that it guards.
func newAuth(t *testing.T, change func(*oauth.Config)) (*oauth.Auth, http.Handler) {
	t.Helper()
	cfg := oauth.Config{
		AppID: "wxAPPID", Secret: "SECRET", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, AskAtOnce: true,
		HTTPClient: webtest.InMemory(&wechat{answers: map[string][]string{exchangePath: {tokenAnswer}, userPath: {userAnswer}}}),
	}
	change(&cfg)
	a, err := oauth.New(cfg)
	require.NoError(t, err)
	return a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Admit(w, r, "") })
}

// begin starts a login and returns what WeChat sends the visitor back to.
func (j jar) begin(t *testing.T, page http.Handler) (callback string) {
	t.Helper()
	authorize, err := url.Parse(j.do(t, page, http.MethodGet, "/me").Header.Get("Location"))
	require.NoError(t, err)
	return "/me?code=c&state=" + authorize.Query().Get("state")
}

// signIn takes a new visitor through a login.
func signIn(t *testing.T, page http.Handler) jar {
	t.Helper()
	j := jar{}
	j.do(t, page, http.MethodGet, j.begin(t, page))
	require.Equal(t, http.StatusOK, j.do(t, page, http.MethodGet, "/me").StatusCode)
	return j
}

func TestASnapshotSessionIsNobodyWhereSnapshotsAreRefused(t *testing.T) {
	_, allowed := newAuth(t, func(cfg *oauth.Config) { cfg.AllowSnapshot = true })
	_, refused := newAuth(t, func(*oauth.Config) {})
	require.True(t, isNobody(t, signIn(t, allowed), refused))
}

// A flaky store answers a few times and then, like the Redis stores for gorilla, returns a new
// session together with its error.
type flaky struct {
	sessions.Store
	answers int // that are left; negative: no end of them
}

func (s *flaky) New(r *http.Request, name string) (*sessions.Session, error) {
	if s.answers == 0 {
		return sessions.NewSession(s, name), errors.New("connection refused")
	}
	s.answers--
	return s.Store.New(r, name)
}

func TestALogoutDuringAnOutageClearsNoCookie(t *testing.T) {
	inner, err := sessionstore.NewCookie(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	for answers := range 2 {
		store := &flaky{inner, -1}
		a, page := newAuth(t, func(cfg *oauth.Config) {
			cfg.AllowSnapshot, cfg.Store, cfg.Logger = true, store, slog.New(slog.DiscardHandler)
		})
		visitor := signIn(t, page)
		before := maps.Clone(visitor)
		store.answers = answers
		res := visitor.do(t, a.LogoutHandler(), http.MethodPost, "/wechat/logout")
		if res.StatusCode != http.StatusServiceUnavailable || !maps.Equal(before, visitor) {
			t.Errorf("after %d answers: status %d, Set-Cookie %s", answers, res.StatusCode, strings.Join(res.Header["Set-Cookie"], "; "))
		}
	}
}
