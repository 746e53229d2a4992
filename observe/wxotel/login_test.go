package wxotel_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// said is all that left the process, as text.
func (tel *telemetry) said(t *testing.T) string {
	t.Helper()
	spans, err := json.Marshal(tel.spans.GetSpans())
	require.NoError(t, err)
	return fmt.Sprintf("%+v\n%s", tel.collect(t), spans)
}

// wantNothingAbout fails the test if a value got out.
func (tel *telemetry) wantNothingAbout(t *testing.T, values ...string) {
	t.Helper()
	said := tel.said(t)
	for _, value := range values {
		if value == "" || strings.Contains(said, value) {
			t.Errorf("%q is among\n%s", value, said)
		}
	}
}

func TestAWebLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		w := adaptertest.NewWorld(t, adaptertest.NetHTTP(), adaptertest.Cookies(), func(_ *wxsim.Config, cfg *oauth.Config) { cfg.Observer = tel })
		b := w.Browser()
		a := w.Begin(b, adaptertest.PublicURL+"/me")
		callback := a.Callback(0)
		b.Open(callback)
		w.Sim.Fail("/sns/oauth2/access_token", wxsim.Code(45009))
		w.Browser().Open(adaptertest.PublicURL + "/me")

		got := tel.points(t)
		for _, want := range []string{
			"wxoauth.logins{wxoauth.event=login_started,wxoauth.kind=snsapi_userinfo} 2",
			"wxoauth.logins{wxoauth.event=login_finished,wxoauth.kind=snsapi_userinfo} 1",
			"wxoauth.logins{wxoauth.errcode=45009,wxoauth.event=login_refused,wxoauth.kind=limited} 1",
			"wxoauth.upstream.duration{wxoauth.errcode=0,wxoauth.path=/sns/oauth2/access_token} 1",
			"wxoauth.upstream.duration{error.type=refused,wxoauth.errcode=45009,wxoauth.path=/sns/oauth2/access_token} 1",
		} {
			if !slices.ContainsFunc(got, func(point string) bool { return strings.HasPrefix(point, want+" ") }) {
				t.Errorf("no %q among\n\t%s", want, strings.Join(got, "\n\t"))
			}
		}
		secrets := []string{a.State, "code=", "access_token=", w.Sim.AppID(), w.Sim.Secret(), adaptertest.Host}
		for _, u := range w.Sim.Users() {
			secrets = append(secrets, u.OpenID, u.UnionID, u.Nickname)
		}
		tel.wantNothingAbout(t, secrets...)
	})
}

func TestAMiniProgramLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := newTelemetry(t)
		sim := wxsim.New(wxsim.Config{})
		network := webtest.NewNetwork(slog.DiscardHandler)
		network.Serve("api.weixin.qq.com", sim)
		auth, err := mpauth.New(mpauth.Config{
			AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()), Keys: [][]byte{adaptertest.Key('1')},
			HTTPClient: &http.Client{Transport: network.Transport()}, Observer: tel,
		})
		require.NoError(t, err)
		user := sim.Users()[0]
		code := sim.NewJSCode(user.OpenID)
		login := httptest.NewRecorder()
		auth.LoginHandler().ServeHTTP(login, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"code":"`+code+`"}`)))
		var answer struct{ Token string }
		require.NoError(t, json.Unmarshal(login.Body.Bytes(), &answer))
		logout := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		logout.Header.Set("Authorization", "Bearer "+answer.Token)
		auth.LogoutHandler().ServeHTTP(httptest.NewRecorder(), logout)
		network.Close()

		got := tel.points(t)
		for _, want := range []string{
			"wxoauth.logins{wxoauth.event=login_finished,wxoauth.kind=mini} 1",
			"wxoauth.login.duration{wxoauth.kind=mini} 1",
			"wxoauth.upstream.duration{wxoauth.errcode=0,wxoauth.path=/sns/jscode2session} 1",
			"wxoauth.sessions.ended{wxoauth.kind=mini} 1",
		} {
			if !slices.ContainsFunc(got, func(point string) bool { return strings.HasPrefix(point, want+" ") }) {
				t.Errorf("no %q among\n\t%s", want, strings.Join(got, "\n\t"))
			}
		}
		tel.wantNothingAbout(t, code, answer.Token, sim.MiniAppID(), sim.MiniSecret(), user.OpenID, sim.OpenID(sim.MiniAppID(), user), user.UnionID)
	})
}
