package wxsim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// accountToken is an app access_token of the first official account.
func accountToken(tb testing.TB, sim *wxsim.Server) string {
	tb.Helper()
	answer := call(tb, sim, "/cgi-bin/token"+query("grant_type", "client_credential", "appid", sim.AppID(), "secret", sim.Secret()))
	wantCode(tb, answer, 0)
	return answer["access_token"].(string)
}

func TestUserInfoTellsFollowers(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	user := sim.Users()[0]
	info := func(openID string) map[string]any {
		return call(t, sim, "/cgi-bin/user/info"+query("access_token", accountToken(t, sim), "openid", openID, "lang", "zh_CN"))
	}
	if got := info(user.OpenID); got["subscribe"] != 0.0 || got["openid"] != user.OpenID || got["unionid"] != user.UnionID || len(got) != 3 {
		t.Errorf("info of somebody who does not follow: %v", got)
	}
	e, err := sim.Follow("", user.OpenID)
	if err != nil || e.Type != "subscribe" || e.AppID != sim.AppID() {
		t.Errorf("Follow = %+v, %v", e, err)
	}
	got := info(user.OpenID)
	wantFields(t, got, "subscribe", 1.0, "subscribe_scene", "ADD_SCENE_SEARCH", "qr_scene", 0.0, "qr_scene_str", "",
		"nickname", nil, "headimgurl", nil)
	if users := sim.Users(); len(users[0].Follows) != 1 || users[0].Follows[0] != sim.AppID() {
		t.Errorf("users %+v", users)
	}
	if e, err := sim.Unfollow(sim.AppID(), user.OpenID); err != nil || e.Type != "unsubscribe" {
		t.Errorf("Unfollow = %+v, %v", e, err)
	}
	wantFields(t, info(user.OpenID), "subscribe", 0.0)
	wantCode(t, info("oNobody"), 40003)
	wantCode(t, info(miniOpenID(sim)), 40003)
	if _, err := sim.Follow(sim.MiniAppID(), user.OpenID); err == nil {
		t.Error("a mini program is followed")
	}
}

func TestFollowersOfTheConfigurationFollowSinceTheStart(t *testing.T) {
	before := time.Now().Unix()
	sim := wxsim.New(wxsim.Config{AppID: "wxshop", Users: []wxsim.User{{Follows: []string{"wxshop"}}}})
	got := call(t, sim, "/cgi-bin/user/info"+query("access_token", accountToken(t, sim), "openid", sim.Users()[0].OpenID))
	if got["subscribe"] != 1.0 || got["subscribe_time"].(float64) < float64(before) {
		t.Errorf("info %v; want one who follows since %d", got, before)
	}
}

// A client that was brought to the simulator by WeChat's host name gets WeChat's address, and
// anybody else one that a browser can open.
func TestQRCodesHoldAnAddress(t *testing.T) {
	sim := started(t, wxsim.Config{})
	for host, want := range map[string]string{
		"api.weixin.qq.com": "http://weixin.qq.com/q/", "api.weixin.qq.com:443": "http://weixin.qq.com/q/", "127.0.0.1:8081": "http://127.0.0.1:8081/q/",
	} {
		r := request(http.MethodPost, "/cgi-bin/qrcode/create?access_token="+accountToken(t, sim), `{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`)
		r.Host = host
		require.True(t, strings.HasPrefix(reply(t, do(sim, r))["url"].(string), want), host)
	}
}

