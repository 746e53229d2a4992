package wxsim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/wxsim"
)

// get asks the simulator without a network.
func get(tb testing.TB, sim *wxsim.Server, target string) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil))
	return w
}

// reply is a JSON answer.
func reply(tb testing.TB, w *httptest.ResponseRecorder) map[string]any {
	tb.Helper()
	var fields map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &fields); err != nil {
		tb.Fatalf("answer %q: %v", w.Body, err)
	}
	return fields
}

// call is get for an API.
func call(tb testing.TB, sim *wxsim.Server, target string) map[string]any {
	tb.Helper()
	return reply(tb, get(tb, sim, target))
}

// authorize is the query of the authorize page with one parameter changed, removed if value is "-".
func authorizeURL(sim *wxsim.Server, scope, state string) string {
	return "/connect/oauth2/authorize?appid=" + sim.AppID() + "&redirect_uri=" + url.QueryEscape("https://shop.example.com/cb?a=1") +
		"&response_type=code&scope=" + scope + "&state=" + state
}

// logIn walks through the authorize page and gives the code.
func logIn(tb testing.TB, sim *wxsim.Server, scope string) string {
	tb.Helper()
	w := get(tb, sim, authorizeURL(sim, scope, "s1"))
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound {
		tb.Fatalf("authorize: status %d, Location %q", w.Code, w.Header().Get("Location"))
	}
	return u.Query().Get("code")
}

func exchangeURL(sim *wxsim.Server, code string) string {
	return "/sns/oauth2/access_token?appid=" + sim.AppID() + "&secret=" + sim.Secret() + "&code=" + code + "&grant_type=authorization_code"
}

func TestLoginTellsWhoTheUserIs(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	token := call(t, sim, exchangeURL(sim, logIn(t, sim, "snsapi_userinfo")))
	user := sim.Users()[0]
	if token["openid"] != user.OpenID || token["unionid"] != user.UnionID || token["scope"] != "snsapi_userinfo" || token["expires_in"] != 7200.0 {
		t.Errorf("exchange = %v; want the tokens of %+v", token, user)
	}
	profile := call(t, sim, "/sns/userinfo?access_token="+token["access_token"].(string)+"&openid="+user.OpenID+"&lang=zh_CN")
	if profile["nickname"] != user.Nickname || profile["headimgurl"] != user.HeadImgURL || profile["sex"] != 1.0 || profile["errcode"] != nil {
		t.Errorf("userinfo = %v; want the profile of %+v", profile, user)
	}
	if n := sim.Calls("/sns/userinfo"); n != 1 {
		t.Errorf(`Calls("/sns/userinfo") = %d; want 1`, n)
	}
	if !strings.HasPrefix(user.OpenID, "o") || len(user.OpenID) != 28 || len(token["access_token"].(string)) != 110 {
		t.Errorf("openid %q, access_token %q do not look real", user.OpenID, token["access_token"])
	}
}
