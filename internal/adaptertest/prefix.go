package adaptertest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// prefixCases are about programs that do not have a host to themselves: a proxy gives them the part
// of it that begins with a path, and takes the path away.
func prefixCases() Group {
	return Group{"Prefixes", []Case{
		{Name: "a login behind a proxy that strips a prefix comes back to the very page", Test: func(t *World) {
			t.deployBelow(map[string]func(*oauth.Config){"/app": nil})
			b, a := t.begun("/app/me?a=1")
			t.wantSame(a.RedirectURI, PublicURL+"/app/me?a=1", "redirect_uri")
			v := b.Open(a.Callback(0))
			t.WantUser(v, 0)
			t.wantAddress(v, PublicURL+"/app/me?a=1")
			for _, hop := range v.Hops {
				for _, c := range hop.SetCookies() {
					t.wantSame(c.Path, "/", "path of cookie "+c.Name)
				}
			}
		}},
		{Name: "addresses that the app behind it tells have the prefix in front", Test: func(t *World) {
			t.deployBelow(map[string]func(*oauth.Config){"/app": nil})
			b := t.Browser()
			v := fetch(b, "/app/me")
			t.wantText(v, `"login_url":"`+PublicURL+`/app/wechat/login"`)
			v = b.Do(webtest.Request{URL: PublicURL + "/app/me?a=1&state=" + forgedState})
			t.wantText(v, `class="button" href="`+PublicURL+`/app/me?a=1"`)
			v = b.Do(webtest.Request{Method: http.MethodPost, URL: PublicURL + "/app/me", Form: "a=1"})
			t.wantLoginPage(v, "unsent", `href="`+PublicURL+`/app/wechat/login?return_to=%2Fapp%2Fme"`)
			desktop := t.Desktop()
			if v := desktop.Open(PublicURL + "/app/me?a=1"); !strings.Contains(v.Body,
				`href="`+PublicURL+`/app/me?a=1"`) {
				t.Errorf("the open-in-WeChat page is\n%s", v.Body)
			}
		}},
		{Name: "return_to is what the browser sees, with the prefix", Test: func(t *World) {
			t.deployBelow(map[string]func(*oauth.Config){"/app": nil})
			for to, want := range map[string]string{
				"/app/me?a=1#/cart":             PublicURL + "/app/me?a=1#/cart",
				PublicURL + "/app/me?a=1":       PublicURL + "/app/me?a=1",
				PublicURL + "/app#/x":           PublicURL + "/app#/x",
				"/app/wechat/login":             PublicURL + "/app/",
				PublicURL + "/app/wechat/login": PublicURL + "/app/",
				"//evil.com":                    PublicURL + "/app/",
				PublicURL + "/application":      PublicURL + "/app/",
				"":                              PublicURL + "/app/",
			} {
				b := t.Browser()
				b.Open(PublicURL + "/app/me")
				v := b.Do(webtest.Request{URL: PublicURL + "/app/wechat/login?return_to=" + url.QueryEscape(to)})
				t.wantSame(v.Location(), want, "return_to="+to)
				v = b.Do(webtest.Request{
					Method: http.MethodPost, URL: PublicURL + "/app/logout", Form: "return_to=" + url.QueryEscape(to),
				})
				if to != "" && v.Location() != want {
					t.Errorf("after a logout return_to=%s goes on to %s, want %s", to, v.Location(), want)
				}
			}
		}},
		{Name: "return_to may be a whole address of this very site", Test: func(t *World) {
			b := t.SignedIn()
			for to, want := range map[string]string{
				PublicURL:                     PublicURL + "/",
				PublicURL + "/me?a=1#/cart/7": PublicURL + "/me?a=1#/cart/7",
				PublicURL + "?a=1":            PublicURL + "/?a=1",
				PublicURL + "#/cart":          PublicURL + "/#/cart",
				PublicURL + "//evil.com":      PublicURL + "/",
				PublicURL + `/\evil.com`:      PublicURL + "/",
				PublicURL + ".evil.com/":      PublicURL + "/",
				PublicURL + "@evil.com/":      PublicURL + "/",
				PublicURL + ":8443/":          PublicURL + "/",
				"http://" + Host + "/me":      PublicURL + "/",
			} {
				v := b.Do(webtest.Request{URL: PublicURL + "/wechat/login?return_to=" + url.QueryEscape(to)})
				t.wantSame(v.Location(), want, "return_to="+to)
			}
		}},
		{Name: "two programs of one account on one host have sessions and logins of their own", Test: func(t *World) {
			t.deployBelow(map[string]func(*oauth.Config){
				"/shop": nil,
				"/club": func(cfg *oauth.Config) { cfg.Name = "club" },
			})
			b, begun := t.begun("/club/me")
			for range 10 { // they push out each other, and none of the other program's
				t.Begin(b, PublicURL+"/shop/me")
			}
			t.WantUser(b.Open(begun.Callback(1)), 1)
			t.WantStatus(fetch(b, "/shop/me"), http.StatusUnauthorized)
			t.WantUser(b.Open(PublicURL+"/shop/me"), 0)
			t.WantUser(b.Open(PublicURL+"/club/me"), 1)
			t.WantStatus(b.Do(webtest.Request{
				Method: http.MethodPost, URL: PublicURL + "/club/logout", Kind: webtest.Fetch(),
			}), http.StatusNoContent)
			t.WantStatus(fetch(b, "/club/me"), http.StatusUnauthorized)
			t.WantUser(b.Open(PublicURL+"/shop/me"), 0)
			for range 10 {
				t.Begin(b, PublicURL+"/club/me")
			}
			t.WantUser(b.Open(PublicURL+"/shop/me"), 0)
		}},
		{Name: "over http the good one of two cookies of one name counts", Sim: func(cfg *wxsim.Config) {
			cfg.RedirectDomains = nil
		}, Test: func(t *World) {
			const local = "http://localhost:8080"
			t.Net.Serve("localhost:8080", t.routes(func(cfg *oauth.Config) { cfg.PublicURL = local }))
			b := t.Browser()
			t.WantUser(b.Open(local+"/me"), 0)
			session := held(b, SessionCookie)
			for _, stale := range []string{"stale", "", session.Value[:len(session.Value)-1]} {
				header := session.Name + "=" + stale + "; " + session.Name + "=" + session.Value
				t.WantUser(webtest.NewBrowser(t.Net, nil).Do(webtest.Request{
					URL: local + "/me", Header: http.Header{"Cookie": {header}},
				}), 0)
			}
		}},
	}}
}

// deployBelow deploys the frame's Routes program once for each prefix, behind a proxy that strips it.
func (w *World) deployBelow(programs map[string]func(*oauth.Config)) {
	w.Helper()
	mux := http.NewServeMux()
	for prefix, change := range programs {
		app := w.routes(func(cfg *oauth.Config) {
			cfg.PublicURL += prefix
			if change != nil {
				change(cfg)
			}
		})
		mux.HandleFunc(prefix+"/", func(rw http.ResponseWriter, r *http.Request) {
			stripped, err := http.NewRequestWithContext(r.Context(), r.Method, strings.TrimPrefix(r.RequestURI, prefix),
				r.Body)
			if err != nil {
				w.Error(err)
				return
			}
			stripped.RequestURI, stripped.Header, stripped.Host, stripped.ContentLength = stripped.URL.RequestURI(),
				r.Header, r.Host, r.ContentLength
			app.ServeHTTP(rw, stripped)
		})
	}
	w.Net.Serve(Host, mux)
}
