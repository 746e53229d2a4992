package adaptertest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"image/png"
	"net/http"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// pageCases are about what people see: the library's own pages, and the headers of guarded ones.
func pageCases() Group {
	verify := func(cfg *oauth.Config) { cfg.VerifyFile = "MP_verify_a1B2c3D4e5F6g7H8.txt" }
	return Group{"Pages", []Case{
		{Name: "pages speak the browser's language, Chinese where it names none", Test: func(t *World) {
			for languages, want := range map[string]string{
				"": "zh", "zh-CN,zh;q=0.9": "zh", "zh-TW": "zh", "zh-Hant-HK": "zh", "en": "en",
				"en-US,en;q=0.9,zh;q=0.8": "en", "en-GB": "en", "zh,en;q=0.1": "zh", "fr": "en", "fr-FR,en;q=0.5": "en",
				"*": "zh", "en;q=0,zh": "zh", ";;;": "zh", strings.Repeat("en,", 1000): "zh", "<script>": "zh",
			} {
				b := t.Browser()
				b.Languages = languages
				v := b.Do(webtest.Request{URL: PublicURL + "/me?state=" + forgedState})
				title := map[string]string{
					"zh": "<title>登录链接无效</title>", "en": "<title>This login link is not valid</title>",
				}[want]
				if v.Header.Get("Content-Language") != want || !strings.Contains(v.Body, title) ||
					!strings.Contains(v.Body, `<html lang="`+want) {
					t.Errorf("%.40q: the page speaks %q:\n%s", languages, v.Header.Get("Content-Language"), v.Body)
				}
			}
		}},
		{Name: "a page shows nothing of the request but its own address, escaped", OneLine: true, Test: func(t *World) {
			b := t.Browser()
			v := b.Do(webtest.Request{
				URL: PublicURL +
					`/p/%22%3E%3Cscript%3Ealert(1)%3C/script%3E?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E&errmsg=hello-from-outside&state=` + forgedState,
				Header: http.Header{
					"Referer": {"https://evil.com/referer-from-outside"}, "X-Name": {"header-from-outside"},
					"Cookie": {"a=cookie-from-outside"},
				},
			})
			t.WantStatus(v, 400)
			t.wantNoText(v, "alert(1)", "<img", "referer-from", "header-from", "cookie-from", forgedState)
		}},
		{Name: "another browser is told to open the page in WeChat, with a QR code", Test: func(t *World) {
			for _, agent := range []string{webtest.DesktopChrome, webtest.WeCom} {
				b := t.Browser()
				b.Agent = agent
				v := b.Open(PublicURL + "/me?a=1")
				t.WantStatus(v, http.StatusUnauthorized)
				t.wantNoCookies(v)
				t.wantText(v, `href="`+PublicURL+`/me?a=1"`)
				_, data, _ := strings.Cut(v.Body, `src="data:image/png;base64,`)
				data, _, _ = strings.Cut(data, `"`)
				picture := base64.NewDecoder(base64.StdEncoding,
					strings.NewReader(strings.ReplaceAll(data, "&#43;", "+")))
				if img, err := png.Decode(picture); err != nil || img.Bounds().Dx() < 100 {
					t.Errorf("the QR code is no picture: %v", err)
				}
			}
			t.WantCallsOf(authorizePath, 0)
		}},
		{Name: "phones, desktops and any case of the name are WeChat", Test: func(t *World) {
			for _, agent := range []string{
				webtest.WeChatAndroid, webtest.WeChatIPhone, webtest.WeChatDesktop,
				strings.ToUpper(webtest.WeChatIPhone), strings.ToLower(webtest.WeChatAndroid),
			} {
				b := t.Browser()
				b.Agent = agent
				t.WantPage(b.Open(PublicURL+"/me"), "/me")
			}
		}},
		{Name: "with AnyBrowser every browser goes to the authorize page", Config: func(cfg *oauth.Config) {
			cfg.AnyBrowser = true
		}, Test: func(t *World) {
			b := t.Desktop()
			t.WantPage(b.Open(PublicURL+"/me"), "/me")
		}},
		{Name: "with a Website other browsers log in by QR code", Config: website, Test: func(t *World) {
			b := t.Desktop()
			v := b.Open(PublicURL + "/me?a=1")
			u, want := userOf(v), t.Sim.Users()[0]
			if u == nil || u.AppID != t.Sim.WebsiteAppID() || u.OpenID != t.Sim.OpenID(t.Sim.WebsiteAppID(), want) ||
				u.UnionID != want.UnionID ||
				u.Scope != "snsapi_login" || v.Page() != PublicURL+"/me?a=1" || v.Redirects() != 3 {
				t.Errorf("the page %s saw %+v\n\t%s", v.Page(), u, v.Trail())
			}
			t.WantCallsOf(qrPath, 1)
			t.WantCallsOf(authorizePath, 0)
			t.WantPage(b.Open(PublicURL+"/profile"), "/profile") // as good as userinfo
			time.Sleep(day + time.Second)
			t.rename()
			if u := userOf(b.Open(PublicURL + "/me")); u == nil || u.Nickname != newName ||
				u.AppID != t.Sim.WebsiteAppID() {
				t.Errorf("a day later the page saw %+v", u)
			}
			phone := t.Browser()
			t.SignIn(phone) // WeChat itself still uses the official account
			t.WantLoginRequired(fetch(t.Browser(), "/me"))
		}},
		{Name: "a page of the site shows WeChat's QR code by itself", Config: website, Test: func(t *World) {
			b := t.Desktop()
			embed := PublicURL + "/wechat/login?embed=1&return_to=%2Fme%3Fa%3D1%23top"
			v := b.Do(webtest.Request{URL: embed, Kind: webtest.Fetch()})
			var got map[string]string
			if err := json.Unmarshal([]byte(v.Body), &got); err != nil || v.Status != http.StatusOK || len(got) != 4 {
				t.Fatalf("%d %s", v.Status, v.Body)
			}
			if got["appid"] != t.Sim.WebsiteAppID() || got["scope"] != "snsapi_login" ||
				got["redirect_uri"] != PublicURL+"/wechat/login?return_to=%2Fme%3Fa%3D1%23top" {
				t.Errorf("the page is told %v", got)
			}
			code := t.Sim.NewCode(t.Sim.WebsiteAppID(), t.Sim.Users()[0].OpenID, "snsapi_login")
			back := got["redirect_uri"] + "&code=" + code + "&state=" + got["state"]
			t.WantStatus(t.Browser().Open(back+"&another"), http.StatusOK) // another browser begins a login of its own
			t.WantPage(b.Open(back), "/me?a=1")
			t.WantStatus(b.Do(webtest.Request{URL: embed, Kind: webtest.Fetch()}), http.StatusNoContent)
		}},
		{Name: "nobody else gets such a login", Config: website, Test: func(t *World) {
			foreign := func(name, site, dest string) webtest.Kind {
				k := webtest.Fetch()
				k.Name, k.Header = name, k.Header.Clone()
				k.Header.Set("Sec-Fetch-Site", site)
				k.Header.Set("Sec-Fetch-Dest", dest)
				return k
			}
			for _, kind := range []webtest.Kind{
				foreign("another site's script", "cross-site", "empty"),
				foreign("another host's script", "same-site", "empty"),
				foreign("an image", "same-origin", "image"),
				{Name: "a program", Header: http.Header{"Accept": {"application/json"}}},
			} {
				b := t.Desktop()
				v := b.Do(webtest.Request{URL: PublicURL + "/wechat/login?embed=1&return_to=/me", Kind: kind})
				if t.WantLoginRequired(v); len(v.Header["Set-Cookie"]) > 0 {
					t.Errorf("%s gets a cookie", kind.Name)
				}
			}
			t.WantLoginRequired(fetch(t.Browser(), "/wechat/login?embed=1")) // in WeChat there is a better way
			t.Deploy(func(cfg *oauth.Config) { cfg.Website = nil })
			b := t.Desktop()
			t.WantLoginRequired(fetch(b, "/wechat/login?embed=1"))
		}},
		{Name: "a callback that reaches a replica without the Website is no fault, and its code stays good", Config: website, Test: func(t *World) {
			b := t.Desktop()
			back := t.Begin(b, PublicURL+"/me?a=1").Callback(0)
			var there *oauth.Website
			t.Deploy(func(cfg *oauth.Config) { there, cfg.Website = cfg.Website, nil })
			v := b.Open(back)
			t.WantStatus(v, http.StatusUnauthorized)
			t.wantText(v, `data-page="open-in-wechat"`, `href="`+PublicURL+`/me?a=1"`)
			t.WantAPICalls(0)
			t.Deploy(func(cfg *oauth.Config) { cfg.Website = there })
			t.WantPage(b.Open(back), "/me?a=1")
		}},
		{Name: "a session by QR code is nobody's once the Website is gone", Config: website, Test: func(t *World) {
			b := t.Desktop()
			t.WantStatus(b.Open(PublicURL+"/me"), http.StatusOK)
			t.Deploy(func(cfg *oauth.Config) { cfg.Website = nil })
			t.WantNobody(b)
		}},
		{Name: "a desktop's callback that is opened in WeChat logs in there", Config: website, Test: func(t *World) {
			desktop, phone := t.Browser(), t.BrowserOf(t.Sim.Users()[1])
			desktop.Agent = webtest.DesktopChrome
			a := t.Begin(desktop, PublicURL+"/me?shared")
			t.WantUser(phone.Open(a.Callback(0)), 1)
			t.WantCallsOf(qrPath, 0)
		}},
		{Name: "a phone's callback that is opened on a desktop logs in there", Config: website, Test: func(t *World) {
			desktop, phone := t.BrowserOf(t.Sim.Users()[1]), t.Browser()
			desktop.Agent = webtest.DesktopChrome
			u := userOf(desktop.Open(t.Begin(phone, PublicURL+"/me?shared").Callback(0)))
			if u == nil || u.UnionID != t.Sim.Users()[1].UnionID {
				t.Errorf("the page saw %+v", u)
			}
		}},
		{Name: "the switches of the authorize page are sent", Config: func(cfg *oauth.Config) {
			cfg.ForcePopup, cfg.ForceSnapshot, cfg.AllowSnapshot = true, true, true
		}, Test: func(t *World) {
			a := t.Begin(t.Browser(), PublicURL+"/me")
			if q := a.authorize.Query(); q.Get("forcePopup") != "true" || q.Get("forceSnapShot") != "true" ||
				q.Get("connect_redirect") != "1" || a.authorize.Fragment != "wechat_redirect" {
				t.Errorf("the authorize page is %s", a.authorize)
			}
			if !strings.HasSuffix(a.authorize.RawQuery, "&connect_redirect=1") {
				t.Errorf("connect_redirect is not the last: %s", a.authorize.RawQuery)
			}
			if u := userOf(a.browser.Open(PublicURL + "/me")); u == nil || !u.Snapshot {
				t.Errorf("the page saw %+v", u)
			}
		}},
		{Name: "WeChat on a computer gets no connect_redirect, at which it is said to fail", Test: func(t *World) {
			for _, agent := range []string{webtest.WeChatDesktop, webtest.WeChatMac} {
				b := t.Browser()
				b.Agent = agent
				a := t.Begin(b, PublicURL+"/me")
				t.wantSame(a.authorize.Query().Has("connect_redirect"), false,
					"connect_redirect in "+a.authorize.String())
				t.WantUser(b.Open(a.Callback(0)), 0)
			}
		}},
		{Name: "a state is short and plain", Test: func(t *World) {
			seen := map[string]bool{}
			for range 100 {
				state := t.Begin(t.Browser(), PublicURL+"/me").State
				if len(state) > 128 || !strings.HasPrefix(state, "wx1") || strings.ContainsFunc(state, noWord) ||
					strings.ContainsAny(state, "_-") || seen[state] {
					t.Errorf("state %q", state)
				}
				seen[state] = true
			}
		}},
		{Name: "profiles are asked for in the language of the configuration", Config: func(cfg *oauth.Config) {
			cfg.Lang = "en"
		}, Test: func(t *World) {
			t.WantPage(t.Browser().Open(PublicURL+"/me"), "/me")
			calls := t.Sim.Log()
			if last := calls[len(calls)-1]; last.Path != "/sns/userinfo" || last.Query.Get("lang") != "en" {
				t.Errorf("the last call is %s?%s", last.Path, last.Query.Encode())
			}
		}},
		{Name: "the verify file is answered to everybody", OneLine: true, Config: verify, Test: func(t *World) {
			for _, kind := range webtest.Kinds() {
				v := t.Browser().Do(webtest.Request{URL: PublicURL + "/MP_verify_a1B2c3D4e5F6g7H8.txt", Kind: kind})
				if v.Status != 200 || v.Body != "a1B2c3D4e5F6g7H8" ||
					!strings.HasPrefix(v.Header.Get("Content-Type"), "text/plain") || len(v.SetCookies()) > 0 {
					t.Errorf("%s: %d %q", kind.Name, v.Status, v.Body)
				}
			}
			for _, path := range []string{
				"/MP_verify_other.txt", "/x/MP_verify_a1B2c3D4e5F6g7H8.txt", "/mp_verify_a1b2c3d4e5f6g7h8.txt",
			} {
				t.WantStatus(t.Browser().Do(webtest.Request{URL: PublicURL + path}), http.StatusFound)
			}
		}},
		{Name: "OnError replaces the page, and is told what happened", Test: func(t *World) {
			t.Deploy(func(cfg *oauth.Config) { cfg.OnError = t.OnError })
			b := t.Browser()
			v := b.Open(PublicURL + "/me?a=1&state=" + forgedState)
			t.WantStatus(v, 400)
			t.wantSame(v.Body, "app's own page: state", "the page")
			t.Sim.Fail(exchangePath, wxsim.Code(40164))
			b.Open(PublicURL + "/me?a=1&code=own")
			fails := t.Failures()
			last := fails[len(fails)-1]
			if last.Status != 500 || last.Kind != oauth.KindConfig || last.RetryURL != PublicURL+"/me?a=1&code=own" {
				t.Errorf("OnError was told %+v", last)
			}
			if !errors.Is(last, core.ErrIPNotAllowed) {
				t.Errorf("the cause is %v", last.Err)
			}
		}},
		{Name: "OnError may leave a failure to the built-in page, which bears the site's brand", Config: func(cfg *oauth.Config) {
			cfg.Brand = oauth.Brand{Name: "Tea & Cake", HomeURL: "/start", Support: "tel:+8675586013388"}
			cfg.OnError = func(w http.ResponseWriter, r *http.Request, err error) {
				if f, ok := errors.AsType[*oauth.Failure](err); ok {
					f.WritePage(w, r)
				}
			}
		}, Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/me?state=wx1" + strings.Repeat("0", 74))
			t.WantRefusal(v, http.StatusBadRequest, oauth.KindState)
			t.wantText(v, `data-page="state"`, "Tea &amp; Cake", `href="`+PublicURL+`/start"`,
				`href="tel:&#43;8675586013388"`)
		}},
		{Name: "a quota that is used up and a moment of too many have pages of their own", Test: func(t *World) {
			for code, want := range map[core.Code]string{core.ErrQuota: "今日登录次数已达上限", core.ErrRateLimit: "登录人数过多"} {
				t.Sim.Fail(exchangePath, wxsim.Code(int(code)))
				v := t.Browser().Open(PublicURL + "/me")
				t.WantRefusal(v, http.StatusServiceUnavailable, oauth.KindLimited)
				t.wantText(v, want)
			}
		}},
		{Name: "a guarded page is kept out of caches, unless it says otherwise", Test: func(t *World) {
			b := t.SignedIn()
			v := b.Open(PublicURL + "/me")
			t.wantHeader(v, "Cache-Control", "private, no-store")
			t.wantHeader(v, "Vary", "Cookie")
			t.wantHeader(b.Open(PublicURL+"/group/public"), "Cache-Control", "public, max-age=60")
		}},
		{Name: "a page whose address holds somebody's code tells it to no other site", Test: func(t *World) {
			b := t.Browser()
			for range 2 { // nobody, then a user
				for path, want := range map[string]string{
					"/":                           "",
					"/?state=0":                   "",
					"/?code=c&state=0":            "same-origin",
					"/me?code=c&state=0":          "same-origin",
					"/group/public?a=1&code=c#x":  "same-origin",
					"/group/public?a=1&postal=10": "",
				} {
					v := b.Open(PublicURL + path)
					if got := v.Header.Get("Referrer-Policy"); got != want || v.Status != http.StatusOK {
						t.Errorf("%s: %d, Referrer-Policy %q, want %q", path, v.Status, got, want)
					}
				}
				t.SignIn(b)
			}
		}},
		{Name: "what a page adds to its headers stays with that page", Test: func(t *World) {
			b := t.SignedIn()
			t.InParallel(50, 10, func(i int) {
				path, want := "/me", "Cookie|private, no-store"
				if i%2 == 0 {
					path, want = "/group/vary", "Cookie|X-Of-This-Page|private, no-store|no-transform"
				}
				v := b.Open(PublicURL + path)
				if got := strings.Join(append(v.Header["Vary"], v.Header["Cache-Control"]...), "|"); got != want {
					t.Errorf("%s has %q", path, got)
				}
			})
		}},
		{Name: "what a page changes in its headers in place stays with that page", Test: func(t *World) {
			b := t.SignedIn()
			for range 2 {
				v := b.Open(PublicURL + "/group/edit")
				t.wantHeader(v, "Vary", "Cookie, edited")
				t.wantHeader(v, "Cache-Control", "private, no-store, edited")
				v = b.Open(PublicURL + "/me")
				t.wantHeader(v, "Vary", "Cookie")
				t.wantHeader(v, "Cache-Control", "private, no-store")
			}
			anonymous := t.Browser()
			for range 2 {
				t.wantHeader(anonymous.Open(PublicURL+"/?edit=vary"), "Vary", "Cookie, edited")
			}
		}},
		{Name: "an error page takes WeChat's code out of the browser's address, and the code is not " +
			"spent twice", Test: func(t *World) {
			b, callback := t.calledBack("/me?a=1")
			t.Sim.Fail(exchangePath, wxsim.Status(502))
			v := b.Open(callback)
			t.WantRefusal(v, 502, oauth.KindUpstream)
			t.wantText(v, `history.replaceState(null, "", document.querySelector(".button").href);`,
				`class="button" href="`+PublicURL+`/me?a=1"`)
			t.WantCalls(1, 0)
			v = t.Browser().Open(PublicURL + "/me?a=1&code=c&state=" + forgedState)
			if !strings.Contains(v.Body, "history.replaceState") ||
				!strings.Contains(v.Body, `class="button" href="`+PublicURL+`/me?a=1"`) {
				t.Errorf("the page of a made-up state leaves the address as it is:\n%s", v.Body)
			}
		}},
		{Name: "what the app says of Vary stays", Test: func(t *World) {
			inner := t.routes(nil)
			t.Net.Serve(Host, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Add("Vary", "Accept-Encoding")
				inner.ServeHTTP(rw, r)
			}))
			b := t.SignedIn()
			for range 2 { // nothing piles up
				v := b.Open(PublicURL + "/me")
				if got := strings.Join(v.Header["Vary"], "|"); got != "Accept-Encoding|Cookie" {
					t.Errorf("Vary is %q", got)
				}
			}
		}},
		{Name: "cookies of a plain http site have neither prefix nor Secure", Sim: func(cfg *wxsim.Config) {
			cfg.RedirectDomains = nil
		}, Test: func(t *World) {
			const local = "http://localhost:8080"
			t.Net.Serve("localhost:8080", t.routes(func(cfg *oauth.Config) { cfg.PublicURL = local }))
			b := t.Browser()
			v := b.Walk(webtest.Request{URL: local + "/me", Header: http.Header{"X-Forwarded-Proto": {"https"}}}, nil)
			t.WantUser(v, 0)
			t.WantUser(b.Do(webtest.Request{URL: local + "/me"}), 0)
			for _, hop := range v.Hops {
				for _, c := range hop.SetCookies() {
					if c.Secure || strings.HasPrefix(c.Name, "__") || !c.HttpOnly || c.Path != "/" ||
						c.SameSite != http.SameSiteLaxMode {
						t.Errorf("cookie %+v", c)
					}
				}
			}
		}},
	}}
}
