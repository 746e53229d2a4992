package adaptertest

import (
	"net/http"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// asks switches on the page that asks before WeChat's dialog does, as it is by default.
func asks(cfg *oauth.Config) { cfg.AskAtOnce = false }

// askCases are about that page.
func askCases() Group {
	const me = PublicURL + "/me"
	// asked opens a page that asks first, and returns where its button leads.
	asked := func(t *World, b *webtest.Browser, address string) string {
		t.Helper()
		v := b.Open(address)
		if v.Status != http.StatusUnauthorized || !strings.Contains(v.Body, `<body data-page="ask"`) ||
			len(v.Hops) != 1 || len(v.SetCookies()) > 0 {
			t.Fatalf("want the page that asks first, got %d with %d cookies: %s\n\t%s", v.Status, len(v.SetCookies()),
				v.Body, v.Trail())
		}
		return v.Link("ask-login")
	}
	return Group{"Ask first", []Case{
		{Name: "a page that needs a profile asks, and its button logs in", Config: asks, Test: func(t *World) {
			b := t.Browser()
			link := asked(t, b, me+"?a=1")
			t.wantSame(link, me+"?a=1&wx_login=1", "the button leads to")
			t.WantAPICalls(0)
			a := t.Begin(b, link)
			t.wantScope(a, "snsapi_userinfo")
			t.wantSame(a.RedirectURI, me+"?a=1", "redirect_uri")
			v := b.Open(a.Callback(0))
			t.WantPage(v, "/me?a=1")
			t.WantCalls(1, 1)
			t.WantPage(b.Open(me), "/me")
		}},
		{Name: "the button keeps the query byte by byte", Config: asks, Test: func(t *World) {
			for query, want := range map[string]string{
				"":                    "?wx_login=1",
				"?":                   "?&wx_login=1",
				"?a=%e4%bd%a0&&b&=c+": "?a=%e4%bd%a0&&b&=c+&wx_login=1",
				"?wx_login=2&a=1":     "?a=1&wx_login=1",
				"?a=1&wx%5Flogin=0":   "?a=1&wx_login=1",
				"?wx_login":           "?wx_login=1",
			} {
				t.wantSame(asked(t, t.Browser(), me+query), me+want, query)
			}
		}},
		{Name: "the button stays on the site, whatever the request line says", Config: asks, OneLine: true, Test: func(t *World) {
			for line, want := range map[string]string{
				"http://evil.com/me":  "/me",
				"http:.evil.com/me?a": "/.evil.com/me?a",
				"http:@evil.com":      "/@evil.com",
				"*":                   "/*",
				"//evil.com/me":       "//evil.com/me",
			} {
				h := t.Raw("GET " + line + " HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: " +
					webtest.WeChatAndroid + "\r\nAccept: text/html\r\n")
				_, link, _ := strings.Cut(h.Body, `id="ask-login"`)
				if !strings.Contains(link, `href="`+PublicURL+want+"?") &&
					!strings.Contains(link, `href="`+PublicURL+want+"&amp;") {
					t.Errorf("GET %s: want the button to lead to %s%s, got %d: %s", line, PublicURL, want, h.Status,
						link)
				}
			}
		}},
		{Name: "it says what for, and links what it promises", Config: func(cfg *oauth.Config) {
			asks(cfg)
			cfg.Purpose, cfg.PrivacyURL = "To <greet> you.", "/privacy"
		}, Test: func(t *World) {
			v := t.Browser().Open(me)
			t.wantText(v, "To &lt;greet&gt; you.", `href="/privacy"`, "shop.example.com")
		}},
		{Name: "base scope stays silent, and is asked when a page needs more", Config: func(cfg *oauth.Config) {
			asks(cfg)
			base(cfg)
		}, Test: func(t *World) {
			b := t.SignedIn()
			t.WantPage(b.Open(asked(t, b, PublicURL+"/profile")), "/profile")
			if u := userOf(b.Open(me)); u.Scope != "snsapi_userinfo" {
				t.Errorf("the session has %s", u.Scope)
			}
		}},
		{Name: "who refuses WeChat's dialog keeps the session", Config: func(cfg *oauth.Config) {
			asks(cfg)
			base(cfg)
		}, Test: func(t *World) {
			b := t.SignedIn()
			a := t.Begin(b, asked(t, b, PublicURL+"/profile"))
			t.WantRefusal(b.Open(a.Decide(t.Sim.Users()[0], "refuse")), 403, oauth.KindDenied)
			t.WantSignedIn(b, 0)
			asked(t, b, PublicURL+"/profile")
		}},
		{Name: "LoginPath starts at once: whoever opens it has tapped", Config: asks, Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/wechat/login?return_to=/me")
			t.WantPage(v, "/me")
		}},
		{Name: "restarts do not ask again", Config: asks, Test: func(t *World) {
			b := t.Browser()
			a := t.Begin(b, me+"?wx_login=1")
			b.Jar = &webtest.Jar{}
			t.WantRestart(b.Do(webtest.Request{URL: a.Callback(0)}))
		}},
		{Name: "only the mark itself starts a login, and only a page load", Config: asks, Test: func(t *World) {
			b := t.Browser()
			asked(t, b, me+"?wx_login=")
			asked(t, b, me+"?wx_login=11")
			asked(t, b, me+"?WX_LOGIN=1")
			asked(t, b, me+"?a=wx_login=1")
			v := b.Do(webtest.Request{URL: me + "?wx_login=1", Kind: webtest.Fetch()})
			t.WantLoginRequired(v)
			t.wantNoText(v, "wx_login")
			t.wantSame(t.Begin(b, me+"?wx%5flogin=1&b=2").RedirectURI, me+"?b=2", "redirect_uri")
		}},
		{Name: "a page of a signed-in user drops the mark, however it is spelt", Config: asks, Test: func(t *World) {
			b := t.Browser()
			t.WantPage(b.Open(me+"?wx_login=1"), "/me")
			for _, mark := range []string{
				"wx_login=1", "wx_login=0", "wx%5Flogin=1", "%77x_login", "wx_login=1&wx_login=1",
			} {
				v := b.Open(me + "?a=1&" + mark + "&b=2")
				t.WantPage(v, "/me?a=1&b=2")
				t.WantRedirects(v, 1)
			}
			t.WantPage(b.Open(me+"?a=wx_login&login=1"), "/me?a=wx_login&login=1")
			t.WantUser(b.Do(webtest.Request{URL: me + "?wx_login=1", Kind: webtest.Fetch()}), 0)
		}},
		{Name: "outside WeChat nobody is asked twice, and no link keeps the mark", Config: asks, Test: func(t *World) {
			b := t.Desktop()
			v := b.Open(me + "?wx_login=1&a=1")
			if v.Status != http.StatusUnauthorized || !strings.Contains(v.Body, `data-page="open-in-wechat"`) ||
				strings.Contains(v.Body, "wx_login") {
				t.Errorf("%d %s", v.Status, v.Body)
			}
			t.Deploy(func(cfg *oauth.Config) {
				cfg.Website = &oauth.Website{AppID: t.Sim.WebsiteAppID(), Secret: core.Secret(t.Sim.WebsiteSecret())}
			})
			if a := t.Begin(b, me+"?wx_login=1&a=1"); a.Scope != "snsapi_login" || a.RedirectURI != me+"?a=1" {
				t.Errorf("%s comes back to %s", a.Scope, a.RedirectURI)
			}
		}},
		{Name: "a withdrawn grant asks first, too", Config: asks, Test: func(t *World) {
			b := t.Browser()
			t.WantPage(b.Open(me+"?wx_login=1"), "/me")
			time.Sleep(day + time.Second)
			t.Sim.RevokeUser(t.Sim.Users()[0].OpenID)
			t.WantPage(b.Open(asked(t, b, me)), "/me")
		}},
	}}
}
