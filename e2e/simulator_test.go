package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// authorizeURL is the address of a consent page that calls the simulator's own demonstration back.
func authorizeURL(sim *wxsim.Server, scope string) string {
	return sim.URL + "/connect/oauth2/authorize?appid=" + sim.AppID() + "&redirect_uri=" + url.QueryEscape(sim.URL+"/wxsim/landing") +
		"&response_type=code&scope=" + scope + "&state=s1#wechat_redirect"
}

func qrURL(sim *wxsim.Server) string {
	return sim.URL + "/connect/qrconnect?appid=" + sim.WebsiteAppID() + "&redirect_uri=" + url.QueryEscape(sim.URL+"/wxsim/landing") +
		"&response_type=code&scope=snsapi_login&state=s1"
}

// unfold opens all that can be folded out.
func unfold() chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => { d.open = true })`)
}

// The simulator is what people without a WeChat account see first.
func TestLookOfSimulator(t *testing.T) {
	sim := simulate(t)
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)

	g.open(sim.URL)
	g.look("sim-home-new")

	g.open(authorizeURL(sim, "snsapi_userinfo"))
	g.look("sim-consent")
	sim.AddUser(wxsim.User{Nickname: strings.Repeat("W", 32), Snapshot: true, NoUnionID: true})
	host := strings.Repeat("a-label-of-a-long-name.", 5) + "example"
	g.open(sim.URL + "/connect/oauth2/authorize?appid=" + sim.AppID() + "&redirect_uri=" + url.QueryEscape("https://"+host+"/"+strings.Repeat("x", 100)) +
		"&response_type=code&scope=snsapi_userinfo&state=" + strings.Repeat("s", 128) + "#wechat_redirect")
	g.look("sim-consent-open", unfold())
	g.open(authorizeURL(sim, "snsapi_userinfo"))
	g.click(refuse)
	g.look("sim-landing-refused")
	g.open(authorizeURL(sim, "snsapi_base"))
	g.look("sim-landing")
	g.open(sim.URL + "/connect/oauth2/authorize?appid=wx")
	g.look("sim-error")
	g.open(sim.URL + "/wxsim/scan?ticket=none")
	g.look("sim-error-link")

	// The page that calls back twice leaves at once by its script.
	call(g.tab, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/wxsim/page.js", Block: true}}})
	sim.DoubleCallback(wxsim.CallbackOtherCode)
	g.open(authorizeURL(sim, "snsapi_base"))
	g.look("sim-twice")
}

func TestLookOfSimulatedScan(t *testing.T) {
	sim := simulate(t)
	desktop, phone := newGallery(newProfile(t, desktopAgent), desktopAgent), newGallery(newProfile(t, wechatAgent), wechatAgent)
	desktop.open(qrURL(sim))
	desktop.look("sim-qr")
	scan := func() {
		desktop.open(qrURL(sim))
		phone.open(eval[string](desktop.tab, `document.querySelector("a.button").href`))
	}
	scan()
	phone.look("sim-scanned")
	desktop.do(chromedp.Poll[chromedp.Void](`document.querySelector("[role=status]").innerText.startsWith("扫描成功")`))
	desktop.lookOnce("sim-qr-scanned", "zh")
	ticket := phone.url()
	phone.click(allow)
	desktop.until(`location.pathname === "/wxsim/landing"`)
	phone.open(ticket)
	phone.look("sim-scan-done")
	scan()
	ticket = phone.url()
	phone.click(refuse)
	phone.open(ticket)
	phone.look("sim-scan-refused")
}

// What the phone shows after a scan of the codes of accounts and mini programs.
func TestLookOfScannedCodes(t *testing.T) {
	sim := simulate(t)
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)
	scanned := func(name string) {
		t.Helper()
		token := ask(t, sim, http.MethodGet, "/cgi-bin/token?grant_type=client_credential&appid="+sim.AppID()+"&secret="+sim.Secret(), "")["access_token"].(string)
		code := ask(t, sim, http.MethodPost, "/cgi-bin/qrcode/create?access_token="+token, `{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"desk"}}}`)["url"].(string)
		g.open(code)
		g.look(name)
	}
	scanned("sim-account")
	g.click("button.primary")
	g.look("sim-account-no-push")
	scanned("sim-account-followed")
	g.open(sim.URL + "/wxsim/mini?appid=" + sim.MiniAppID() + "&scene=aweL8HlpiZOZVBunEb0gv_mCUYc-soay&page=pages/desk")
	g.look("sim-mini")
}

// ask calls an API of the simulator.
func ask(t *testing.T, sim *wxsim.Server, method, path, body string) (fields map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, sim.URL+path, strings.NewReader(body))
	sim.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &fields); err != nil {
		t.Fatalf("%s: %s: %v", path, w.Body, err)
	}
	return fields
}

// The simulator's own page after some use, and what its forms show.
func TestLookOfSimulatorHome(t *testing.T) {
	sim := simulate(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.FormValue("echostr") + "success"))
	}))
	defer app.Close()

	sim.AddUser(wxsim.User{Nickname: strings.Repeat("W", 32), Snapshot: true, NoUnionID: true})
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)
	g.open(authorizeURL(sim, "snsapi_base"))
	g.leave(chromedp.Click(chromedp.CSS("a.primary")))
	g.leave(chromedp.Reload()) // the code is used
	sim.Fail("/sns/userinfo", wxsim.Status(http.StatusBadGateway), 3)
	sim.Fail(wxsim.AnyPath, wxsim.Code(45009))
	sim.Fail("/wxa/business/getuserphonenumber", wxsim.Delay(time.Minute).Then(wxsim.Reset()))
	sim.Advance(26 * time.Hour)
	g.open(sim.URL + "/?voided=" + sim.Users()[0].OpenID)
	g.look("sim-home", unfold())

	for _, lang := range languages {
		g.speak(g.agent, lang)
		for _, tt := range []struct{ name, url string }{{"sim-pushed", app.URL}, {"sim-push-failed", "http://127.0.0.1:1/"}} {
			g.open(sim.URL)
			g.do(chromedp.SetValue(chromedp.CSS("[name=url]"), tt.url), chromedp.SetValue(chromedp.CSS("[name=token]"), "t"), chromedp.SetValue(chromedp.CSS("[name=mode]"), "plain"))
			g.click("button[value=send]")
			g.lookOnce(tt.name, lang)
		}
	}
}

// One person at one desk plays the desktop and the phone, in one browser: the simulated phone has
// WeChat's User-Agent and cookies of its own.
func TestOnePersonPlaysBothDevices(t *testing.T) {
	sim := simulate(t)
	app := startWith(t, "nethttp", sim, "DESK=1", "ANY_BROWSER=0")
	desktop := newProfile(t, desktopAgent)
	desktop.open(app + "/me")
	link, number := eval[string](desktop, `document.querySelector("#desk-link").href`), desktop.text("#desk-number")
	phone := desktop.another(desktopAgent)
	phone.open(sim.URL + "/wxsim/phone?open=" + url.QueryEscape(link))
	phone.click(allow)
	require.False(t, strings.HasPrefix(phone.url(), app), phone.url())
	desktop.leave(chromedp.Func(func(context.Context, *chromedp.Target) error { // by itself, when the phone has decided
		phone.click(`button[name=number][value="` + number + `"]`) //nolint:contextcheck // the tab has its own
		return nil
	}))
	require.Equal(t, "小明", desktop.text("h1"), desktop.url())
}

// Plain http from another machine: the browser sends no Sec-Fetch-Site, so the forms must come
// with an Origin.
func TestSimulatorOnAnotherMachine(t *testing.T) {
	sim := simulate(t)
	remote := strings.Replace(sim.URL, "127.0.0.1", "lan.test", 1)
	app := startWith(t, "nethttp", sim, "WECHAT_OPEN_URL="+remote)
	tb := newProfile(t, wechatAgent)
	tb.open(app + "/me")
	require.True(t, strings.HasPrefix(tb.url(), remote+"/connect/"), tb.url())
	tb.do(pick("李雷"))
	tb.click(allow)
	tb.at(app+"/me", "李雷")

	tb.open(remote)
	if status := tb.click("button[value='2h']"); status != http.StatusOK || !strings.Contains(tb.text(".clock + p"), "2 小时") {
		t.Errorf("the clock's form: status %d, %s", status, tb.text("body"))
	}
}

// The page at / follows what happens, and leaves alone what a person is reading.
func TestSimulatorIsLive(t *testing.T) {
	sim := simulate(t)
	sim.Fail("/sns/auth", wxsim.Code(45009), 1)
	tb := newProfile(t, desktopAgent)
	zone := abroad(tb)
	ask := func(path string) {
		sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	ask("/sns/userinfo")
	tb.open(sim.URL)
	tb.do(chromedp.Click(chromedp.CSS(".log summary")))
	ask("/sns/auth")
	tb.do(chromedp.Poll[chromedp.Void](`document.querySelectorAll(".log li").length == 2 && document.querySelector(".faults").innerText == "没有故障"`))
	require.Equal(t, "GET /sns/auth", tb.text(".log summary code"))
	if got := tb.text(".log details[open]"); !strings.Contains(got, "GET /sns/userinfo") || !strings.Contains(got, "41001") {
		t.Errorf("open is %q; want the older call, which was open before", got)
	}
	require.Contains(t, tb.text(".log summary:focus"), "/sns/userinfo")
	if got := tb.text("[data-news]"); !strings.Contains(got, "GET /sns/auth") || !strings.Contains(got, "45009") {
		t.Errorf("a screen reader is told %q; want the new call", got)
	}
	for i, call := range sim.Log() {
		require.Equal(t, call.At.In(zone).Format("15:04:05"), tb.text(fmt.Sprintf(".log li:nth-last-child(%d) time", i+1)))
	}
	before := tb.text("[data-clock]")
	shown, err := time.ParseInLocation(time.DateTime, before, zone)
	require.NoError(t, err)
	require.WithinDuration(t, sim.Now(), shown, time.Minute)
	tb.do(chromedp.Poll[chromedp.Void](`document.querySelector("[data-clock]").innerText != "` + before + `"`))
	sim.Close()
	tb.do(chromedp.Poll[chromedp.Void](`document.querySelector("[data-live]").innerText == "模拟器没有应答"`))
}

// The credentials go into the clipboard, where the browser lets a page fill it.
func TestSimulatorCopies(t *testing.T) {
	sim := simulate(t)
	tb := newProfile(t, desktopAgent)
	tb.open(sim.URL)
	tb.do(chromedp.Click(chromedp.CSS("[data-copy]")), chromedp.Poll[chromedp.Void](`document.querySelector("[data-copy]").innerText == "已复制"`))
	require.Equal(t, "已复制", tb.text("[data-news]"))
}

// A person without a mouse commands the simulator, and answers on the phone.
func TestSimulatorByKeyboard(t *testing.T) {
	sim := simulate(t)
	tb := newProfile(t, desktopAgent)
	tb.open(sim.URL)
	before := sim.Now()
	tb.enter("+2 小时 access_token")
	if moved := sim.Now().Sub(before); moved < 2*time.Hour {
		t.Errorf("the clock moved by %v", moved)
	}
	tb.enter("打开")
	require.Contains(t, tb.text(".faults"), "errcode 45009")
	tb.enter("清除")
	require.Equal(t, "没有故障", tb.text(".faults"))
	tb.open(qrURL(sim))
	tb.open(eval[string](tb, `document.querySelector("a.button").href`))
	tb.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.ArrowDown))
	if got, want := eval[string](tb, `document.querySelector(":checked:focus").value`), sim.Users()[1].OpenID; got != want {
		t.Errorf("the arrow chose %s; want the second user %s", got, want)
	}
	tb.leave(chromedp.KeyEvent(kb.Enter)) // allows
	tb.at(tb.url(), "已登录")
	tb.enter("在这里继续电脑上的网页")
	tb.at(tb.url(), "已跳回你的程序")
}
