package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// What a phone's WeChat says it is, and a browser on a desktop.
const (
	wechatAgent  = "Mozilla/5.0 (Linux; Android 15; V2324A Build/AP3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.103 Mobile Safari/537.36 XWEB/1300333 MMWEBSDK/20250201 MicroMessenger/8.0.57.2820(0x28003940) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
	desktopAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)

// A tab of the browser. Its methods end the test when something goes wrong.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // a chromedp context is the tab

	mu    sync.Mutex
	pages []string // the URLs of all documents asked for, redirects included
}

// newProfile opens a tab in a profile of its own, as another person or another device.
func newProfile(t *testing.T, agent string) *tab {
	t.Helper()
	if chromium == nil {
		t.Skip("there is no browser")
	}
	return openTab(chromium, t, agent, chromedp.WithNewBrowserContext())
}

// another opens one more tab beside tb.
func (tb *tab) another(agent string) *tab {
	tb.t.Helper()
	return openTab(tb.ctx, tb.t, agent)
}

func openTab(parent context.Context, t *testing.T, agent string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as this context
		t.Fatal(err)
	}
	tb := &tab{t: t, ctx: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && e.Type == network.ResourceTypeDocument {
			tb.mu.Lock()
			defer tb.mu.Unlock()
			tb.pages = append(tb.pages, e.Request.URL)
		}
	})
	require.NoError(t, err)
	tb.speak(agent, "zh")     //nolint:contextcheck // the tab has its own
	if agent == wechatAgent { // Android's webview sends its package name on every navigation
		call(tb, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Requested-With": "com.tencent.mm"}})
	}
	return tb
}

// speak sets what the browser says it is, and its language.
func (tb *tab) speak(agent, language string) {
	tb.t.Helper()
	call(tb, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language})
}

// call runs a command of the protocol.
func call[P, R any](tb *tab, cmd cdp.Command[P, R], params P) R {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		tb.t.Fatalf("%s at %s: %v", cmd.Method, tb.url(), err)
	}
	return result
}

// do runs actions that stay on the page.
func (tb *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		tb.t.Fatalf("at %s: %v", tb.url(), err)
	}
}

// leave runs actions that lead to another page, waits for that and returns its status.
func (tb *tab) leave(actions ...chromedp.Action[chromedp.Void]) int {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		tb.t.Fatalf("from %s: %v", tb.url(), err)
	}
	return int(response.Status)
}

func (tb *tab) open(url string) int {
	tb.t.Helper()
	return tb.leave(chromedp.Navigate(url))
}

func (tb *tab) click(selector string) int {
	tb.t.Helper()
	return tb.leave(chromedp.Click(chromedp.CSS(selector)))
}

// eval runs JavaScript in the page and waits for its promise.
func eval[T any](tb *tab, expression string) T {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.t.Fatalf("at %s: %v", tb.url(), err)
	}
	return value
}

// url is what the address bar shows. A login ends with an empty fragment, which is left out.
func (tb *tab) url() string {
	url, _ := chromedp.Run(tb.ctx, chromedp.Location())
	return strings.TrimSuffix(url, "#")
}

func (tb *tab) text(selector string) string {
	tb.t.Helper()
	return eval[string](tb, `(document.querySelector("`+selector+`") || {innerText: ""}).innerText`)
}

// asked returns the URLs of the documents asked for so far that begin with prefix.
func (tb *tab) asked(prefix string) (urls []string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for _, url := range tb.pages {
		if strings.HasPrefix(url, prefix) {
			urls = append(urls, url)
		}
	}
	return urls
}

// at fails the test unless the page has this URL and heading.
func (tb *tab) at(url, heading string) {
	tb.t.Helper()
	if got := tb.url(); got != url {
		tb.t.Fatalf("at %s, want %s\n%s", got, url, tb.text("body"))
	}
	if got := tb.text("h1"); got != heading {
		tb.t.Errorf("the heading of %s is %q, want %q", url, got, heading)
	}
}

// The buttons of the simulator's consent page.
const (
	allow    = `button[value=allow]`
	refuse   = `button[value=refuse]`
	snapshot = `button[value=snapshot]`
)

// pick chooses who logs in, on the consent page.
func pick(nickname string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!![...document.querySelectorAll("label")].find(l => l.innerText.includes("`+nickname+`")).click()`))
		return err
	})
}
