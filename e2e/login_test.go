package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A newcomer runs an example with nothing set, opens it in a browser and clicks around.
func TestNewcomer(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app, sim := startAlone(t, framework)
		tb := newProfile(t, desktopAgent)
		tb.open(app)
		tb.at(app+"/", "用微信登录")
		tb.click(`a[href^="/wechat/login"]`)
		if !strings.HasPrefix(tb.url(), sim+"/connect/oauth2/authorize?") {
			t.Fatalf("the login link led to %s", tb.url())
		}
		tb.click(allow)
		tb.at(app+"/", "你好，小明")
		tb.click(`a.primary[href="/me"]`)
		tb.at(app+"/me", "小明")
		if width := eval[int](tb, `document.querySelector(".avatar img").decode().then(() => document.querySelector(".avatar img").naturalWidth)`); width == 0 {
			t.Error("the avatar is not shown")
		}
		tb.click(`form[action="/wechat/logout"] button`)
		tb.at(app+"/", "用微信登录")
		tb.click(`nav a[href="/base"]`)
		tb.at(app+"/base", "静默登录")
		if got := tb.text("dd"); !strings.HasPrefix(got, "o") || strings.Contains(tb.text("body"), "小明") {
			t.Errorf("/base shows %s", tb.text("body"))
		}
		if got := tb.asked(sim + "/wxsim/consent"); len(got) != 1 {
			t.Errorf("the consent form was sent %d times, want once: /base asks nobody", len(got))
		}
		tb.click(`main a[href="/"]`)
		tb.at(app+"/", "你已静默登录")
		tb.click(`nav a[href="/me"]`)
		tb.click(allow)
		tb.at(app+"/me", "小明")
	})
}

func TestRefuse(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me?a=1")
		if status := tb.click(refuse); status != 403 {
			t.Errorf("status %d after a refusal, want 403", status)
		}
		if got := tb.text("h1"); got != "未完成授权" {
			t.Errorf("after a refusal the page says %q", got)
		}
		tb.click("a.button")
		tb.click(allow)
		tb.at(app+"/me?a=1", "小明")
	})
}

// WeChat's code leaves the address with the error page, and what is there tries again.
func TestAddressOfAnErrorPage(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		sim := simulate(t)
		app := startWith(t, framework, sim)
		sim.Fail("/sns/oauth2/access_token", wxsim.Status(502), 1)
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me?a=1")
		if status := tb.click(allow); status != 502 {
			t.Errorf("status %d, want 502", status)
		}
		if got := tb.url(); got != app+"/me?a=1" {
			t.Errorf("the browser is at %s", got)
		}
		if n := sim.Calls("/sns/oauth2/access_token"); n != 1 {
			t.Errorf("%d exchanges", n)
		}
		tb.click("a.button")
		tb.click(allow)
		tb.at(app+"/me?a=1", "小明")
	})
}

func TestSwitchUser(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me")
		tb.click(allow)
		tb.at(app+"/me", "小明")
		first := tb.text("dd")
		tb.click(`form[action="/wechat/logout"] button`)
		tb.open(app + "/me")
		tb.do(pick("韩梅梅"))
		tb.click(allow)
		tb.at(app+"/me", "韩梅梅")
		if second := tb.text("dd"); second == first {
			t.Errorf("both users have the openid %s", first)
		}
	})
}

func TestSnapshotPage(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me")
		tb.do(chromedp.Click(chromedp.CSS(".sim summary")))
		if status := tb.click(snapshot); status != 403 {
			t.Errorf("status %d on a snapshot page, want 403", status)
		}
		if got := tb.text("h1"); got != "请打开完整页面" {
			t.Errorf("on a snapshot page it says %q", got)
		}
		tb.open(app)
		tb.at(app+"/", "用微信登录")
	})
}

func TestDoubleCallback(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		sim := simulate(t)
		app := startWith(t, framework, sim)
		for _, tt := range []struct {
			name, value string
		}{{"one code", "same"}, {"two codes", "other"}} {
			tb := newProfile(t, wechatAgent)
			before := sim.Calls("/sns/oauth2/access_token")
			tb.open(app + "/me")
			tb.do(chromedp.SetValue(chromedp.CSS("#callbacks"), tt.value))
			tb.click(allow)
			tb.do(chromedp.WaitVisible(chromedp.CSS("dl")))
			tb.at(app+"/me", "小明")
			if got := len(tb.asked(app + "/me?code=")); got != 2 {
				t.Errorf("%s: the browser called back %d times, want 2", tt.name, got)
			}
			if got := sim.Calls("/sns/oauth2/access_token") - before; got != 1 {
				t.Errorf("%s: %d exchanges, want 1", tt.name, got)
			}
		}
	})
}

