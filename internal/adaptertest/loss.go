package adaptertest

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// lossCases are about browsers that lose cookies.
func lossCases() Group {
	return Group{"Lost cookies", []Case{
		{Name: "a browser without cookies is told so after two restarts", Test: func(t *World) {
			b := t.Browser()
			b.Refuses = onShop(webtest.AnyCookie)
			v := b.Open(PublicURL + "/me")
			t.WantRefusal(v, 400, oauth.KindCookies)
			t.WantCallsOf(authorizePath, 3)
			t.WantRedirects(v, 6)
			t.WantCalls(0, 0)
		}},
		{Name: "lost cookies are one line a minute in the log, with the host that was seen", Test: func(t *World) {
			b := t.Browser()
			b.Refuses = onShop(webtest.AnyCookie)
			for range 3 {
				t.WantRefusal(b.Open(PublicURL+"/me"), 400, oauth.KindCookies)
			}
			log := t.log.String()
			if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, `msg="wxoauth: cookies lost"`) ||
				!strings.Contains(log, " host="+Host+" public_url="+PublicURL) {
				t.Errorf("the log says\n%s", log)
			}
		}},
		{Name: "a browser that never keeps the attempt is told so", Test: func(t *World) {
			b := t.Browser()
			b.Refuses = AttemptCookie
			t.WantRefusal(b.Open(PublicURL+"/me"), 400, oauth.KindCookies)
		}},
		{Name: "a browser that never keeps the session is told so", Test: func(t *World) {
			b := t.Browser()
			b.Refuses = SessionCookie
			t.WantRefusal(b.Open(PublicURL+"/me"), 400, oauth.KindCookies)
		}},
		{Name: "what counts the lost sessions of one user counts nothing for another, nor after a " +
			"minute", Test: func(t *World) {
			attacker := t.Browser()
			var counter *http.Cookie
			attacker.Refuses = func(c *http.Cookie) bool {
				if CounterCookie(c) && c.MaxAge > 0 {
					kept := *c
					kept.MaxAge = 0
					counter = &kept
				}
				return SessionCookie(c)
			}
			t.WantRefusal(attacker.Open(PublicURL+"/me"), 400, oauth.KindCookies)
			plant := func(b *webtest.Browser) *webtest.Browser {
				plant(b, counter)
				return b
			}
			t.WantUser(plant(t.BrowserOf(t.Sim.Users()[1])).Open(PublicURL+"/me"), 1)
			t.WantRefusal(plant(t.Browser()).Open(PublicURL+"/me"), 400, oauth.KindCookies)
			time.Sleep(time.Minute)
			t.WantUser(plant(t.Browser()).Open(PublicURL+"/me"), 0)
		}},
		{Name: "a browser that never keeps the attempt keeps its smaller session, and is told so", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			b.Refuses = AttemptCookie
			for _, path := range []string{"/profile", "/nested"} {
				t.WantRefusal(b.Open(PublicURL+path), 400, oauth.KindCookies)
				t.WantSignedIn(b, 0)
			}
		}},
		{Name: "a session that ends by itself, again and again, is no lost cookie", Config: func(cfg *oauth.Config) {
			cfg.MaxAge = 10 * time.Second
		}, Test: func(t *World) {
			b := t.Browser()
			for range 6 {
				t.WantPage(b.Open(PublicURL+"/me"), "/me")
				time.Sleep(10 * time.Second)
				t.WantNobody(b)
			}
		}},
		{Name: "one lost attempt is mended without a word", Test: func(t *World) {
			b := t.Browser()
			var lost atomic.Bool
			b.Refuses = func(c *http.Cookie) bool { return AttemptCookie(c) && !lost.Swap(true) }
			v := b.Open(PublicURL + "/me")
			t.WantPage(v, "/me")
			t.WantRedirects(v, 5)
		}},
		{Name: "of all logins that lose 30 % of their attempts 96 % sign in within three, and " +
			"none loops", Test: func(t *World) {
			logins := t.many(500)
			var signedIn, refused atomic.Int32
			t.InParallel(logins, 50, func(i int) {
				b := t.BrowserOf(t.Sim.Users()[i%3])
				b.Refuses = webtest.Sometimes(0.3, uint64(i), AttemptCookie)
				v := b.Open(PublicURL + "/me")
				switch {
				case v.Redirects() > 7:
					t.Errorf("%d redirects:\n\t%s", v.Redirects(), v.Trail())
				case v.Status == http.StatusOK:
					signedIn.Add(1)
					t.WantUser(v, i%3)
				case v.Status == http.StatusBadRequest:
					refused.Add(1)
				default:
					t.Errorf("status %d %v:\n\t%s", v.Status, v.Err, v.Trail())
				}
			})
			if n := signedIn.Load(); int(n) < logins*96/100 || int(n+refused.Load()) != logins {
				t.Errorf("%d of %d signed in, %d were told why not", n, logins, refused.Load())
			}
			t.WantCallsOf(exchangePath, int(signedIn.Load())) // a login without its cookie asks nobody
		}},
		{Name: "browsers that lose 30 % of all cookies before each request never loop", Test: func(t *World) {
			var long atomic.Int32
			t.AllowDetours = true
			t.InParallel(t.many(150), 50, func(i int) {
				b := t.BrowserOf(t.Sim.Users()[i%3])
				b.Loses = onShop(webtest.Sometimes(0.3, uint64(i), webtest.AnyCookie))
				v := b.Open(PublicURL + "/me")
				if v.Err != nil {
					t.Errorf("%v:\n\t%s", v.Err, v.Trail())
				}
				if v.Redirects() > maxRedirects {
					long.Add(1) // it lost the session and with it all that was known of the login
				}
				if v.Status == http.StatusOK {
					t.WantUser(v, i%3)
				}
			})
			if n := long.Load(); n > 3 {
				t.Errorf("%d took more than %d redirects", n, maxRedirects)
			}
		}},
	}}
}

// onShop spares WeChat's own cookies, which say whose browser it is.
func onShop(rule func(*http.Cookie) bool) func(*http.Cookie) bool {
	return func(c *http.Cookie) bool { return c.Name != "wxsim_user" && rule(c) }
}
