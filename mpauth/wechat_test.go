package mpauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
)

const (
	appID      = "wx4f4bc4dec97d474b"
	appSecret  = "CANARY-SECRET-0123456789abcdef"
	sessionKey = "tiihtNczf5v6AKRyjwEUhQ=="
	openID     = "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
	unionID    = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
	jsCode     = "CANARY-CODE-0a1b2c3d4e5f"

	goodLogin = `{"openid":"` + openID + `","session_key":"` + sessionKey + `","unionid":"` + unionID + `"}`
)

// answering is a WeChat that answers every call with a JSON text.
func answering(body string) *webtest.WeChat { return &webtest.WeChat{Answer: webtest.Text(body)} }

// refusing is a WeChat that refuses every call, and says all that it was told.
func refusing(code string) *webtest.WeChat {
	s := &webtest.WeChat{}
	s.Answer = func(w http.ResponseWriter, _ *http.Request) {
		got := s.Calls()[len(s.Calls())-1]
		told, _ := json.Marshal("refused: " + fmt.Sprint(got.Query) + got.Body + " rid: 652d44d0-1d0af18b-5b069232")
		fmt.Fprintf(w, `{"errcode":%s,"errmsg":%s}`, code, told)
	}
	return s
}

func call(op string, query url.Values, body string) webtest.Call {
	return webtest.Call{Op: op, Query: query, Body: body}
}

// newClient returns the calls of a mini program whose app access token is "APPTOKEN".
func newClient(t *testing.T, s http.RoundTripper) *mpauth.Client {
	t.Helper()
	c, err := core.NewClient(core.ClientConfig{
		AppID: appID, Secret: appSecret, HTTPClient: &http.Client{Transport: s},
		Tokens: core.StaticToken("APPTOKEN"), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return mpauth.NewClient(c)
}

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// newAuth makes an Auth that talks to s; change its Config as you like.
func newAuth(t *testing.T, s http.RoundTripper, change func(*mpauth.Config)) *mpauth.Auth {
	t.Helper()
	cfg := mpauth.Config{
		AppID: appID, Secret: appSecret, Keys: [][]byte{key(1)},
		HTTPClient: &http.Client{Transport: s}, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	a, err := mpauth.New(cfg)
	require.NoError(t, err)
	return a
}

// post is a POST with an optional token.
func post(t *testing.T, body, token string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mini/login", strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// visit is a GET with an optional token.
func visit(t *testing.T, token string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/mini/me", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const loginBody = `{"code":"` + jsCode + `"}`

// login logs in and returns the token.
func login(t *testing.T, a *mpauth.Auth) string {
	t.Helper()
	return tokenOf(t, serve(a.LoginHandler(), post(t, loginBody, "")))
}

// tokenOf returns the token that a login was answered with.
func tokenOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var answer struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); w.Code != http.StatusOK || err != nil || answer.Token == "" {
		t.Fatalf("login = %d %s", w.Code, w.Body)
	}
	return answer.Token
}

// admit returns the session of an admitted request, or what was answered.
func admit(t *testing.T, a *mpauth.Auth, r *http.Request) (*mpauth.Session, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	passed, ok := a.Admit(w, r)
	if !ok {
		require.Nil(t, passed, "Admit refused and yet returned a request")
		return nil, w
	}
	s, ok := mpauth.SessionFrom(passed.Context())
	require.True(t, ok, "an admitted request has no session")
	return s, w
}

// wantAdmitted wants a token to be good.
func wantAdmitted(t *testing.T, a *mpauth.Auth, token string) {
	t.Helper()
	if s, w := admit(t, a, visit(t, token)); s == nil {
		t.Errorf("not admitted: %d %s", w.Code, w.Body)
	}
}

// wantRefused wants a token to be answered 401 with this word.
func wantRefused(t *testing.T, a *mpauth.Auth, token, word string) {
	t.Helper()
	wantGood(t, a, visit(t, token), false, word)
}

// wantGood wants a request to be admitted, or to be answered 401 with this word.
func wantGood(t *testing.T, a *mpauth.Auth, r *http.Request, good bool, word string) {
	t.Helper()
	s, w := admit(t, a, r)
	if (s != nil) != good {
		t.Fatalf("admitted: %t, want %t: %d %s", s != nil, good, w.Code, w.Body)
	}
	if !good {
		wantError(t, w, http.StatusUnauthorized, word)
	}
}

// wantDown wants the answer of an outage of the store.
func wantDown(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	wantError(t, w, http.StatusServiceUnavailable, "store_down")
	wantRetryAfter(t, w, "2")
}

// wantStatus wants an answer to have this status.
func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Errorf("answer = %d %s, want %d", w.Code, w.Body, status)
	}
}

// wantError checks an answer's status, word and headers.
func wantError(t *testing.T, w *httptest.ResponseRecorder, status int, word string) {
	t.Helper()
	if got, want := strings.TrimSpace(w.Body.String()), `{"error":"`+word+`"}`; w.Code != status || got != want {
		t.Errorf("answer = %d %s, want %d %s", w.Code, got, status, want)
	}
	h := w.Header()
	if h.Get("Cache-Control") != "private, no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("headers = %v", h)
	}
	if (status == http.StatusUnauthorized) != (h.Get("WWW-Authenticate") != "") {
		t.Errorf("status %d with WWW-Authenticate %q", status, h.Get("WWW-Authenticate"))
	}
}

// inBubble runs a test in a bubble of its own.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
