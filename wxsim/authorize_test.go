package wxsim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestAuthorizePageIsStrict(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true, RedirectDomains: []string{"shop.example.com"}})
	id := sim.AppID()
	for _, tt := range []struct {
		name, query, want string // want: on the page; "" for a redirect
	}{
		{"canonical", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1"), ""},
		{"with extras", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_userinfo", "state", "s1", "forcePopup", "true", "forceSnapShot", "false", "connect_redirect", "1"), ""},
		{"state of 128", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", strings.Repeat("a", 128)), ""},
		{"state of 129", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", strings.Repeat("a", 129)), "错误码: 10013"},
		{"no appid", query("redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10012"},
		{"no redirect_uri", query("appid", id, "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10011"},
		{"no scope", query("appid", id, "redirect_uri", callback, "response_type", "code", "state", "s1"), "错误码: 10010"},
		{"unknown scope", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "openid", "state", "s1"), "错误码: 10005"},
		{"scope of the QR login", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login", "state", "s1"), "错误码: 10005"},
		{"website appid", query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10016"},
		{"mini program appid", query("appid", sim.MiniAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10005"},
		{"unknown appid", query("appid", "wx0000000000000000", "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 40013"},
		{"other domain", query("appid", id, "redirect_uri", "https://evil.example.com/", "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10003"},
		{"domain as a prefix", query("appid", id, "redirect_uri", "https://shop.example.com.evil.org/", "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10003"},
		{"domain as user name", query("appid", id, "redirect_uri", "https://shop.example.com@evil.org/", "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10003"},
		{"relative redirect_uri", query("appid", id, "redirect_uri", "/cb", "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10003"},
		{"redirect_uri escaped twice", query("appid", id, "redirect_uri", url.QueryEscape(callback), "response_type", "code", "scope", "snsapi_base", "state", "s1"), "是不是转义了两次"},
		{"script as redirect_uri", query("appid", id, "redirect_uri", "javascript:alert(1)", "response_type", "code", "scope", "snsapi_base", "state", "s1"), "错误码: 10003"},
		{"sorted parameters", query("appid", id, "redirect_uri", callback, "response_type", "code", "state", "s1", "scope", "snsapi_base"), "该链接无法访问"},
		{"response_type first", query("response_type", "code", "appid", id, "redirect_uri", callback, "scope", "snsapi_base", "state", "s1"), "该链接无法访问"},
		{"token instead of code", query("appid", id, "redirect_uri", callback, "response_type", "token", "scope", "snsapi_base", "state", "s1"), "该链接无法访问"},
		{"unknown extra", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1", "foo", "1"), "该链接无法访问"},
		{"redirect_uri not escaped", "?appid=" + id + "&redirect_uri=https://shop.example.com/cb?a=1&b=2&response_type=code&scope=snsapi_base&state=s1", "该链接无法访问"},
		{"state twice", query("appid", id, "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base", "state", "s1", "state", "s2"), "该链接无法访问"},
		{"bad escape", "?appid=%zz", "该链接无法访问"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, sim, "/connect/oauth2/authorize"+tt.query)
			if tt.want == "" {
				wantStatus(t, w, http.StatusFound)
				return
			}
			wantStatus(t, w, http.StatusOK)
			require.Empty(t, w.Header().Get("Location"))
			wantText(t, w, tt.want)
		})
	}
}

func TestLaxTakesAnyOrder(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true, Lax: true})
	w := get(t, sim, "/connect/oauth2/authorize"+query("state", "s1", "scope", "snsapi_base", "response_type", "code", "foo", "1", "redirect_uri", callback, "appid", sim.AppID()))
	wantStatus(t, w, http.StatusFound)
}

func TestCallbackKeepsQueryAndFragment(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, tt := range []struct{ redirectURI, want string }{
		{"https://shop.example.com/cb", "https://shop.example.com/cb?code=CODE&state=s1"},
		{"https://shop.example.com/cb?a=1&b=%2F", "https://shop.example.com/cb?a=1&b=%2F&code=CODE&state=s1"},
		{"https://shop.example.com/cb?", "https://shop.example.com/cb?code=CODE&state=s1"},
		{"http://127.0.0.1:8080/cb?a=1#/page", "http://127.0.0.1:8080/cb?a=1&code=CODE&state=s1#/page"},
	} {
		w := get(t, sim, "/connect/oauth2/authorize"+query("appid", sim.AppID(), "redirect_uri", tt.redirectURI, "response_type", "code", "scope", "snsapi_base", "state", "s1"))
		got := w.Header().Get("Location")
		code := location(t, w).Query().Get("code")
		if len(code) != 32 || strings.Replace(got, code, "CODE", 1) != tt.want {
			t.Errorf("redirect_uri %q: Location %q; want %q", tt.redirectURI, got, tt.want)
		}
	}
}

func TestCookieChoosesThePerson(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	second := sim.AddUser(wxsim.User{Nickname: "第二"})
	for _, tt := range []struct{ name, cookie, want string }{
		{"no cookie", "", sim.Users()[0].OpenID},
		{"cookie of the second", second.OpenID, second.OpenID},
		{"cookie of nobody", "oNobody", sim.Users()[0].OpenID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, authorizeURL(sim, "snsapi_base"), nil)
			if tt.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "wxsim_user", Value: tt.cookie})
			}
			code := location(t, do(sim, r)).Query().Get("code")
			require.Equal(t, tt.want, call(t, sim, exchangeURL(sim, code))["openid"])
		})
	}
}

func TestBaseIsSilentAndUserInfoAsks(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_base")), http.StatusFound)
	asks := get(t, sim, authorizeURL(sim, "snsapi_userinfo"))
	wantStatus(t, asks, http.StatusOK)
	wantText(t, asks, `value="allow"`)
}

func TestSnapshotUserIsVirtual(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	user := sim.Users()[0]
	virtual := sim.AddUser(wxsim.User{Nickname: "快照", Snapshot: true})
	forced := location(t, get(t, sim, authorizeURL(sim, "snsapi_userinfo")+"&forceSnapShot=true")).Query().Get("code")
	for name, code := range map[string]string{"forceSnapShot": forced, "a user of snapshot pages": sim.NewCode(sim.AppID(), virtual.OpenID, "snsapi_userinfo")} {
		t.Run(name, func(t *testing.T) {
			token := call(t, sim, exchangeURL(sim, code))
			if token["is_snapshotuser"] != 1.0 || token["openid"] == user.OpenID || token["unionid"] == user.UnionID || token["openid"] == virtual.OpenID {
				t.Fatalf("exchange = %v; want a virtual user", token)
			}
			profile := call(t, sim, userInfoURL(token["access_token"].(string), token["openid"].(string)))
			if profile["nickname"] == user.Nickname || profile["nickname"] == virtual.Nickname || profile["unionid"] != token["unionid"] || profile["headimgurl"] != "" {
				t.Errorf("userinfo = %v; want a virtual profile", profile)
			}
		})
	}
	base := call(t, sim, exchangeURL(sim, sim.NewCode(sim.AppID(), virtual.OpenID, "snsapi_base")))
	wantFields(t, base, "is_snapshotuser", nil, "openid", virtual.OpenID) // the real user
}

func TestQRLoginKnowsUsersUnderAnotherOpenID(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	w := get(t, sim, "/connect/qrconnect"+query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login", "state", "s1"))
	code := location(t, w).Query().Get("code")
	token := call(t, sim, "/sns/oauth2/access_token"+query("appid", sim.WebsiteAppID(), "secret", sim.WebsiteSecret(), "code", code, "grant_type", "authorization_code"))
	user := sim.Users()[0]
	wantFields(t, token, "openid", sim.OpenID(sim.WebsiteAppID(), user), "unionid", user.UnionID,
		"scope", "snsapi_login")
	require.NotEqual(t, user.OpenID, token["openid"])
	wantFields(t, call(t, sim, userInfoURL(token["access_token"].(string), token["openid"].(string))),
		"nickname", user.Nickname)
}

// In a frame of the app's page it is that page which goes on, unless the app wants otherwise.
func TestAnAllowedQRCodeInAFrameLeadsTheWindowOn(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	open := func(dest, more string) *httptest.ResponseRecorder {
		r := request(http.MethodGet, "/connect/qrconnect"+query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login", "state", "s1")+more, "")
		r.Header.Set("Sec-Fetch-Dest", dest)
		return do(sim, r)
	}
	for _, w := range []*httptest.ResponseRecorder{open("document", ""), open("iframe", "&self_redirect=true")} {
		require.Equal(t, http.StatusFound, w.Code)
	}
	framed := open("iframe", "&self_redirect=false")
	_, rest, found := strings.Cut(framed.Body.String(), `data-ticket="`)
	ticket, _, _ := strings.Cut(rest, `"`)
	if framed.Code != http.StatusOK || !found {
		t.Fatalf("status %d: %s; want the page with the QR code", framed.Code, framed.Body)
	}
	require.Equal(t, "decided", get(t, sim, "/wxsim/desktop/state?ticket="+ticket).Body.String())
	if back := location(t, get(t, sim, "/wxsim/desktop?ticket="+ticket)).Query(); back.Get("code") == "" || back.Get("state") != "s1" {
		t.Errorf("the window goes on with %v", back)
	}
}

func TestQRPageIsStrict(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	for name, tt := range map[string]struct{ appID, scope, want string }{
		"official account": {sim.AppID(), "snsapi_login", "10005"},
		"other scope":      {sim.WebsiteAppID(), "snsapi_userinfo", "10005"},
	} {
		w := get(t, sim, "/connect/qrconnect"+query("appid", tt.appID, "redirect_uri", callback, "response_type", "code", "scope", tt.scope, "state", "s1"))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: status %d; want a page with %s", name, w.Code, tt.want)
		}
	}
}

func TestTooManyVisitsShowAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no minute ends
		sim := wxsim.New(wxsim.Config{AutoAllow: true, Limits: map[string]wxsim.Limit{"/connect/oauth2/authorize": {PerMinute: 1}}})
		logIn(t, sim, "snsapi_base")
		wantText(t, get(t, sim, authorizeURL(sim, "snsapi_base")), "10009")
	})
}

func TestPagesTakeOnlyGET(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	wantStatus(t, do(sim, httptest.NewRequest(http.MethodPost, authorizeURL(sim, "snsapi_base"), nil)),
		http.StatusMethodNotAllowed)
}

func FuzzAuthorize(f *testing.F) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true, AppID: "wx1", RedirectDomains: []string{"shop.example.com"}})
	f.Add("appid=wx1&redirect_uri=https%3A%2F%2Fshop.example.com%2F&response_type=code&scope=snsapi_base&state=s1")
	f.Add("appid=%zz&state")
	f.Fuzz(func(t *testing.T, rawQuery string) {
		r := httptest.NewRequest(http.MethodGet, "/connect/oauth2/authorize", nil)
		r.URL.RawQuery = rawQuery
		w := do(sim, r)
		if w.Code != http.StatusFound && w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		if to := w.Header().Get("Location"); to != "" {
			if u, err := url.Parse(to); err != nil || u.Hostname() != "shop.example.com" {
				t.Errorf("query %q leads to %q", rawQuery, to)
			}
		}
	})
}
