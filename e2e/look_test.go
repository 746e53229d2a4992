package e2e

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

//go:embed audit.js
var audit string

// A screen is a kind of device.
type screen struct {
	name          string
	width, height int64
	mobile        bool
}

var screens = []screen{{"phone", 360, 800, true}, {"desktop", 1280, 800, false}}

// A gallery looks at pages: in each language, on a phone and a desktop, in light and in dark.
type gallery struct {
	*tab

	agent, folder string
}

func newGallery(tb *tab, agent string) *gallery {
	tb.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		folder = "screenshots"
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tb.t.Fatal(err)
	}
	return &gallery{tb, agent, folder}
}

// languages are those of all pages.
var languages = []string{"en", "zh"}

// look examines the page in both languages; it is loaded anew for each, and prepared.
func (g *gallery) look(name string, prepare ...chromedp.Action[chromedp.Void]) {
	g.t.Helper()
	for _, lang := range languages {
		g.speak(g.agent, lang)
		g.leave(chromedp.Reload())
		g.do(prepare...)
		g.lookOnce(name, lang)
	}
}

// lookAt examines, in both languages, the page of the library that steps lead to. It is for pages
// that are not there any more once they are loaded anew.
func (g *gallery) lookAt(name, page string, steps func()) {
	g.t.Helper()
	for _, lang := range languages {
		g.speak(g.agent, lang)
		steps()
		if got := g.page(); got != page {
			g.t.Errorf("%s shows the page %q, want %q:\n%s", name, got, page, g.text("body"))
		}
		g.lookOnce(name, lang)
	}
}

// lookOnce examines the page as it is.
func (g *gallery) lookOnce(name, lang string) {
	g.t.Helper()
	for _, s := range screens {
		call(g.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.mobile})
		for _, scheme := range []string{"light", "dark"} {
			call(g.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			file := fmt.Sprintf("%s-%s-%s-%s.png", name, s.name, scheme, lang)
			for _, fault := range g.audit() {
				g.t.Errorf("%s: %s", file, fault)
			}
			shot := call(g.tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: new(true)})
			if err := os.WriteFile(filepath.Join(g.folder, file), shot.Data, 0o644); err != nil {
				g.t.Fatal(err)
			}
		}
	}
	call(g.tab, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

// audit says what is wrong with the page as it is.
func (g *gallery) audit() []string {
	g.t.Helper()
	faults := eval[[]string](g.tab, "("+audit+")()")
	if axe == "" {
		return faults
	}
	return append(faults, eval[[]string](g.tab, axe+`;
axe.run().then(result => result.violations.flatMap(v => v.nodes.map(n => "axe " + v.impact + " " + v.id + ": " + n.target + " " + n.failureSummary)))`)...)
}

// The pages of the app and of the library.
func TestLook(t *testing.T) {
	app, _ := startAlone(t, "gin")
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)

	g.open(app)
	g.look("home")
	g.open(app + "/spa")
	g.look("spa")
	g.open(app + "/base")
	g.look("base")
	g.open(app)
	g.look("home-silent")
	g.lookAt("denied", "denied", func() {
		g.open(app + "/me")
		g.click(refuse)
	})
	g.open(app + "/me")
	g.click(allow)
	g.look("profile")
	g.open(app)
	g.look("home-signed-in")
	g.open(app + "/spa#me")
	g.look("spa-signed-in", chromedp.Evaluate[chromedp.Void](`new Promise(done => {
		const look = () => document.querySelector("#answer").innerText.includes("小明") ? done() : setTimeout(look, 50)
		look()
	})`, chromedp.EvalAwaitPromise))
	g.open(app)
	for _, lang := range languages {
		g.speak(g.agent, lang)
		g.leave(chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=return_to]").remove(); document.querySelector("form").submit()`))
		g.lookOnce("signed-out", lang)
		g.open(app + "/me")
		g.click(allow)
		g.open(app)
	}
}

func TestLookOfAsking(t *testing.T) {
	app, _ := startAlone(t, "nethttp", "ASK_AT_ONCE=0", "BRAND_NAME=山茶小店", "PURPOSE=在你的评价旁边显示头像和昵称", "PRIVACY_URL=/privacy")
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)
	g.open(app + "/me")
	g.look("ask")
	g.lookAt("unsent", "unsent", func() {
		g.open(app)
		g.leave(chromedp.Evaluate[chromedp.Void](`document.body.insertAdjacentHTML("beforeend", "<form method=post action=/me>"); document.forms[0].submit()`))
	})
}

