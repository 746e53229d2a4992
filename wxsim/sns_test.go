package wxsim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestLoginTellsWhoTheUserIs(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	w := get(t, sim, exchangeURL(sim, logIn(t, sim, "snsapi_userinfo")))
	require.Equal(t, "text/plain", w.Header().Get("Content-Type"))
	token := reply(t, w)
	user := sim.Users()[0]
	wantFields(t, token, "openid", user.OpenID, "unionid", user.UnionID, "scope", "snsapi_userinfo",
		"expires_in", 7200.0)
	for _, name := range []string{"access_token", "refresh_token"} {
		if text := token[name].(string); len(text) != 110 || strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") != "" {
			t.Errorf("%s %q does not look real", name, text)
		}
	}
	if _, has := token["is_snapshotuser"]; has || token["errcode"] != nil {
		t.Errorf("exchange = %v; want no is_snapshotuser and no errcode", token)
	}
	profile := call(t, sim, userInfoURL(token["access_token"].(string), user.OpenID))
	if profile["nickname"] != user.Nickname || profile["headimgurl"] != user.HeadImgURL ||
		profile["unionid"] != user.UnionID || profile["errcode"] != nil {
		t.Errorf("userinfo = %v; want the profile of %+v", profile, user)
	}
	if privilege, ok := profile["privilege"].([]any); !ok || len(privilege) != 0 {
		t.Errorf("privilege = %v; want an empty array", profile["privilege"])
	}
	wantCode(t, call(t, sim, "/sns/auth"+query("access_token", token["access_token"].(string), "openid", user.OpenID)), 0)
}

func TestExchangeRefuses(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	openID := sim.Users()[0].OpenID
	fresh := func() string { return sim.NewCode(sim.AppID(), openID, "snsapi_userinfo") }
	for _, tt := range []struct {
		name, appID, secret, code, grant string
		want                             int
	}{
		{"no appid", "", sim.Secret(), fresh(), "authorization_code", 41002},
		{"no secret", sim.AppID(), "", fresh(), "authorization_code", 41004},
		{"unknown appid", "wx0", sim.Secret(), fresh(), "authorization_code", 40013},
		{"the mini program's appid", sim.MiniAppID(), sim.MiniSecret(), fresh(), "authorization_code", 40013},
		{"wrong secret", sim.AppID(), sim.WebsiteSecret(), fresh(), "authorization_code", 40125},
		{"no code", sim.AppID(), sim.Secret(), "", "authorization_code", 41008},
		{"other grant_type", sim.AppID(), sim.Secret(), fresh(), "password", 40002},
		{"no grant_type", sim.AppID(), sim.Secret(), fresh(), "", 40002},
		{"unknown code", sim.AppID(), sim.Secret(), "0nothing", "authorization_code", 40029},
		{"code of another app", sim.WebsiteAppID(), sim.WebsiteSecret(), fresh(), "authorization_code", 40029},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, call(t, sim, "/sns/oauth2/access_token"+query("appid", tt.appID, "secret", tt.secret, "code", tt.code, "grant_type", tt.grant)), tt.want)
		})
	}
	t.Run("used code", func(t *testing.T) {
		code := fresh()
		wantCode(t, call(t, sim, exchangeURL(sim, code)), 0)
		wantCode(t, call(t, sim, exchangeURL(sim, code)), 40163)
	})
	t.Run("code after five minutes", func(t *testing.T) {
		code, late := fresh(), fresh()
		sim.Advance(5*time.Minute - time.Second)
		wantCode(t, call(t, sim, exchangeURL(sim, code)), 0)
		sim.Advance(time.Second)
		wantCode(t, call(t, sim, exchangeURL(sim, late)), 42003)
	})
}

func TestNewCodeNeedsAnAppAndAUser(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	require.Empty(t, sim.NewCode("wx0", sim.Users()[0].OpenID, "snsapi_base"))
	require.Empty(t, sim.NewCode(sim.AppID(), "o0", "snsapi_base"))
}

