package adaptertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

// An Attempt is a login of which the browser stands at WeChat's door.
type Attempt struct {
	Visit       *webtest.Visit
	State       string
	Scope       string
	RedirectURI string

	authorize *url.URL
	world     *World
	browser   *webtest.Browser
}

// Begin opens a page and stops before WeChat.
func (w *World) Begin(b *webtest.Browser, address string) *Attempt {
	w.Helper()
	v := b.OpenUntil(address, atWeChat)
	return w.attempt(b, v)
}

// begun is a new browser that has opened a page, and stopped before WeChat.
func (w *World) begun(path string) (*webtest.Browser, *Attempt) {
	w.Helper()
	b := w.Browser()
	return b, w.Begin(b, PublicURL+path)
}

// calledBack is a new browser and the callback that it has not opened yet.
func (w *World) calledBack(path string) (b *webtest.Browser, callback string) {
	w.Helper()
	b, a := w.begun(path)
	return b, a.Callback(0)
}

// attempt reads the redirect to WeChat that v ended with.
func (w *World) attempt(b *webtest.Browser, v *webtest.Visit) *Attempt {
	w.Helper()
	u, err := url.Parse(v.Next)
	if err != nil || u.Host != openHost {
		w.Fatalf("no redirect to WeChat: %d %v %s\n\t%s", v.Status, v.Err, v.Body, v.Trail())
	}
	q := u.Query()
	return &Attempt{v, q.Get("state"), q.Get("scope"), q.Get("redirect_uri"), u, w, b}
}

// Code makes a code as if WeChat's i-th user had just allowed what was asked.
func (a *Attempt) Code(i int) string {
	return a.world.Sim.NewCode(a.authorize.Query().Get("appid"), a.world.Sim.Users()[i].OpenID, a.Scope)
}

// Callback is the address that WeChat sends the browser back to after its i-th user allowed.
func (a *Attempt) Callback(i int) string { return a.With("code=" + a.Code(i) + "&state=" + a.State) }

// With is redirect_uri with something added to its query.
func (a *Attempt) With(query string) string {
	separator := "?"
	if strings.Contains(a.RedirectURI, "?") {
		separator = "&"
	}
	return a.RedirectURI + separator + query
}

// Decide lets a user choose on WeChat's consent page: allow, refuse, base or snapshot. It returns
// the address that WeChat sends the browser back to.
func (a *Attempt) Decide(u wxsim.User, decision string) string {
	a.world.Helper()
	form := url.Values{"query": {a.authorize.RawQuery}, "user": {u.OpenID}, "decision": {decision}}
	v := a.browser.Do(webtest.Request{
		Method: "POST", URL: "https://" + openHost + "/wxsim/consent", Form: form.Encode(),
	})
	if v.Next == "" {
		a.world.Fatalf("WeChat does not send the browser back: %d %s", v.Status, v.Body)
	}
	return v.Next
}

// held is a cookie that a browser holds.
func held(b *webtest.Browser, which func(*http.Cookie) bool) *http.Cookie {
	all := b.Jar.All()
	return all[slices.IndexFunc(all, which)]
}

// plant puts cookies into a browser, as if the app had set them.
func plant(b *webtest.Browser, cookies ...*http.Cookie) {
	b.Jar.Set(&url.URL{Scheme: "https", Host: Host, Path: "/"}, cookies)
}

// CounterCookie holds for the cookie that counts logins without a session.
func CounterCookie(c *http.Cookie) bool { return strings.Contains(c.Name, "wxf-") }

// AttemptCookie holds for the cookie of a login under way.
func AttemptCookie(c *http.Cookie) bool { return strings.Contains(c.Name, "wxa-") }

// SessionCookie holds for the session's cookie.
func SessionCookie(c *http.Cookie) bool { return strings.Contains(c.Name, "wx-") }