func TestQRCodesTellWhoScannedThem(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	user := sim.Users()[0].OpenID
	create := func(body string) map[string]any {
		return post(t, sim, "/cgi-bin/qrcode/create?access_token="+accountToken(t, sim), body)
	}
	made := create(`{"expire_seconds":604800,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"desk-1"}}}`)
	ticket, _ := made["ticket"].(string)
	if ticket == "" || made["expire_seconds"] != 604800.0 || !strings.HasPrefix(made["url"].(string), "http://weixin.qq.com/q/") {
		t.Fatalf("qrcode/create = %v", made)
	}
	picture := get(t, sim, "/cgi-bin/showqrcode"+query("ticket", ticket))
	if picture.Header().Get("Content-Type") != "image/jpg" || !strings.HasPrefix(picture.Body.String(), "\xff\xd8") {
		t.Errorf("showqrcode: %d %v", picture.Code, picture.Header())
	}
	wantStatus(t, get(t, sim, "/cgi-bin/showqrcode?ticket=x"), http.StatusNotFound) // a picture of no code
	first, err := sim.Scan(user, ticket)
	if err != nil || first.Type != "subscribe" || first.Key != "qrscene_desk-1" || first.Ticket != ticket || first.OpenID != user {
		t.Errorf("first scan = %+v, %v", first, err)
	}
	second, err := sim.Scan(user, made["url"].(string))
	if err != nil || second.Type != "SCAN" || second.Key != "desk-1" {
		t.Errorf("second scan = %+v, %v", second, err)
	}
	info := call(t, sim, "/cgi-bin/user/info"+query("access_token", accountToken(t, sim), "openid", user))
	wantFields(t, info, "subscribe_scene", "ADD_SCENE_QR_CODE", "qr_scene_str", "desk-1")
	for _, format := range []wxsim.PushFormat{wxsim.PushJSON, wxsim.PushXML} {
		message, err := sim.Message(format, second)
		if err != nil || !strings.Contains(string(message), "desk-1") || !strings.Contains(string(message), ticket) || !strings.Contains(string(message), user) {
			t.Errorf("message %s, %v", message, err)
		}
	}
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"number", `{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":123}}}`, 0},
		{"permanent", `{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":100000}}}`, 0},
		{"permanent text", `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"` + strings.Repeat("s", 64) + `"}}}`, 0},
		{"permanent over 100,000", `{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":100001}}}`, 40129},
		{"65 characters", `{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"` + strings.Repeat("s", 65) + `"}}}`, 40129},
		{"no scene", `{"action_name":"QR_STR_SCENE","action_info":{}}`, 40129},
		{"31 days", `{"expire_seconds":2678400,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`, 40097},
		{"no such action", `{"action_name":"X","action_info":{"scene":{"scene_id":1}}}`, 40097},
		{"no action_info", `{"action_name":"QR_SCENE"}`, 40097},
		{"a text as a number", `{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":"1"}}}`, 47001},
	} {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, create(tt.body), tt.want) })
	}
	short := create(`{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`)
	wantFields(t, short, "expire_seconds", 60.0)
	sim.Advance(time.Minute)
	if _, err := sim.Scan(user, short["ticket"].(string)); err == nil {
		t.Error("an expired code was scanned")
	}
	if _, err := sim.Scan("oNobody", ticket); err == nil {
		t.Error("nobody scanned a code")
	}
}

func TestUnlimitedCodes(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	path := "/wxa/getwxacodeunlimit?access_token=" + miniToken(t, sim)
	ask := func(body string) map[string]any { return post(t, sim, path, body) }
	w := do(sim, request(http.MethodPost, path, `{"scene":"`+strings.Repeat("a", 32)+`","page":"pages/desk"}`))
	require.Equal(t, "image/jpeg", w.Header().Get("Content-Type"))
	wantCode(t, ask(`{"scene":"`+strings.Repeat("a", 33)+`"}`), 40129)
	wantCode(t, ask(`{"scene":"a b"}`), 40129)
	wantCode(t, ask(`{"page":"pages/desk"}`), 40129)
	wantCode(t, ask(`{"scene":"a","page":"/pages/desk"}`), 41030)
	wantText(t, get(t, sim, "/wxsim/mini"+query("appid", sim.MiniAppID(), "scene", "a<b", "page", "pages/desk")),
		"a&lt;b", miniOpenID(sim))
}