// tokens logs in and gives access_token, refresh_token and openid.
func tokens(tb testing.TB, sim *wxsim.Server, scope string) (access, refresh, openID string) {
	tb.Helper()
	token := call(tb, sim, exchangeURL(sim, sim.NewCode(sim.AppID(), sim.Users()[0].OpenID, scope)))
	wantCode(tb, token, 0)
	return token["access_token"].(string), token["refresh_token"].(string), token["openid"].(string)
}

func TestUserInfoRefuses(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	access, refresh, openID := tokens(t, sim, "snsapi_userinfo")
	base, _, _ := tokens(t, sim, "snsapi_base")
	for _, tt := range []struct {
		name, token, openID string
		want                int
	}{
		{"no token", "", openID, 41001},
		{"no openid", access, "", 41009},
		{"unknown token", "92_x", openID, 40001},
		{"refresh_token instead", refresh, openID, 40001},
		{"other openid", access, "oOther", 40003},
		{"base token", base, openID, 48001},
		{"good", access, openID, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, call(t, sim, userInfoURL(tt.token, tt.openID)), tt.want)
		})
	}
	t.Run("the same at sns/auth, where a base token is fine", func(t *testing.T) {
		wantCode(t, call(t, sim, "/sns/auth"+query("access_token", base, "openid", openID)), 0)
		wantCode(t, call(t, sim, "/sns/auth"+query("access_token", base, "openid", "oOther")), 40003)
	})
	t.Run("after two hours", func(t *testing.T) {
		sim.Advance(2 * time.Hour)
		wantCode(t, call(t, sim, userInfoURL(access, openID)), 42001)
	})
}

// Since 2021-10-20 these fields are there and empty. A user of before is told as they are.
func TestUserInfoHasNoGenderAndNoRegion(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	before := sim.AddUser(wxsim.User{Sex: 2, Province: "广东", City: "深圳", Country: "中国"})
	for openID, want := range map[string]string{
		sim.Users()[0].OpenID: `"sex":0,"language":"zh_CN","province":"","city":"","country":"",`,
		before.OpenID:         `"sex":2,"language":"","province":"广东","city":"深圳","country":"中国",`,
	} {
		access := call(t, sim, exchangeURL(sim, sim.NewCode(sim.AppID(), openID, "snsapi_userinfo")))["access_token"].(string)
		for _, lang := range []string{"", "zh_CN", "zh_TW", "en"} {
			body := get(t, sim, userInfoURL(access, openID)+"&lang="+lang).Body.String()
			require.Contains(t, body, want, lang)
		}
	}
}

func TestUserInfoSendsNicknamesRaw(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: []wxsim.User{{Nickname: "a\x01\"\\<>&\u2028", NoUnionID: true, Privilege: []string{"chinaunicom"}}}})
	access, _, openID := tokens(t, sim, "snsapi_userinfo")
	body := get(t, sim, userInfoURL(access, openID)).Body.String()
	if !strings.Contains(body, "\"nickname\":\"a\x01\\\"\\\\<>&\u2028\"") || !strings.Contains(body, `"privilege":["chinaunicom"]`) {
		t.Errorf("userinfo = %q; want only quotes and backslashes escaped", body)
	}
	require.NotContains(t, body, "unionid")
}

func TestUserInfoShowsTheProfileOfToday(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	access, _, openID := tokens(t, sim, "snsapi_userinfo")
	user := sim.Users()[0]
	user.Nickname = "改名"
	sim.AddUser(user)
	if got := call(t, sim, userInfoURL(access, openID))["nickname"]; got != "改名" || len(sim.Users()) != 1 {
		t.Errorf("nickname %v, %d users; want the new name of the same user", got, len(sim.Users()))
	}
}

