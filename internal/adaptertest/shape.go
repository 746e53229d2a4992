package adaptertest

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// shapeCases are about who gets a redirect, who gets 401, and who gets through.
func shapeCases() Group {
	methods := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace,
	}
	all := func(f func(r webtest.Request)) {
		for _, method := range methods {
			for _, kind := range webtest.Kinds() {
				f(webtest.Request{Method: method, Kind: kind})
			}
		}
	}
	// locked holds for a page that the browser may not see.
	locked := func(t *World, b *webtest.Browser, path string, loginURL string) {
		all(func(r webtest.Request) {
			r.URL = PublicURL + path
			v := b.Do(r)
			switch {
			case r.Method == http.MethodGet && r.Kind.Frame:
				t.wantLoginPage(v, "framed", `href="`+PublicURL+path+`" target="_top"`)
			case r.Method == http.MethodGet && r.Kind.Page:
				if v.Status != http.StatusFound || v.Next == "" {
					t.Errorf("%s by %s: status %d, want a redirect to WeChat", r.Method, r.Kind.Name, v.Status)
				}
			case r.Method == http.MethodGet && r.Kind.HTML:
				t.wantLoginPage(v, "login", `href="`+PublicURL+path+`"`)
			case r.Method != http.MethodHead && r.Kind.HTML:
				t.wantLoginPage(v, "unsent", `href="`+PublicURL+"/wechat/login?return_to="+url.QueryEscape(path))
			default:
				t.WantLoginRequired(v)
				if r.Method == http.MethodHead && v.Body != "" ||
					r.Method != http.MethodHead && !strings.Contains(v.Body, `"login_url":"`+loginURL+`"`) {
					t.Errorf("%s by %s: body %s", r.Method, r.Kind.Name, v.Body)
				}
			}
			if n := len(v.SetCookies()); n > 0 && v.Status != http.StatusFound {
				t.Errorf("%s by %s sets %d cookies", r.Method, r.Kind.Name, n)
			}
		})
		t.WantNotShown()
		if n := t.APICalls(); n > 2 { // those of the login before
			t.Errorf("%d calls to WeChat", n)
		}
	}
	// open holds for a page that the browser may see.
	open := func(t *World, b *webtest.Browser, path string) {
		all(func(r webtest.Request) {
			r.URL = PublicURL + path
			if v := b.Do(r); v.Status != http.StatusOK || v.Header.Get(pageHeader) == "" || len(v.SetCookies()) > 0 {
				t.Errorf("%s by %s: status %d with %d cookies", r.Method, r.Kind.Name, v.Status, len(v.SetCookies()))
			}
		})
		want := len(methods) * len(webtest.Kinds())
		shown := t.Shown()
		t.wantSame(len(shown), want, "pages shown")
		for _, s := range shown {
			if s.User == nil || s.User.OpenID != t.Sim.Users()[0].OpenID {
				t.Errorf("%s %s saw %+v", s.Method, s.Path, s.User)
			}
		}
	}
	userinfo := "?scope=snsapi_userinfo"
	return Group{"Requests", []Case{
		{Name: "without a session nothing gets through, whoever asks", Test: func(t *World) {
			for _, path := range []string{
				"/me", "/base", "/profile", "/nested", "/group/x", "/group/events", "/group/socket",
			} {
				locked(t, t.Browser(), path, PublicURL+"/wechat/login")
			}
		}},
		{Name: "the same with engine-level middleware", OneLine: true, Test: func(t *World) {
			for _, path := range []string{"/me", "/p/x", "/p/events", "/p/socket", "/unregistered"} {
				locked(t, t.Browser(), path, PublicURL+"/wechat/login")
			}
		}},
		{Name: "the same with a cookie that does not open", Test: func(t *World) {
			b := t.SignedIn()
			session := b.Cookie("wx-")
			t.Deploy(func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('9')}; cfg.Store = nil })
			if t.Store.OnServer { // the cookie is an ID there, and no key is needed to read it
				b.Jar.Lose(SessionCookie)
			}
			t.Shown()
			locked(t, b, "/me", PublicURL+"/wechat/login")
			if !t.Store.OnServer && b.Cookie("wx-") != session {
				t.Error("the cookie was touched")
			}
		}},
		{Name: "with a session that is worth less, nothing gets through where more is needed", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			t.Shown()
			locked(t, b, "/profile", PublicURL+"/wechat/login"+userinfo)
			locked(t, b, "/nested", PublicURL+"/wechat/login"+userinfo)
			open(t, b, "/base")
			open(t, b, "/me")
		}},
		{Name: "with a session everything gets through", Test: func(t *World) {
			b := t.SignedIn()
			t.Shown()
			for _, path := range []string{"/me", "/base", "/profile", "/nested", "/group/x"} {
				open(t, b, path)
			}
		}},
		{Name: "the same with engine-level middleware", OneLine: true, Test: func(t *World) {
			b := t.SignedIn()
			t.Shown()
			open(t, b, "/me")
			open(t, b, "/p/x")
		}},
		{Name: "an unknown method never gets through", OneLine: true, Test: func(t *World) {
			v := t.Browser().Do(webtest.Request{Method: "PROPFIND", URL: PublicURL + "/me", Kind: webtest.Fetch()})
			t.WantLoginRequired(v)
			t.WantNotShown()
		}},
		{Name: "any other spelling of a guarded path never gets through", Test: func(t *World) {
			t.AllowRedirects = true
			for _, path := range []string{
				"/me/", "//me", "/./me", "/x/../me", "/me?", "/%6de", "/me%2f", "/ME", "/me;x", "/group", "/group//x",
				"/mount/strip",
			} {
				t.Browser().Do(webtest.Request{URL: PublicURL + path, Kind: webtest.Fetch()})
			}
			t.WantNotShown()
		}},
		{Name: "a form's body is not lost to a redirect: a page says so, and after the login it can be " +
			"sent again", Test: func(t *World) {
			b := t.Browser()
			r := webtest.Request{Method: http.MethodPost, URL: PublicURL + "/me", Form: "a=1"}
			v := b.Do(r)
			t.wantLoginPage(v, "unsent", `href="`+PublicURL+`/wechat/login?return_to=%2Fme"`)
			_, login, _ := strings.Cut(v.Body, `class="button" href="`)
			login, _, _ = strings.Cut(login, `"`)
			t.WantPage(b.Open(login), "/me")
			t.WantUser(b.Do(r), 0)
		}},
		{Name: "a service worker that passes pages on gets a page whose link logs in", Test: func(t *World) {
			b, me := t.Browser(), PublicURL+"/me?a=1"
			page := byWorker()
			open := func(address string) *webtest.Visit {
				return b.Walk(webtest.Request{URL: address, Kind: page}, nil)
			}
			t.wantLoginPage(open(me), "login", `href="`+me+`&amp;wx_login=1"`)
			t.wantLoginPage(b.Do(webtest.Request{Method: http.MethodPost, URL: me, Kind: page, Form: "a=1"}), "unsent", "return_to")
			t.WantNotShown()
			v := open(me + "&wx_login=1")
			t.WantUser(v, 0)
			t.WantPage(v, "/me?a=1")
			t.WantCalls(1, 1)
			v = open(me + "&wx_login=1") // signed in by now
			t.WantPage(v, "/me?a=1")
			t.WantRedirects(v, 1)
			time.Sleep(day + time.Second)
			t.Sim.RevokeUser(t.Sim.Users()[0].OpenID)
			t.wantLoginPage(open(me), "login", `href="`+me+`&amp;wx_login=1"`)
			t.WantPage(open(me+"&wx_login=1"), "/me?a=1")
		}},
		{Name: "its user is asked before WeChat asks, too", Config: asks, Test: func(t *World) {
			me := PublicURL + "/me"
			v := t.Browser().Do(webtest.Request{URL: me, Kind: byWorker()})
			t.wantLoginPage(v, "ask", `href="`+me+`?wx_login=1"`)
		}},
		{Name: "the same at the login handler", Test: func(t *World) {
			t.WantPage(t.Browser().Walk(webtest.Request{
				URL: PublicURL + "/wechat/login?return_to=/me", Kind: byWorker(),
			}, nil), "/me")
		}},
		{Name: "htmx leaves a link to the browser, and not what a page loads by itself", Test: func(t *World) {
			for _, tt := range []struct {
				method, boosted string
				want            []string
			}{
				{http.MethodGet, "true", []string{PublicURL + "/me?a=1"}},
				{http.MethodGet, "", nil},
				{http.MethodPost, "true", nil},
			} {
				r := webtest.Request{Method: tt.method, URL: PublicURL + "/me?a=1", Kind: webtest.KindNamed("fetch by htmx")}
				if tt.boosted != "" {
					r.Header = http.Header{"Hx-Boosted": {tt.boosted}}
				}
				v := t.Browser().Do(r)
				t.WantLoginRequired(v)
				t.wantHeader(v, "Hx-Redirect", tt.want...)
			}
		}},
		{Name: "a browser that says nothing of itself loads a page only where no script can be meant", Test: func(t *World) {
			for _, tt := range []struct {
				page   bool
				header http.Header
			}{
				{true, http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}}},
				{true, http.Header{"Accept": {webtest.AcceptPage}}},
				{false, http.Header{"Accept": {"*/*"}}},
				{false, http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"0"}}},
				{false, http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}, "Origin": {PublicURL}}},
				{
					false,
					http.Header{
						"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}, "Content-Type": {"application/json"},
					},
				},
				{false, http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}, "Hx-Request": {"true"}}},
				{false, http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}, "Range": {"bytes=0-"}}},
				{
					false,
					http.Header{
						"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}, "X-Requested-With": {"XMLHttpRequest"},
					},
				},
				{false, http.Header{"Origin": {PublicURL}}},
			} {
				v := t.Browser().Do(webtest.Request{URL: PublicURL + "/me", Kind: webtest.Kind{Header: tt.header}})
				if tt.page {
					t.WantRestart(v)
				} else {
					t.WantLoginRequired(v)
				}
			}
		}},
		{Name: "scripts of such a browser do not push out the visitor's own login", Test: func(t *World) {
			b, a := t.begun("/me")
			for range 10 {
				t.WantLoginRequired(b.Do(webtest.Request{
					URL:  PublicURL + "/group/x",
					Kind: webtest.KindNamed("fetch in a browser that knows no Sec-Fetch headers"),
				}))
			}
			t.WantPage(b.Open(a.Callback(0)), "/me")
			t.WantCalls(1, 1)
		}},
	}}
}