func TestEncryptKeysOfAUser(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	key := startSession(t, sim)
	path := func() string {
		return "/wxa/business/getuserencryptkey" + query("access_token", miniToken(t, sim), "openid", miniOpenID(sim), "signature", signature(key), "sig_method", "hmac_sha256")
	}
	list := func(answer map[string]any) []any { keys, _ := answer["key_info_list"].([]any); return keys }
	first := list(call(t, sim, path()))
	require.Len(t, first, 1)
	newest := first[0].(map[string]any)
	if len(newest["iv"].(string)) != 16 || newest["version"] != 1.0 || newest["expire_in"].(float64) > 3600 {
		t.Errorf("key %v", newest)
	}
	require.Len(t, list(post(t, sim, path(), "")), 1) // by POST too
	wantCode(t, post(t, sim, path(), "{}"), 87009)    // signed over nothing, and there is a body
	for range 4 {
		sim.Advance(time.Hour)
		call(t, sim, path())
	}
	last := list(call(t, sim, path()))
	if len(last) != 3 || last[0].(map[string]any)["version"] != 5.0 || last[2].(map[string]any)["expire_in"] != 0.0 {
		t.Errorf("keys %v", last)
	}
	wantCode(t, call(t, sim, "/wxa/business/getuserencryptkey"+query("access_token", miniToken(t, sim), "openid", miniOpenID(sim), "signature", "x", "sig_method", "hmac_sha256")), 87009)
}

func TestPlatformsLogInForOthers(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true, Apps: []wxsim.App{{Kind: wxsim.Platform, AppID: "wxplatform", Secret: "s"}}})
	user := sim.Users()[0]
	ticket := sim.VerifyTicket("wxplatform")
	wantCode(t, post(t, sim, "/cgi-bin/component/api_component_token", `{"component_appid":"wxplatform","component_appsecret":"s","component_verify_ticket":"x"}`), 61006)
	token, _ := post(t, sim, "/cgi-bin/component/api_component_token", `{"component_appid":"wxplatform","component_appsecret":"s","component_verify_ticket":"`+ticket+`"}`)["component_access_token"].(string)

	ask := authorizeURL(sim, "snsapi_userinfo") + "&component_appid=wxplatform"
	back := location(t, get(t, sim, ask)).Query()
	require.Equal(t, sim.AppID(), back.Get("appid"))
	require.Equal(t, "s1", back.Get("state"))
	exchange := func(code, component string) map[string]any {
		return call(t, sim, "/sns/oauth2/component/access_token"+query("appid", sim.AppID(), "code", code, "grant_type", "authorization_code", "component_appid", "wxplatform", "component_access_token", component))
	}
	wantCode(t, exchange(back.Get("code"), "x"), 40001)
	wantCode(t, exchange(back.Get("code"), ""), 41001)
	wantCode(t, exchange(logIn(t, sim, "snsapi_base"), token), 40029) // the account's own
	wantCode(t, call(t, sim, exchangeURL(sim, back.Get("code"))), 40029)
	got := exchange(back.Get("code"), token)
	wantFields(t, got, "openid", user.OpenID, "unionid", user.UnionID)
	wantFields(t, call(t, sim, userInfoURL(got["access_token"].(string), user.OpenID)), "nickname", user.Nickname)
	refreshed := call(t, sim, "/sns/oauth2/component/refresh_token"+query("appid", sim.AppID(), "grant_type", "refresh_token", "component_appid", "wxplatform", "component_access_token", token, "refresh_token", got["refresh_token"].(string)))
	wantFields(t, refreshed, "openid", user.OpenID)
	session := call(t, sim, "/sns/component/jscode2session"+query("appid", sim.MiniAppID(), "js_code", sim.NewJSCode(user.OpenID), "grant_type", "authorization_code", "component_appid", "wxplatform", "component_access_token", token))
	wantFields(t, session, "openid", miniOpenID(sim))
	for name, tt := range map[string]struct {
		query string
		want  int
	}{
		"no appid":       {query("component_appid", "wxplatform", "component_access_token", token), 41002},
		"no platform":    {query("appid", sim.AppID(), "component_access_token", token), 41018},
		"not a platform": {query("appid", sim.AppID(), "component_appid", sim.MiniAppID(), "component_access_token", token), 40013},
		"a mini program": {query("appid", sim.MiniAppID(), "component_appid", "wxplatform", "component_access_token", token), 40013},
		"an app's token": {query("appid", sim.AppID(), "component_appid", "wxplatform", "component_access_token", accountToken(t, sim)), 40001},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(t, sim, "/sns/oauth2/component/access_token"+tt.query), tt.want) })
	}
	wantText(t, get(t, sim, authorizeURL(sim, "snsapi_base")+"&component_appid=wxnobody"), "10015")
}

