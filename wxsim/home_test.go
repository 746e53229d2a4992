package wxsim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestHomeTellsWhatANewcomerNeeds(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	call(t, sim, "/sns/auth?openid=o%3Cb%3E1")
	get(t, sim, authorizeURL(sim, "snsapi_base"))
	sim.Fail("/sns/userinfo", wxsim.Status(502), 3)
	sim.Fail(wxsim.AnyPath, wxsim.Hang())
	wantText(t, get(t, sim, "http://sim.test:8081/"),
		"WECHAT_API_URL=http://sim.test:8081", "WECHAT_APPID="+sim.AppID(), "WECHAT_SECRET="+sim.Secret(),
		"WECHAT_WEBSITE_APPID="+sim.WebsiteAppID(), "WECHAT_MINI_SECRET="+sim.MiniSecret(),
		sim.Users()[0].OpenID, "GET /sns/auth", "41001", "status 502", "×3", "hang", "openid=o&lt;b&gt;1", "→ "+callback[:20],
	)
	list := get(t, sim, "/wxsim/live").Body.String()
	require.Contains(t, list, "GET /sns/auth")
	require.NotContains(t, list, "<html")
	if n := sim.Calls("/"); n != 0 || len(sim.Log()) != 2 {
		t.Errorf("the simulator's own pages were counted as calls: %d, %d", n, len(sim.Log()))
	}
}

func TestHomeListsTheLastFiftyCallsOfAnyKind(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for range 60 {
		get(t, sim, "/sns/auth")
	}
	sim.Fail("/sns/userinfo", wxsim.Body(200, "image/jpeg", "\xff\xd8"))
	get(t, sim, "/sns/userinfo")
	get(t, sim, "/connect/oauth2/authorize")
	list := get(t, sim, "/wxsim/live")
	require.Equal(t, 50, strings.Count(list.Body.String(), "<details>"), "calls listed")
	wantText(t, list, `data-key="62"`, `data-key="13"`) // each keeps its number, by which the page knows it again
	wantText(t, list, "（二进制）", "（网页）", "{\n  &#34;errcode&#34;: 41001,")
}

func TestHomeChangesTheWorld(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true, Users: wxsim.MadeUpUsers(2)})
	second := sim.Users()[1]
	press := func(path string, form url.Values) *httptest.ResponseRecorder {
		t.Helper()
		w := submit(sim, path, form)
		wantStatus(t, w, http.StatusSeeOther)
		return w
	}
	press("/wxsim/users", url.Values{"do": {"add"}, "nickname": {"新"}, "phone": {"+1 2025550100"}, "snapshot": {"1"}, "nounionid": {"1"}})
	if u := sim.Users()[2]; u.Nickname != "新" || u.Phone != "+1 2025550100" || !u.Snapshot || !u.NoUnionID {
		t.Errorf("added %+v", u)
	}
	owner := press("/wxsim/users", url.Values{"do": {"own"}, "user": {second.OpenID}}).Header().Get("Set-Cookie")
	require.True(t, strings.HasPrefix(owner, "wxsim_user="+second.OpenID+";"), owner)
	access, _, openID := tokens(t, sim, "snsapi_userinfo")
	voided := press("/wxsim/users", url.Values{"do": {"revoke"}, "user": {openID}}).Header().Get("Location")
	require.Equal(t, 1, strings.Count(get(t, sim, strings.TrimSuffix(voided, "#users")).Body.String(), "令牌已失效"), voided)
	wantCode(t, call(t, sim, userInfoURL(access, openID)), 42007)

	before := sim.Now()
	press("/wxsim/advance", url.Values{"by": {"720h"}})
	require.GreaterOrEqual(t, sim.Now().Sub(before), 720*time.Hour)
	press("/wxsim/advance", url.Values{"by": {"2h5m1s"}})
	wantText(t, get(t, sim, "/"), "比真实时间快 30 天 2 小时 5 分钟 1 秒")
	press("/wxsim/fail", url.Values{"path": {"/sns/auth"}, "fault": {"code"}, "number": {"45009"}, "times": {"1"}})
	press("/wxsim/fail", url.Values{"path": {"*"}, "fault": {"code"}, "number": {"-1"}})
	wantCode(t, call(t, sim, "/sns/auth"), 45009)
	wantCode(t, call(t, sim, "/sns/auth"), -1)
	press("/wxsim/clear", url.Values{"path": {"*"}})
	wantCode(t, call(t, sim, "/sns/auth"), 41001)
	press("/wxsim/fail", url.Values{"path": {"/sns/auth"}, "fault": {"empty"}, "times": {"1"}}) // takes no number
	require.Empty(t, get(t, sim, "/sns/auth").Body.String())
	press("/wxsim/reset", nil)
	require.Empty(t, sim.Log(), "after a reset")
}

