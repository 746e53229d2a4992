package wxsim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// What follows was refused here once, and real programs do it with the real WeChat. Each rule
// names where that was seen.

// States of other characters are in production, and come back as they are, not escaped again:
// aspnet-contrib/AspNet.Security.OAuth.Providers#723, Eric-Guo/wechat#131.
func TestStateMayBeAnything(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	for _, tt := range []struct{ name, state, want string }{
		{"base64url", "a-b_c", "a-b_c"},
		{"UUID", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"},
		{"JSON", `{"to":"/me?a=1"}`, `{%22to%22:%22/me?a=1%22}`}, // a browser escapes these few
		{"an escaped URL", "%2Fme%3Fa", "%2Fme%3Fa"},
		{"a new line", "a\r\nb", "a%0D%0Ab"},
		{"Chinese", "你", "%E4%BD%A0"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for path, start := range map[string]string{
				"/connect/oauth2/authorize": query("appid", sim.AppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_userinfo"),
				"/connect/qrconnect":        query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login"),
			} {
				to := get(t, sim, path+start+"&state="+url.QueryEscape(tt.state)).Header().Get("Location")
				require.True(t, strings.HasPrefix(to, callback+"&code="), path)
				require.True(t, strings.HasSuffix(to, "&state="+tt.want), path)
			}
		})
	}
}

// The tables of both pages do not require a state: aspnet-contrib#168, node-webot/wechat-oauth#17.
func TestStateMayBeAbsent(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	w := get(t, sim, "/connect/oauth2/authorize"+query("appid", sim.AppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_base"))
	if got := location(t, w).Query(); got.Get("code") == "" || got.Get("state") != "" {
		t.Errorf("it leads to %v", got)
	}
}

// Only the authorize page refuses a state over 128 bytes: WeChat's community,
// oCJUsw0CF6iit8BB96PB569XEmQk.
func TestLongStatesAreForQRLogin(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	long := strings.Repeat("a", 129)
	w := get(t, sim, "/connect/qrconnect"+query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login", "state", long))
	require.Equal(t, long, location(t, w).Query().Get("state"))
}

// markbates/goth sends the parameters of qrconnect sorted and has live users.
func TestQRLoginTakesAnyOrder(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	w := get(t, sim, "/connect/qrconnect"+query("appid", sim.WebsiteAppID(), "foo", "1", "redirect_uri", callback, "response_type", "code", "state", "s1", "scope", "snsapi_login"))
	require.NotEmpty(t, location(t, w).Query().Get("code"))
}

func TestStrictPagesSayHowToRelaxThem(t *testing.T) {
	sim := wxsim.New(wxsim.Config{RedirectDomains: []string{"shop.example.com"}})
	sorted := query("appid", sim.AppID(), "redirect_uri", callback, "response_type", "code", "state", "s1", "scope", "snsapi_base")
	for name, tt := range map[string]struct{ query, chinese, english string }{
		"order":  {sorted, "要放宽检查，请用 -lax", "start with -lax"},
		"extras": {strings.TrimPrefix(authorizeURL(sim, "snsapi_base"), "/connect/oauth2/authorize") + "&foo=1", "要放宽检查，请用 -lax", "start with -lax"},
		"twice":  {strings.TrimPrefix(authorizeURL(sim, "snsapi_base"), "/connect/oauth2/authorize") + "&state=2", "要放宽检查，请用 -lax", "start with -lax"},
		"state":  {strings.TrimPrefix(authorizeURL(sim, "snsapi_base"), "/connect/oauth2/authorize") + strings.Repeat("a", 129), "要放宽检查，请用 -lax", "start with -lax"},
		"domain": {strings.Replace(sorted, "shop.", "other.", 1), "要放宽检查，请用 -lax", "start with -lax"}, // the order is looked at first
		"host":   {strings.Replace(strings.TrimPrefix(authorizeURL(sim, "snsapi_base"), "/connect/oauth2/authorize"), "shop.", "other.", 1), "要放行它，请修改 -domains", "-domains allows it"},
	} {
		for lang, want := range map[string]string{"zh-CN": tt.chinese, "en": tt.english} {
			r := httptest.NewRequest(http.MethodGet, "/connect/oauth2/authorize"+tt.query, nil)
			r.Header.Set("Accept-Language", lang)
			w := do(sim, r)
			if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s, %s: status %d; want a page that says %s: %s", name, lang, w.Code, want, body)
			}
		}
	}
	require.NoError(t, sim.Switch("lax", true))
	wantStatus(t, get(t, sim, "/connect/oauth2/authorize"+sorted), http.StatusFound) // with the switch on
	require.Error(t, sim.Switch("nonsense", true), "there is a switch called nonsense")
}

// The table of bankcardocr says number and a numeric errcode, its sample says id.
func TestBankCardIDIsASwitch(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	ask := func() map[string]any {
		return call(t, sim, "/cv/ocr/bankcard"+query("access_token", miniToken(t, sim), "img_url", "https://example.com/a.png"))
	}
	if got := ask(); got["errcode"] != 0.0 || got["number"] == nil || got["id"] != nil {
		t.Errorf("answer %v", got)
	}
	require.NoError(t, sim.Switch("bankcard-id", true))
	if got := ask(); got["errcode"] != 0.0 || got["id"] == nil || got["number"] != nil {
		t.Errorf("answer %v with the switch on", got)
	}
}

// WxJava looks for the quotes of Content-disposition, and for an extension.
func TestMediaHaveAQuotedNameWithAnExtension(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, tt := range []struct{ name, contentType, want string }{
		{"", "image/jpeg", "ID.jpg"},
		{"a.png", "image/png", "a.png"},
		{`a".gif`, "image/gif", "a.gif"},
		{"", "application/x-unknown", "ID.bin"},
	} {
		id := sim.AddMedia(tt.name, tt.contentType, []byte(gif))
		w := get(t, sim, "/cgi-bin/media/get"+query("access_token", miniToken(t, sim), "media_id", id))
		want := `attachment; filename="` + strings.Replace(tt.want, "ID", id, 1) + `"`
		require.Equal(t, want, w.Header().Get("Content-Disposition"))
	}
}

// The official curl sample with img_url is a GET; WxJava sent GET, and the file in a field called
// "file", for years.
func TestPicturesMayComeByGetAndInAnyField(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, path := range []string{"/cv/ocr/idcard", "/cv/ocr/bankcard", "/cv/ocr/comm", "/cv/img/qrcode", "/cv/img/superresolution"} {
		target := path + "?access_token=" + miniToken(t, sim)
		wantCode(t, call(t, sim, target+"&img_url=https%3A%2F%2Fexample.com%2Fa.png"), 0)
		wantCode(t, reply(t, do(sim, uploadRequest(t, target, "file", "a.gif", "image/gif", gif))), 0)
		empty := request(http.MethodPost, target+"&img_url=https%3A%2F%2Fexample.com%2Fa.png", "")
		empty.Header.Set("Content-Type", "multipart/form-data; boundary=b") // of a form without fields
		wantCode(t, reply(t, do(sim, empty)), 0)
	}
}

// django-allauth posts everything in a form, and Auth.js what is the same in any OAuth:
// nextauthjs/next-auth#12655 is about the content type of the answer.
func TestCodesMayBePosted(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	send := func(query string, form url.Values, contentType string) map[string]any {
		r := request(http.MethodPost, "/sns/oauth2/access_token"+query, form.Encode())
		r.Header.Set("Content-Type", contentType)
		return reply(t, do(sim, r))
	}
	const formType = "application/x-www-form-urlencoded;charset=UTF-8"
	user := sim.Users()[0].OpenID
	app := []string{"appid", sim.AppID(), "secret", sim.Secret()}
	grant := func() url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {sim.NewCode(sim.AppID(), user, "snsapi_base")}, "redirect_uri": {callback}}
	}
	wantFields(t, send(query(app...), grant(), formType), "openid", user) // Auth.js
	all := grant()
	all.Set("appid", sim.AppID())
	all.Set("secret", sim.Secret())
	wantFields(t, send("", all, formType), "openid", user) // django-allauth
	wantCode(t, send("", all, formType), 40163)
	wantCode(t, send("", all, "text/plain"), 41002)
	wantCode(t, send(query(app...), nil, formType), 41008)
}

// DotNetCore.SKIT.FlurlHttpClient.Wechat and nest-wechat send POST.
func TestActivitiesMayBePosted(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	if got := post(t, sim, "/cgi-bin/message/wxopen/activityid/create?access_token="+miniToken(t, sim), `{}`); got["activity_id"] == nil || got["errcode"] != 0.0 {
		t.Errorf("answer %v", got)
	}
}

// Content security reads an escape as the six characters that it is written with (WeChat's staff,
// in its community); elsewhere such a body is refused.
func TestEscapesAreNotDecoded(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	startSession(t, sim)
	verdict := func(content string) any {
		answer := post(t, sim, "/wxa/msg_sec_check?access_token="+miniToken(t, sim), `{"content":"`+content+`","version":2,"scene":2,"openid":"`+miniOpenID(sim)+`"}`)
		result, _ := answer["result"].(map[string]any)
		return result["suggest"]
	}
	for content, want := range map[string]string{
		"违规": "risky", `\"违规\/`: "risky", `\u8fdd\u89c4`: "pass", `\\u8fdd\u89c4`: "pass",
		strings.Repeat(`\u8fdd`, 416): "pass", // 2,496 characters
	} {
		require.Equal(t, want, verdict(content), content)
	}
	require.Nil(t, verdict(strings.Repeat(`\u8fdd`, 417)))
	wantCode(t, post(t, sim, "/wxa/genwxashortlink?access_token="+miniToken(t, sim), `{"page_url":"pages/index?a=1\u0026b=2"}`), 40033)
	wantCode(t, post(t, sim, "/wxa/genwxashortlink?access_token="+miniToken(t, sim), `{"page_url":"pages/index?a=1&b=2"}`), 0)
}

// version as a text was answered 0 in a live call, as WxJava sends it; without it both checks
// are of version 1, which still answers 0 or 87014.
func TestContentChecksOfBothVersions(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token, openID := miniToken(t, sim), miniOpenID(sim)
	startSession(t, sim)
	text := func(body string) map[string]any { return post(t, sim, "/wxa/msg_sec_check?access_token="+token, body) }
	if got := text(`{"content":"hi","version":"2","scene":2,"openid":"` + openID + `"}`); got["errcode"] != 0.0 || got["result"] == nil {
		t.Errorf("version as a text: %v", got)
	}
	for _, version := range []string{"", `,"version":1`, `,"version":"1"`} {
		wantFields(t, text(`{"content":"hi"`+version+`}`), "errcode", 0.0, "result", nil)
		wantCode(t, text(`{"content":"risky"`+version+`}`), 87014)
	}
	for version, want := range map[string]string{`,"version":"2","scene":1,"openid":"` + openID + `"`: "result", "": "isrisky"} {
		id := post(t, sim, "/wxa/media_check_async?access_token="+token, `{"media_url":"https://example.com/a.png","media_type":2`+version+`}`)["trace_id"].(string)
		var event map[string]any
		if err := json.Unmarshal(sim.MediaCheckEvent(wxsim.PushJSON, openID, id, "risky"), &event); err != nil || event[want] == nil || event["trace_id"] != id {
			t.Errorf("push about version %q: %v, %v; want %s", version, event, err, want)
		}
		require.Contains(t, string(sim.MediaCheckEvent(wxsim.PushXML, openID, id, "risky")), "<"+want+">", version)
	}
}

// getUserProfile answers the same of everybody since 2022-11-08.
func TestProfilesAreGreyUnlessTheClientIsOld(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	startSession(t, sim)
	name := func() any {
		raw, _, err := sim.RawData(miniOpenID(sim))
		var profile map[string]any
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(raw), &profile))
		return profile["nickName"]
	}
	require.Equal(t, "微信用户", name())
	require.NoError(t, sim.Switch("old-profiles", true))
	require.Equal(t, "小明", name())
}

