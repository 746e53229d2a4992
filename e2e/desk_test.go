package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A person at a desk: a desktop, and a phone whose WeChat is signed in.
type person struct {
	app            string
	desktop, phone *tab
}

func atDesk(t *testing.T, framework string, env ...string) person {
	t.Helper()
	app, _ := startAlone(t, framework, append([]string{"DESK=1", "ANY_BROWSER=0"}, env...)...)
	p := person{app, newProfile(t, desktopAgent), newProfile(t, wechatAgent)}
	p.phone.open(app + "/me")
	p.phone.click(allow)
	return p
}

// page is which of the library's pages a tab shows.
func (tb *tab) page() string {
	tb.t.Helper()
	return eval[string](tb, `document.body.dataset.page || ""`)
}

// until waits for an expression to hold in a page that has loaded, also across a reload.
func (tb *tab) until(expression string) {
	tb.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok, err := chromedp.Run(tb.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && (`+expression+`)`)); err == nil && ok {
			return
		}
	}
	tb.t.Fatalf("at %s it never holds that %s:\n%s", tb.url(), expression, tb.text("body"))
}

// show loads a page that shows a code, and returns what the code holds and the number.
func (p person) show(path string) (link, number string) {
	p.desktop.t.Helper()
	if status := p.desktop.open(p.app + path); status != 401 || p.desktop.page() != "desk" {
		p.desktop.t.Fatalf("status %d, page %q", status, p.desktop.page())
	}
	return eval[string](p.desktop, `document.getElementById("desk-link").href`), p.desktop.text("#desk-number")
}

func state(s string) string { return fmt.Sprintf(`document.body.dataset.state === %q`, s) }

func chooses(number string) string { return fmt.Sprintf(`button[name=number][value="%s"]`, number) }

func TestDesk(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p := atDesk(t, framework)
		link, number := p.show("/me?a=1")
		p.phone.open(link)
		require.Equal(t, "desk-confirm", p.phone.page())
		p.desktop.until(state("scanned"))
		require.Contains(t, p.desktop.text("#desk-status"), number)
		p.phone.click(chooses(number))
		require.Equal(t, "desk-done", p.phone.page())
		p.desktop.until(`document.querySelector("h1")?.innerText === "小明"`)
		require.Equal(t, p.app+"/me?a=1", p.desktop.url())
		p.desktop.open(p.app + "/api/me")
		require.Contains(t, p.desktop.text("body"), `"via":"desk"`)
	})
}

func TestDeskRefused(t *testing.T) {
	p := atDesk(t, "nethttp")
	for name, choose := range map[string]func(numbers []string, number string) string{
		"a refusal": func([]string, string) string { return `button[name=refuse]` },
		"a wrong number": func(numbers []string, number string) string {
			return chooses(slices.DeleteFunc(numbers, func(n string) bool { return n == number })[0])
		},
	} {
		link, number := p.show("/me")
		p.phone.open(link)
		p.desktop.until(state("scanned"))
		numbers := eval[[]string](p.phone, `[...document.querySelectorAll("button[name=number]")].map(b => b.value)`)
		p.phone.click(choose(numbers, number))
		require.Equal(t, "desk-refused", p.phone.page(), name)
		p.desktop.until(state("refused"))
		p.desktop.click("#desk-again")
		require.NotEqual(t, link, eval[string](p.desktop, `document.getElementById("desk-link").href`), name)
	}
}

// Without HTTP/2 a browser has six connections to a site. Tabs that nobody sees do not hold them, and
// are signed in all the same.
func TestManyTabsAtADesk(t *testing.T) {
	p := atDesk(t, "nethttp")
	link, number := p.show("/me")
	var tabs []*tab
	for range 8 {
		tb := p.desktop.another(desktopAgent)
		call(tb, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `Object.defineProperty(Document.prototype, "hidden", { get: () => true })`,
		})
		tb.open(p.app + "/me")
		tb.until(`performance.getEntriesByType("resource").some((poll) => poll.name.endsWith("seen=hidden"))`)
		tabs = append(tabs, tb)
	}
	p.phone.open(link)
	p.phone.click(chooses(number))
	for _, tb := range append(tabs, p.desktop) {
		tb.until(`document.querySelector("h1")?.innerText === "小明"`)
	}
}

// A code is renewed by the page itself, and in the end the page waits for a click.
func TestDeskRenewal(t *testing.T) {
	p := atDesk(t, "chi")
	call(p.desktop, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: holdTimers})
	link, _ := p.show("/me")
	if renew := eval[int](p.desktop, `renewal.delay`); renew < 110_000 || renew > 120_000 {
		t.Errorf("the code is renewed after %d ms", renew)
	}
	again := p.desktop.another(desktopAgent)
	again.open(p.app + "/me")
	if other := eval[string](again, `document.getElementById("desk-link").href`); other != link {
		t.Error("a second tab shows another code")
	}

	p.desktop.leave(chromedp.Evaluate[chromedp.Void](`renewal.run()`))
	require.Equal(t, "desk", p.desktop.page())

	p.desktop.do(chromedp.Evaluate[chromedp.Void](`Date.now = () => new Date().getTime() + 11 * 60 * 1000; renewal.run()`))
	p.desktop.until(state("paused"))
	if !eval[bool](p.desktop, `document.getElementById("desk-again").checkVisibility()`) {
		t.Error("there is nothing to click")
	}
}

// holdTimers keeps a page's timer of more than a minute in "renewal", for the test to run.
const holdTimers = `{
	const set = setTimeout;
	window.setTimeout = (run, delay) => {
		if (delay < 60000) return set(run, delay);
		window.renewal = { run, delay };
	};
}`

// Without scripts the page loads itself again.
func TestDeskWithoutScripts(t *testing.T) {
	p := atDesk(t, "gin")
	link, number := p.show("/me")
	call(p.desktop, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.desktop.open(p.app + "/me")
	p.phone.open(link)
	p.phone.click(chooses(number))
	for end := time.Now().Add(patience); !strings.HasPrefix(p.title(), "我的资料"); time.Sleep(200 * time.Millisecond) {
		require.False(t, time.Now().After(end), p.title())
	}
}

func (p person) title() string {
	title, _ := chromedp.Run(p.desktop.ctx, chromedp.Title())
	return title
}

func TestLookOfDesk(t *testing.T) {
	p := atDesk(t, "nethttp", "BRAND_NAME=山茶小店")
	desktop, phone := &gallery{p.desktop, desktopAgent, newGallery(p.desktop, desktopAgent).folder}, newGallery(p.phone, wechatAgent)
	p.show("/me")
	desktop.look("desk")
	link, number := p.show("/me")
	p.phone.open(link)
	phone.look("desk-confirm")
	p.desktop.until(state("scanned"))
	desktop.look("desk-scanned")
	p.phone.click(chooses(number))
	for _, lang := range languages {
		phone.speak(wechatAgent, lang)
		p.phone.open(link)
		phone.lookOnce("desk-done", lang)
	}
	p.desktop.until(`document.querySelector("h1")?.innerText === "小明"`)
	p.desktop.click(`form[action="/wechat/logout"] button`)
	for _, lang := range languages {
		desktop.speak(desktopAgent, lang)
		phone.speak(wechatAgent, lang)
		link, _ = p.show("/me")
		p.phone.open(link)
		p.phone.click(`button[name=refuse]`)
		phone.lookOnce("desk-refused", lang)
		p.desktop.until(state("refused"))
		desktop.lookOnce("desk-dead", lang)
	}
	p.phone.open(link + "x")
	phone.look("desk-old-code")
	p.desktop.open(link)
	desktop.look("desk-link-on-a-desktop")
}