func TestFiveTabs(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tabs := []*tab{newProfile(t, wechatAgent)}
		for range 4 {
			tabs = append(tabs, tabs[0].another(wechatAgent))
		}
		page := func(i int) string { return app + "/me?tab=" + string(rune('a'+i)) }
		for i, tb := range tabs {
			tb.open(page(i))
		}
		for _, i := range []int{3, 0, 4, 1, 2} {
			tabs[i].click(allow)
			tabs[i].at(page(i), "小明")
		}
		for i, tb := range tabs {
			tb.leave(chromedp.Reload())
			tb.at(page(i), "小明")
		}
	})
}

func TestBackAndReload(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app)
		tb.open(app + "/me")
		tb.click(allow)
		tb.at(app+"/me", "小明")

		// Back is the consent page, where people tap once more.
		tb.do(chromedp.NavigateBack())
		tb.click(allow)
		tb.at(app+"/me", "小明")

		// The callback itself, from the history of the webview.
		callbacks := tb.asked(app + "/me?code=")
		if len(callbacks) != 2 {
			t.Fatalf("%d callbacks, want 2", len(callbacks))
		}
		for _, callback := range callbacks {
			tb.open(callback)
			tb.at(app+"/me", "小明")
		}

		// Somebody who was sent the link with the code does not become 小明.
		other := newProfile(t, wechatAgent)
		other.open(callbacks[0])
		if got := other.text("h1"); got == "小明" {
			t.Error("a shared callback signed a stranger in")
		}
	})
}

// WeChat's webview forgets cookies: the login starts again without a word, and in the end says
// what is wrong.
func TestLostCookies(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me")
		forget := func() { call(tb, network.ClearBrowserCookies, cdp.Empty{}) }
		for range 2 {
			forget()
			tb.click(allow)
			if strings.HasPrefix(tb.url(), app) {
				t.Fatalf("after a lost cookie at %s: %s", tb.url(), tb.text("body"))
			}
		}
		forget()
		if status := tb.click(allow); status != 400 || tb.text("h1") != "浏览器没有保存 Cookie" {
			t.Errorf("after three lost cookies: %d %s", status, tb.text("body"))
		}
		tb.click("a.button")
		tb.click(allow)
		tb.at(app+"/me", "小明")
	})
}

// A page's script asks for JSON, is told where to log in, and comes back to its own route.
func TestScripts(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/healthz") // a page of the app without a policy against scripts
		login := eval[string](tb, `fetch("/api/me").then(r => r.json()).then(a => a.login_url)`)
		if login != app+"/wechat/login" {
			t.Fatalf("login_url = %q", login)
		}
		tb.leave(chromedp.Navigate(login + "?return_to=" + "%2Fhealthz%3Fa%3D1%23%2Froute%2F2"))
		tb.click(allow)
		if got := tb.url(); got != app+"/healthz?a=1#/route/2" {
			t.Errorf("after the login at %s", got)
		}
		if got := eval[string](tb, `fetch("/api/me").then(r => r.json()).then(u => u.nickname)`); got != "小明" {
			t.Errorf("fetch: %q", got)
		}
		if got := eval[string](tb, `new Promise(done => { const s = new EventSource("/events"); s.addEventListener("time", e => { s.close(); done(e.data) }) })`); !strings.HasPrefix(got, "2") {
			t.Errorf("event: %q", got)
		}
	})
}

func TestOpenInWeChat(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, desktopAgent)
		if status := tb.open(app + "/me?a=1"); status != 401 {
			t.Errorf("status %d, want 401", status)
		}
		tb.at(app+"/me?a=1", "请在微信中打开")
		if got := tb.text(".url"); got != app+"/me?a=1" {
			t.Errorf("the link says %q", got)
		}
		if size := eval[int](tb, `document.querySelector(".qr").decode().then(() => document.querySelector(".qr").naturalWidth)`); size == 0 {
			t.Error("no QR code")
		}
	})
}

// A desktop browser shows a QR code; a phone scans it; the desktop goes on by itself.
func TestScan(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		sim := simulate(t)
		app := startWith(t, framework, sim, "WECHAT_WEBSITE_APPID="+sim.WebsiteAppID(), "WECHAT_WEBSITE_SECRET="+sim.WebsiteSecret())
		desktop, phone := newProfile(t, desktopAgent), newProfile(t, wechatAgent)
		desktop.open(app + "/me")
		if got := desktop.text("h1"); !strings.HasPrefix(got, "微信登录") {
			t.Fatalf("at %s: %s", desktop.url(), desktop.text("body"))
		}
		phone.open(eval[string](desktop, `document.querySelector("a.button").href`))
		phone.do(pick("李雷"))
		phone.click(allow)
		desktop.do(chromedp.WaitVisible(chromedp.CSS("dl")))
		desktop.at(app+"/me", "李雷")
		if got := phone.text("h1"); got != "已登录" {
			t.Errorf("the phone says %q", got)
		}
	})
}