// streamCases are about answers that take their time, and connections that become something else.
func streamCases() Group {
	return Group{"Streams", []Case{
		{Name: "an event stream comes event by event", Test: func(t *World) {
			b := t.SignedIn()
			res, err := b.Start(t.Context(), webtest.Request{
				URL: PublicURL + "/group/events", Kind: webtest.KindNamed("an event stream"),
			})
			t.NoError(err)
			defer func() { _ = res.Body.Close() }()
			events, err := io.ReadAll(res.Body)
			if err != nil || string(events) != "data: 0\n\ndata: 1\n\ndata: 2\n\n" {
				t.Errorf("the stream is %q, %v", events, err)
			}
		}},
		{Name: "an upgrade takes over the connection", Test: func(t *World) {
			b := t.SignedIn()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			res, err := b.Start(ctx, webtest.Request{
				URL: PublicURL + "/group/socket", Kind: webtest.KindNamed("a WebSocket"),
			})
			if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatal(res, err)
			}
			defer func() { _ = res.Body.Close() }()
			conn := res.Body.(io.ReadWriter)
			_, err = io.WriteString(conn, "hello\n")
			t.NoError(err)
			if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "echo hello\n" {
				t.Errorf("the socket says %q, %v", line, err)
			}
		}},
	}}
}