// Reports of tickets that say 7200 and are half over: easywechat#1580, #1771.
func TestATicketMayAlwaysSay7200(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token := call(t, sim, "/cgi-bin/token"+query("grant_type", "client_credential", "appid", sim.AppID(), "secret", sim.Secret()))["access_token"].(string)
	ask := func() map[string]any {
		return call(t, sim, "/cgi-bin/ticket/getticket"+query("access_token", token, "type", "jsapi"))
	}
	first := ask()
	sim.Advance(90 * time.Minute)
	if got := ask(); got["expires_in"].(float64) > 1800 || got["ticket"] != first["ticket"] {
		t.Errorf("ticket %v; want what is left of it", got)
	}
	require.NoError(t, sim.Switch("full-tickets", true))
	wantFields(t, ask(), "expires_in", 7200.0, "ticket", first["ticket"])
}

// Samples of WeChat's own have blanks round CDATA.
func TestPushesMayHaveBlanks(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	event := sim.AuthorizationEvent(wxsim.PushXML, "user_info_modified", miniOpenID(sim))
	r, err := sim.NewPush(t.Context(), "http://app.example/push", wxsim.PushConfig{Token: "t", Mode: wxsim.PushPlain, Blanks: true}, event)
	require.NoError(t, err)
	body := make([]byte, r.ContentLength)
	if _, err := r.Body.Read(body); err != nil || !strings.Contains(string(body), "<Event> <![CDATA[user_info_modified]]> </Event>") {
		t.Errorf("body %s, %v", body, err)
	}
}