func TestRefreshKeepsALiveTokenAndReplacesADeadOne(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	access, refresh, openID := tokens(t, sim, "snsapi_userinfo")
	sim.Advance(time.Hour)
	kept := call(t, sim, refreshURL(sim, refresh))
	wantFields(t, kept, "access_token", access, "refresh_token", refresh, "expires_in", 7200.0,
		"scope", "snsapi_userinfo", "openid", openID)
	wantFields(t, kept, "unionid", nil, "is_snapshotuser", nil) // no unionid
	sim.Advance(2*time.Hour - time.Second)
	wantCode(t, call(t, sim, userInfoURL(access, openID)), 0)
	sim.Advance(time.Second)
	replaced := call(t, sim, refreshURL(sim, refresh))
	require.NotEqual(t, access, replaced["access_token"])
	wantCode(t, call(t, sim, userInfoURL(replaced["access_token"].(string), openID)), 0)
	wantCode(t, call(t, sim, userInfoURL(access, openID)), 42001)
	sim.Advance(30 * 24 * time.Hour)
	wantCode(t, call(t, sim, refreshURL(sim, refresh)), 42002)
}

func TestRefreshRotatesWhenAsked(t *testing.T) {
	sim := wxsim.New(wxsim.Config{RotateRefreshTokens: true})
	_, refresh, _ := tokens(t, sim, "snsapi_base")
	sim.Advance(29 * 24 * time.Hour)
	second := call(t, sim, refreshURL(sim, refresh))["refresh_token"].(string)
	require.NotEqual(t, refresh, second, "the refresh_token stayed")
	wantCode(t, call(t, sim, refreshURL(sim, refresh)), 40030)
	sim.Advance(29 * 24 * time.Hour)
	wantCode(t, call(t, sim, refreshURL(sim, second)), 0)
}

func TestRefreshRefuses(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	access, refresh, _ := tokens(t, sim, "snsapi_base")
	for _, tt := range []struct {
		name, appID, grant, token string
		want                      int
	}{
		{"no appid", "", "refresh_token", refresh, 41002},
		{"unknown appid", "wx0", "refresh_token", refresh, 40013},
		{"appid of a mini program", sim.MiniAppID(), "refresh_token", refresh, 40013},
		{"token of another app", sim.WebsiteAppID(), "refresh_token", refresh, 40030},
		{"no token", sim.AppID(), "refresh_token", "", 41003},
		{"unknown token", sim.AppID(), "refresh_token", "x", 40030},
		{"access_token instead", sim.AppID(), "refresh_token", access, 40030},
		{"other grant_type", sim.AppID(), "authorization_code", refresh, 40002},
		{"good", sim.AppID(), "refresh_token", refresh, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, call(t, sim, "/sns/oauth2/refresh_token"+query("appid", tt.appID, "grant_type", tt.grant, "refresh_token", tt.token)), tt.want)
		})
	}
}

func TestRevokedUserHasNoTokens(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	access, refresh, openID := tokens(t, sim, "snsapi_userinfo")
	sim.RevokeUser("oNobody")
	wantCode(t, call(t, sim, userInfoURL(access, openID)), 0)
	sim.RevokeUser(sim.OpenID(sim.MiniAppID(), sim.Users()[0]))
	wantCode(t, call(t, sim, userInfoURL(access, openID)), 42007)
	wantCode(t, call(t, sim, refreshURL(sim, refresh)), 42007)
	again, _, _ := tokens(t, sim, "snsapi_userinfo")
	wantCode(t, call(t, sim, userInfoURL(again, openID)), 0)
}

func FuzzExchange(f *testing.F) {
	sim := wxsim.New(wxsim.Config{AppID: "wx1", Secret: "s"})
	f.Add("appid=wx1&secret=s&code=x&grant_type=authorization_code")
	f.Fuzz(func(t *testing.T, rawQuery string) {
		r := httptest.NewRequest(http.MethodGet, "/sns/oauth2/access_token", nil)
		r.URL.RawQuery = rawQuery
		wantFields(t, reply(t, do(sim, r)), "access_token", nil)
	})
}