// wantLoginPage fails the case unless v is a 401 page of that name for a person to read, with a link.
func (w *World) wantLoginPage(v *webtest.Visit, name, link string) {
	w.Helper()
	if v.Status != http.StatusUnauthorized || !strings.HasPrefix(v.Header.Get("Content-Type"), "text/html") ||
		len(v.SetCookies()) > 0 || !strings.Contains(v.Body, `<main data-turbo="false">`) || // Turbo would ask for the link itself
		!strings.Contains(v.Body, `<body data-page="`+name+`"`) || !strings.Contains(v.Body, link) {
		w.Errorf("%s %s: want the 401 page %s with %s, got %d %s", v.Method, v.Address(), name, link, v.Status, v.Body)
	}
}

// byWorker is a page that a service worker passes on.
func byWorker() webtest.Kind {
	k := webtest.Navigation()
	k.Header.Set("Sec-Fetch-Dest", "empty")
	return k
}

// fetch is a script's call for a page.
func fetch(b *webtest.Browser, path string) *webtest.Visit {
	return b.Do(webtest.Request{URL: PublicURL + path, Kind: webtest.Fetch()})
}

// SignIn logs WeChat's first user in.
func (w *World) SignIn(b *webtest.Browser) {
	w.Helper()
	w.WantUser(b.Open(PublicURL+"/me"), 0)
}
