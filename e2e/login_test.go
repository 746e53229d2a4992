package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

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
		require.True(t, strings.HasPrefix(tb.url(), sim+"/connect/oauth2/authorize?"), tb.url())
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
		require.Len(t, tb.asked(sim+"/wxsim/consent"), 1)
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
		require.Equal(t, 403, tb.click(refuse))
		require.Equal(t, "未完成授权", tb.text("h1"))
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
		require.Equal(t, 502, tb.click(allow))
		require.Equal(t, app+"/me?a=1", tb.url())
		require.Equal(t, 1, sim.Calls("/sns/oauth2/access_token"))
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
		require.NotEqual(t, first, tb.text("dd"))
	})
}

func TestSnapshotPage(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, wechatAgent)
		tb.open(app + "/me")
		tb.do(chromedp.Click(chromedp.CSS(".sim summary")))
		require.Equal(t, 403, tb.click(snapshot))
		require.Equal(t, "请打开完整页面", tb.text("h1"))
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
			tb.until(`document.querySelector("dl") !== null`)
			tb.at(app+"/me", "小明")
			require.Len(t, tb.asked(app+"/me?code="), 2, tt.name)
			require.Equal(t, 1, sim.Calls("/sns/oauth2/access_token")-before, tt.name)
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
		require.Len(t, callbacks, 2)
		for _, callback := range callbacks {
			tb.open(callback)
			tb.at(app+"/me", "小明")
		}

		// Somebody who was sent the link with the code does not become 小明.
		other := newProfile(t, wechatAgent)
		other.open(callbacks[0])
		require.NotEqual(t, "小明", other.text("h1"), "a shared callback signed a stranger in")
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
			require.False(t, strings.HasPrefix(tb.url(), app), "%s: %s", tb.url(), tb.text("body"))
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
		require.Equal(t, app+"/wechat/login", login)
		tb.leave(chromedp.Navigate(login + "?return_to=" + "%2Fhealthz%3Fa%3D1%23%2Froute%2F2"))
		tb.click(allow)
		require.Equal(t, app+"/healthz?a=1#/route/2", tb.url())
		require.Equal(t, "小明", eval[string](tb, `fetch("/api/me").then(r => r.json()).then(u => u.nickname)`))
		if got := eval[string](tb, `new Promise(done => { const s = new EventSource("/events"); s.addEventListener("time", e => { s.close(); done(e.data) }) })`); !strings.HasPrefix(got, "2") {
			t.Errorf("event: %q", got)
		}
	})
}

func TestOpenInWeChat(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		app := startWith(t, framework, simulate(t))
		tb := newProfile(t, desktopAgent)
		require.Equal(t, 401, tb.open(app+"/me?a=1"))
		tb.at(app+"/me?a=1", "请在微信中打开")
		require.Equal(t, app+"/me?a=1", tb.text(".url"))
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
		require.True(t, strings.HasPrefix(desktop.text("h1"), "微信登录"), "%s: %s", desktop.url(), desktop.text("body"))
		phone.open(eval[string](desktop, `document.querySelector("a.button").href`))
		phone.do(pick("李雷"))
		phone.click(allow)
		desktop.until(`document.querySelector("dl") !== null`)
		desktop.at(app+"/me", "李雷")
		require.Equal(t, "已登录", phone.text("h1"))
	})
}
