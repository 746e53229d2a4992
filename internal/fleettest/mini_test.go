package fleettest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// miniReplica is one process of a mini program's server.
func miniReplica(t *testing.T, redis *redistest.Server, sim *wxsim.Server) http.Handler {
	t.Helper()
	client := connect(t, redis.Addr, impatience)
	t.Cleanup(client.Close)
	keys := [][]byte{adaptertest.Key('1')}
	auth, err := mpauth.New(mpauth.Config{
		AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()), Keys: keys,
		Store:      newStore(t, client, redisstore.Config{Keys: keys}),
		HTTPClient: webtest.InMemory(sim),
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/login", auth.LoginHandler())
	mux.Handle("/logout", auth.LogoutHandler())
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		if admitted, ok := auth.Admit(w, r); ok {
			session, _ := mpauth.SessionFrom(admitted.Context()) //nolint:contextcheck // it is that of w and r, and more
			_, _ = w.Write([]byte(session.OpenID))
		}
	})
	return mux
}

// ask sends a request with a token.
func ask(t *testing.T, app http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w
}

// The token of a mini program is as good on every replica, and outlasts an outage.
func TestMiniSessionsOutlastAnOutage(t *testing.T) {
	t.Parallel()
	redis, sim := redistest.Start(t), wxsim.New(wxsim.Config{})
	here, there := miniReplica(t, redis, sim), miniReplica(t, redis, sim)
	openID := sim.OpenID(sim.MiniAppID(), sim.Users()[0])
	logIn := func() (token string, w *httptest.ResponseRecorder) {
		w = ask(t, here, http.MethodPost, "/login", "", `{"code":"`+sim.NewJSCode(sim.Users()[0].OpenID)+`"}`)
		var answer struct {
			Token string `json:"token"`
		}
		_ = json.Unmarshal(w.Body.Bytes(), &answer) // no token says it
		return answer.Token, w
	}
	wantAway := func(what string, w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "store_down") {
			t.Errorf("%s: %d %s, Retry-After %q; want 503", what, w.Code, w.Body, w.Header().Get("Retry-After"))
		}
	}
	var token string
	redis.Eventually("a login", func() bool {
		token, _ = logIn()
		return token != ""
	})
	for _, replica := range []http.Handler{here, there} {
		redis.Eventually("both know the token", func() bool { return ask(t, replica, http.MethodGet, "/me", token, "").Body.String() == openID })
	}

	redis.Kill()
	redis.Eventually("the outage is noticed", func() bool { return ask(t, here, http.MethodGet, "/me", token, "").Code != http.StatusOK })
	wantAway("a request", ask(t, here, http.MethodGet, "/me", token, ""))
	wantAway("a logout", ask(t, there, http.MethodPost, "/logout", token, ""))
	_, w := logIn()
	wantAway("a login", w)

	redis.Restart()
	for _, replica := range []http.Handler{here, there} {
		redis.Eventually("the token is good again", func() bool { return ask(t, replica, http.MethodGet, "/me", token, "").Body.String() == openID })
	}
	redis.Eventually("a logout works", func() bool { return ask(t, here, http.MethodPost, "/logout", token, "").Code == http.StatusNoContent })
	redis.Eventually("it counts on the other replica", func() bool { return ask(t, there, http.MethodGet, "/me", token, "").Code == http.StatusUnauthorized })
}
