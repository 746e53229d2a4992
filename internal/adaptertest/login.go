package adaptertest

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// loginCases are the ordinary ways in.
func loginCases() Group {
	cases := []Case{
		{Name: "a first visit goes to WeChat and comes back to the very page", Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/me?a=1&b=%E4%BD%A0#part")
			t.WantUser(v, 0)
			if v.Page() != PublicURL+"/me?a=1&b=%E4%BD%A0" || v.Redirects() != 3 {
				t.Errorf("arrived at %s after %d redirects:\n\t%s", v.Page(), v.Redirects(), v.Trail())
			}
			t.WantCalls(1, 1)
		}},
		{Name: "the same in an old WebView", Test: func(t *World) {
			b := t.Browser()
			b.Old = true
			t.WantPage(b.Open(PublicURL+"/me?a=1"), "/me?a=1")
		}},
		{Name: "the same with engine-level middleware", OneLine: true, Test: func(t *World) {
			t.WantPage(t.Browser().Open(PublicURL+"/me?a=1"), "/me?a=1")
		}},
		{Name: "the same in a group", Test: func(t *World) {
			t.WantPage(t.Browser().Open(PublicURL+"/group/x?a=1"), "/group/x?a=1")
		}},
		{Name: "a page without a fragment has none after a login, and one with a fragment keeps it", Test: func(t *World) {
			for _, page := range []string{"/me", "/me?a=1"} {
				t.wantAddress(t.Browser().Open(PublicURL+page), PublicURL+page)
			}
			to := "/me?a=1#/cart/7"
			t.wantAddress(t.Browser().Open(PublicURL+"/wechat/login?return_to="+url.QueryEscape(to)), PublicURL+to)
		}},
		{Name: "a thousand pages later WeChat was not asked again and no cookie was set", Test: func(t *World) {
			b := t.SignedIn()
			for range 1000 {
				v := b.Open(PublicURL + "/me")
				t.WantUser(v, 0)
				t.wantAtOnce(v)
				time.Sleep(time.Minute)
			}
			t.WantAPICalls(2)
		}},
		{Name: "the login handler goes on to return_to, and keeps its fragment", Test: func(t *World) {
			for _, oneLine := range []bool{false, true} {
				if oneLine {
					t.DeployOneLine(nil) // without a route for it
				}
				b := t.Browser()
				login := PublicURL + "/wechat/login?return_to=" + url.QueryEscape("/me?a=1&b=你#/route/2?x=1")
				v := b.Open(login)
				if userOf(v) == nil || v.Address() != PublicURL+"/me?a=1&b=%E4%BD%A0#/route/2?x=1" ||
					v.Redirects() != 4 {
					t.Errorf("arrived at %s after %d redirects:\n\t%s", v.Address(), v.Redirects(), v.Trail())
				}
				again := b.Open(login)
				if userOf(again) == nil || again.Address() != v.Address() || again.Redirects() != 1 {
					t.Errorf("signed in, arrived at %s after %d redirects", again.Address(), again.Redirects())
				}
			}
		}},
		{Name: "the login handler tells a script whether it is signed in", Test: func(t *World) {
			b := t.Browser()
			r := webtest.Request{URL: PublicURL + "/wechat/login", Kind: webtest.Fetch()}
			t.WantLoginRequired(b.Do(r))
			t.SignIn(b)
			t.WantStatus(b.Do(r), http.StatusNoContent)
			r.Method = http.MethodHead
			t.WantStatus(b.Do(r), http.StatusNoContent)
		}},
		{Name: "the login handler takes GET and HEAD only", Test: func(t *World) {
			for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
				v := t.Browser().Do(webtest.Request{Method: method, URL: PublicURL + "/wechat/login"})
				t.WantStatus(v, http.StatusMethodNotAllowed)
				t.wantHeader(v, "Allow", "GET, HEAD")
			}
		}},
		{Name: "the login handler raises the scope, and never lowers it", Config: base, Test: func(t *World) {
			b := t.Browser()
			for query, want := range map[string]string{
				"": "snsapi_base", "?scope=snsapi_userinfo": "snsapi_userinfo", "?scope=snsapi_base": "snsapi_base",
				"?scope=snsapi_login": "snsapi_base", "?scope=x": "snsapi_base", "?scope=": "snsapi_base",
				"?scope=x&scope=snsapi_userinfo": "snsapi_base",
			} {
				t.wantScope(t.Begin(b, PublicURL+"/wechat/login"+query), want)
			}
			t.Deploy(func(cfg *oauth.Config) { cfg.Scope = "" })
			t.wantScope(t.Begin(b, PublicURL+"/wechat/login?scope=snsapi_base"), "snsapi_userinfo")
		}},
		{Name: "parameters of the login handler do not reach WeChat", Test: func(t *World) {
			a := t.Begin(t.Browser(), PublicURL+
				"/wechat/login?state=mine&redirect_uri=https%3A%2F%2Fevil.com&appid=wxevil&scope=evil&response_type=token&code=x")
			q := a.authorize.Query()
			if q.Get("appid") != t.Sim.AppID() || !strings.HasPrefix(a.State, "wx1") || a.Scope != "snsapi_userinfo" ||
				q.Get("response_type") != "code" ||
				!strings.HasPrefix(a.RedirectURI, PublicURL+"/wechat/login?") {
				t.Errorf("the authorize page is %s", a.authorize)
			}
			for _, name := range []string{"appid", "redirect_uri", "response_type", "scope", "state"} {
				if len(q[name]) != 1 {
					t.Errorf("%s is sent %d times", name, len(q[name]))
				}
			}
		}},
		{Name: "an own LoginPath is answered", OneLine: true, Test: func(t *World) {
			t.DeployOneLine(func(cfg *oauth.Config) { cfg.LoginPath = "/sso/登录" })
			v := t.Browser().Open(PublicURL + "/sso/%E7%99%BB%E5%BD%95?return_to=/me")
			t.WantUser(v, 0)
			t.wantText(fetch(t.Browser(), "/me"), PublicURL+"/sso/%E7%99%BB%E5%BD%95") // a script is told of it
		}},
	}
	for _, to := range []string{
		"", "/wechat/login", "/wechat/login?return_to=/", "/wechat/../wechat/login", "me", "//evil.com",
		"https://evil.com", `/\evil.com`, "/%5cevil.com", "/%0aevil", "/" + strings.Repeat("x", 2048), "/%ff",
	} {
		cases = append(cases, Case{Name: "a return_to that leads nowhere good leads home: " + to[:min(len(to),
			30)], Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/wechat/login?return_to=" + url.QueryEscape(to))
			t.WantPage(v, "/")
		}})
	}
	return Group{"Login", cases}
}