func TestManyApps(t *testing.T) {
	sim := wxsim.New(wxsim.Config{
		AppID: "wxfirst", Secret: "1",
		Apps: []wxsim.App{
			{Kind: wxsim.OfficialAccount, AppID: "wxsecond", Secret: "2", Name: "第二家店", RedirectDomains: []string{"second.example"}},
			{Kind: wxsim.MiniProgram, AppID: "wxmini1", Secret: "m1"},
			{Kind: wxsim.MiniProgram, AppID: "wxmini2", Secret: "m2"},
		},
		Users: []wxsim.User{{OpenID: "oAlice", OpenIDs: map[string]string{"wxsecond": "oAlice2"}, Follows: []string{"wxsecond"}}},
	})
	if sim.AppID() != "wxfirst" || sim.MiniAppID() != "wxmini1" || sim.WebsiteAppID() == "" || len(sim.Apps()) != 5 {
		t.Errorf("apps %+v", sim.Apps())
	}
	alice := sim.Users()[0]
	require.Equal(t, "oAlice2", sim.OpenID("wxsecond", alice))
	for redirectURI, want := range map[string]string{"https://second.example/": "第二家店", callback: "10003"} {
		wantText(t, get(t, sim, "/connect/oauth2/authorize"+query("appid", "wxsecond", "redirect_uri", redirectURI,
			"response_type", "code", "scope", "snsapi_userinfo", "state", "s1")), want)
	}
	// A code and a session_key are those of the mini program whose openid is meant.
	second := sim.OpenID("wxmini2", alice)
	session := func(appID, secret, code string) map[string]any {
		return call(t, sim, "/sns/jscode2session"+query("appid", appID, "secret", secret, "js_code", code, "grant_type", "authorization_code"))
	}
	one, two := session("wxmini1", "m1", sim.NewJSCode("oAlice")), session("wxmini2", "m2", sim.NewJSCode(second))
	require.Equal(t, second, two["openid"])
	require.NotEqual(t, two["session_key"], one["session_key"])
	sealed, iv, err := sim.EncryptData(second, sim.UserData(second))
	require.NoError(t, err)
	var data struct{ Watermark struct{ AppID string } }
	if err := json.Unmarshal(open(t, two["session_key"].(string), sealed, iv), &data); err != nil || data.Watermark.AppID != "wxmini2" {
		t.Errorf("data %+v, %v", data, err)
	}
	if e, err := sim.Follow("", "oAlice2"); err != nil || e.AppID != "wxsecond" || e.OpenID != "oAlice2" {
		t.Errorf("Follow = %+v, %v", e, err)
	}
	added, err := sim.AddApp(wxsim.App{Kind: wxsim.OfficialAccount, Name: "第三家"})
	if err != nil || added.AppID == "" || sim.OpenID(added.AppID, alice) == "" {
		t.Errorf("AddApp = %+v, %v", added, err)
	}
	if _, err := sim.AddApp(wxsim.App{Kind: "shop"}); err == nil {
		t.Error("a shop was added")
	}
}

func TestAConfigThatCannotBeNamesItsFields(t *testing.T) {
	cfg := wxsim.Config{
		AppID:  "wxa",
		Apps:   []wxsim.App{{Kind: "shop"}, {Kind: wxsim.MiniProgram, AppID: "wxa"}, {Kind: wxsim.Platform, Push: &wxsim.PushTarget{URL: "x", Token: "t"}}},
		Users:  []wxsim.User{{OpenID: "o"}, {OpenID: "o", OpenIDs: map[string]string{"wxb": "x"}, Follows: []string{"wxc"}}},
		Limits: map[string]wxsim.Limit{"/nothing": {PerMinute: -1}},
	}
	err := cfg.Check()
	for _, want := range []string{"apps[0].kind", "apps[1].appid", "apps[2].push.url", "users[1].openid ", "users[1].openids.wxb", "users[1].follows[0]", "limits./nothing is no path", "limits./nothing is negative"} {
		require.ErrorContains(t, err, want)
	}
	require.Panics(t, func() { wxsim.New(cfg) })
}