// What only goes wrong, or only happens to others.
func TestLookOfFailures(t *testing.T) {
	sim := simulate(t)
	app := startWith(t, "chi", sim)
	g := newGallery(newProfile(t, wechatAgent), wechatAgent)

	g.lookAt("snapshot", "snapshot", func() {
		g.open(app + "/me")
		g.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".sim").open = true`))
		g.click(snapshot)
	})
	g.lookAt("bad-state", "state", func() {
		g.open(app + "/me?code=1&state=wx1" + strings.Repeat("0", 74))
	})

	sim.Fail("/sns/oauth2/access_token", wxsim.Status(502))
	g.lookAt("wechat-down", "upstream", func() {
		g.open(app + "/me")
		g.click(allow)
	})
	sim.Reset()

	g.lookAt("no-cookies", "cookies", func() {
		g.open(app + "/me")
		for range 3 {
			call(g.tab, network.ClearBrowserCookies, cdp.Empty{})
			g.click(allow)
		}
	})
}

func TestLookOfDesktop(t *testing.T) {
	sim := simulate(t)
	g := newGallery(newProfile(t, desktopAgent), desktopAgent)
	app := startWith(t, "nethttp", sim)
	g.open(app + "/me?order=20240613&from=menu")
	g.look("open-in-wechat")
	g.open(app + "/me?order=" + strings.Repeat("x", 250))
	g.look("open-in-wechat-long")
	g.open(app + "/me?order=" + strings.Repeat("x", 2000))
	g.look("open-in-wechat-too-long")
}

// A person without a mouse logs in and out again.
func TestKeyboard(t *testing.T) {
	app, _ := startAlone(t, "nethttp")
	tb := newProfile(t, desktopAgent)
	tb.open(app)
	tb.enter("微信登录")
	tb.enter("允许")
	tb.at(app+"/", "你好，小明")
	tb.enter("退出登录")
	tb.at(app+"/", "用微信登录")
}

// enter presses Tab until the focus is on what has this text, then Enter. Whatever has the focus
// on the way must show it.
func (tb *tab) enter(text string) {
	tb.t.Helper()
	for range 100 {
		if strings.TrimSpace(tb.tabOn()) == text {
			tb.leave(chromedp.KeyEvent(kb.Enter))
			return
		}
	}
	tb.t.Fatalf("at %s Tab never reaches %q", tb.url(), text)
}

// tabOn presses Tab and returns the text of what has the focus then.
func (tb *tab) tabOn() string {
	tb.t.Helper()
	tb.do(chromedp.KeyEvent(kb.Tab))
	focus := eval[struct {
		Text string
		Seen bool
	}](tb, `(() => { const el = document.activeElement, s = getComputedStyle(el); return {text: el.innerText ?? "", seen: el === document.body || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2} })()`)
	if !focus.Seen {
		tb.t.Errorf("at %s the focus on %q cannot be seen", tb.url(), focus.Text)
	}
	return focus.Text
}

// Tab reaches all that can be used, in the order in which a page is read.
func TestEveryControlByKeyboard(t *testing.T) {
	sim := simulate(t)
	sim.Fail("/sns/auth", wxsim.Hang())
	app := startWith(t, "nethttp", sim)
	tb := newProfile(t, desktopAgent)
	for _, address := range []string{app, app + "/me", authorizeURL(sim, "snsapi_userinfo"), qrURL(sim), sim.URL} {
		tb.open(address)
		tb.do(unfold())
		// Of a choice, Tab reaches what is chosen; arrows do the rest.
		count := eval[int](tb, `(window.controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden], [type=radio]:not(:checked)), select, textarea, summary")].filter(el => el.checkVisibility())).length`)
		require.NotZero(t, count, address)
		for i := range count {
			text := tb.tabOn()
			if at := eval[int](tb, `window.controls.indexOf(document.activeElement)`); at != i {
				t.Fatalf("%s: Tab number %d leads to %q, control %d of %d", address, i+1, text, at, count)
			}
		}
	}
}