func TestHomeRefusesNonsense(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for name, tt := range map[string]struct {
		path string
		form url.Values
		want int
	}{
		"no duration":     {"/wxsim/advance", url.Values{"by": {"soon"}}, http.StatusBadRequest},
		"unknown fault":   {"/wxsim/fail", url.Values{"path": {"*"}, "fault": {"x"}, "number": {"1"}}, http.StatusBadRequest},
		"unknown path":    {"/wxsim/fail", url.Values{"path": {"/x"}, "fault": {"html"}, "number": {"1"}}, http.StatusBadRequest},
		"no number":       {"/wxsim/fail", url.Values{"path": {"*"}, "fault": {"delay"}}, http.StatusBadRequest},
		"no such status":  {"/wxsim/fail", url.Values{"path": {"*"}, "fault": {"status"}, "number": {"99"}}, http.StatusBadRequest},
		"too long a form": {"/wxsim/consent", url.Values{"query": {strings.Repeat("x", 65<<10)}}, http.StatusBadRequest},
		"unknown page":    {"/wxsim/nothing", nil, http.StatusNotFound},
	} {
		require.Equal(t, tt.want, submit(sim, tt.path, tt.form).Code, name)
	}
	// The page says what is wrong, and leads back.
	wantText(t, submit(sim, "/wxsim/fail", url.Values{"path": {"/x"}, "fault": {"html"}}), "path is no path",
		`href="/"`)
	for _, path := range []string{"/wxsim/advance", "/wxsim/fail", "/wxsim/users", "/wxsim/consent"} {
		wantStatus(t, get(t, sim, path), http.StatusMethodNotAllowed)
	}
}

// Browsers on another machine send no Sec-Fetch-Site over plain http, only an Origin, and that
// only if the page's policy lets them.
func TestFormsWorkFromAnotherMachine(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, path := range []string{"/", authorizeURL(sim, "snsapi_userinfo"), "/wxsim/landing"} {
		require.Equal(t, "same-origin", get(t, sim, path).Header().Get("Referrer-Policy"), path)
	}
	for origin, want := range map[string]int{
		"http://192.168.1.5:8081": http.StatusSeeOther,
		"http://192.168.1.5:8080": http.StatusForbidden, // the app beside it
		"http://evil.example":     http.StatusForbidden,
		"null":                    http.StatusForbidden,
	} {
		r := httptest.NewRequest(http.MethodPost, "/wxsim/advance", strings.NewReader("by=5m"))
		r.Host = "192.168.1.5:8081"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		require.Equal(t, want, do(sim, r).Code, origin)
	}
}

func TestLandingShowsTheCallback(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	code := sim.NewCode(sim.WebsiteAppID(), sim.Users()[0].OpenID, "snsapi_login")
	wantText(t, get(t, sim, "/wxsim/landing?code="+code+"&state=s1"),
		"appid="+sim.WebsiteAppID()+"&amp;secret="+sim.WebsiteSecret()+"&amp;code="+code) // leads to the exchange
	wantText(t, get(t, sim, "/wxsim/landing?state=s1"), "没有 code")
}

func TestHomePushes(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, r.URL.Query().Get("echostr"))
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	defer app.Close()
	form := func(pairs ...string) url.Values {
		f := url.Values{"url": {app.URL}, "token": {pushToken}, "mode": {"plain"}, "format": {"JSON"}, "event": {"wxa_media_check"}, "do": {"send"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for name, tt := range map[string]struct {
		form url.Values
		want string
	}{
		"JSON":            {form(), "wxa_media_check"},
		"XML":             {form("format", "XML", "event", "user_info_modified"), "&lt;xml&gt;"},
		"compat":          {form("mode", "compat", "key", pushKey), "Encrypt"},
		"verify":          {form("do", "verify"), "echostr ✓"},
		"bad key":         {form("mode", "safe", "key", "x"), "EncodingAESKey"},
		"nobody there":    {form("url", "http://127.0.0.1:1/"), "refused"},
		"nobody verifies": {form("url", "http://127.0.0.1:1/", "do", "verify"), "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			w := submit(sim, "/wxsim/push", tt.form)
			wantStatus(t, w, http.StatusOK)
			wantText(t, w, tt.want)
		})
	}
}

// Browsers ask for it on their own when they show an answer: no call of an app, and nothing that a
// fault should be spent on.
func TestTheIconIsNoCall(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	sim.Fail(wxsim.AnyPath, wxsim.Code(45009), 1)
	if w := get(t, sim, "/favicon.ico"); w.Code != http.StatusNoContent || len(sim.Log()) != 0 {
		t.Errorf("status %d, %d calls; want 204 and none", w.Code, len(sim.Log()))
	}
	wantCode(t, call(t, sim, "/sns/auth"), 45009)
}

func TestScriptIsServed(t *testing.T) {
	w := get(t, wxsim.New(wxsim.Config{}), "/wxsim/page.js")
	wantStatus(t, w, http.StatusOK)
	wantText(t, w, "use strict")
}
