package oauth_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// A rotatingWeChat changes the refresh token each time that it is used, and honours the newest only.
// Its first access token dies at once.
type rotatingWeChat struct {
	mu        sync.Mutex
	refreshes int
}

func (s *rotatingWeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	body := strings.Replace(tokenAnswer, "7200", "30", 1)
	switch token := r.URL.Query().Get("refresh_token"); {
	case r.URL.Path == userPath:
		body = userAnswer
	case r.URL.Path == refreshPath && token == s.newest():
		s.refreshes++
		body = fmt.Sprintf(`{"access_token":"AT%d","expires_in":7200,"refresh_token":%q,"openid":"OPENID","scope":"snsapi_userinfo"}`, s.refreshes, s.newest())
	case r.URL.Path == refreshPath:
		s.refreshes++
		body = invalidRefresh
	}
	webtest.Text(body)(w, r)
}

func (s *rotatingWeChat) newest() string {
	if s.refreshes == 0 {
		return "RT"
	}
	return fmt.Sprint("RT", s.refreshes)
}

// Fifty requests of one session find its access token dead. One of them refreshes it, at whichever
// of two replicas, and all get the new one: at once, and later with what they read before.
func TestATokenIsRefreshedOnce(t *testing.T) {
	onDisk := sessions.NewFilesystemStore(t.TempDir(), bytes.Repeat([]byte("k"), 32), bytes.Repeat([]byte("e"), 32))
	for _, tt := range []struct {
		name     string
		store    func(c counted) sessions.Store
		onServer bool
	}{
		{"sessions in cookies", func(c counted) sessions.Store { return c }, false},
		{"sessions on a server", func(c counted) sessions.Store { c.Store = onDisk; return c }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := tt.store(newCounted(t))
				api := &rotatingWeChat{}
				auths, pages := replicas(t, store, api)
				visitor := signIn(t, pages[0])
				request := func() *http.Request { return visitor.request(t, http.MethodGet, "/token") }
				late, ok := auths[0].Admit(httptest.NewRecorder(), request(), "")
				require.True(t, ok)
				wantToken := func(a *oauth.Auth, r *http.Request) {
					if token, err := a.AccessToken(httptest.NewRecorder(), r); token != "AT1" || err != nil {
						t.Errorf("AccessToken = %q, %v", token, err)
					}
				}
				webtest.AtOnce(50, func(i int) { wantToken(auths[i%2], request()) })
				for i := range 10 {
					wantToken(auths[i%2], request())
				}
				require.Equal(t, 1, api.refreshes)
				if tt.onServer { // there the new tokens are found however late somebody comes
					time.Sleep(time.Hour)
					wantToken(auths[0], late)
					wantToken(auths[1], request())
				}
			})
		})
	}
}

// A grant that WeChat says is dead is asked about once, at two replicas.
func TestADeadGrantIsAskedAboutOnce(t *testing.T) {
	store := newCounted(t)
	api := &wechat{answers: map[string][]string{
		exchangePath: {strings.Replace(tokenAnswer, "7200", "30", 1)}, userPath: {userAnswer}, refreshPath: {invalidRefresh},
	}}
	auths, pages := replicas(t, store, api)
	visitor := signIn(t, pages[0])
	api.asked = nil
	for i := range 20 {
		r := visitor.request(t, http.MethodGet, "/token")
		_, err := auths[i%2].AccessToken(httptest.NewRecorder(), r)
		if refusal, ok := errors.AsType[*core.Error](err); !ok || refusal.Code != core.ErrInvalidRefresh || refusal.Message == "" {
			t.Errorf("error %v", err)
		}
	}
	require.Equal(t, refreshPath, paths(api.asked))
}
