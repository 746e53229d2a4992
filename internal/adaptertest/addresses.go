package adaptertest

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// addressCases are about the addresses that the library builds.
func addressCases() Group {
	cases := []Case{
		{Name: "the app's own code and state survive the login", Test: func(t *World) {
			for _, query := range []string{
				"?code=own&state=mine", "?state=mine", "?a=1&code=own&b=2", "?code=1&code=2",
				"?wx_code=own&wx_state=mine",
				"?wx_code=a&code=b", "?wx_wx_code=a&code=b&state=", "?code", "?state=STATE&code=", "?%63ode=own",
			} {
				b := t.Browser()
				a := t.Begin(b, PublicURL+"/me"+query)
				u, err := url.Parse(a.RedirectURI)
				if err != nil || u.Query().Has("code") || u.Query().Has("state") {
					t.Errorf("redirect_uri is %q, %v", a.RedirectURI, err)
				}
				t.WantPage(b.Open(a.Callback(0)), "/me"+query)
			}
		}},
		{Name: "any query survives the login to the letter", Test: func(t *World) {
			for _, query := range []string{
				"?a=%zz", "?a;b", "?a=b=c&=x&y", "?a=+&b=%20", "?q=%E4%BD%A0%E5%A5%BD", "?next=https%3A%2F%2Fevil.com",
				"?a=%0d%0aX-Evil:1",
				"?" + strings.Repeat("x", 2000), "?a='()*!", "?a[]=1&a[b]=2", "?a=%23b",
			} {
				b := t.Browser()
				t.WantPage(b.Open(t.Begin(b, PublicURL+"/me"+query).Callback(0)), "/me"+query)
			}
		}},
		{Name: "of an endless address the login comes back to the path", OneLine: true, Test: func(t *World) {
			for page, home := range map[string]string{
				"/me?" + strings.Repeat("a&", 50_000): "/me", "/p/" + strings.Repeat("a", 50_000): "/",
			} {
				b, a := t.begun(page)
				t.wantSame(a.RedirectURI, PublicURL+home, "redirect_uri")
				b.Open(a.Callback(0))
				t.WantPage(b.Open(PublicURL+page), page) // who is signed in sees it all the same
			}
		}},
		{Name: "any path survives the login to the letter", OneLine: true, Test: func(t *World) {
			for _, path := range []string{
				"/p/%E4%BD%A0", "/p/a%2Fb", "/p/a%20b+c", "/p/;x=1/y", "/p/@me", "/p/a:b", "/p/%25", "/p/~a/",
			} {
				b := t.Browser()
				t.WantPage(b.Open(t.Begin(b, PublicURL+path).Callback(0)), path)
			}
		}},
		{Name: "behind StripPrefix the browser comes back to the whole path", Test: func(t *World) {
			b := t.Browser()
			v := b.Open(PublicURL + "/mount/strip?a=1")
			t.WantPage(v, "/mount/strip?a=1")
			if shown := t.Shown(); len(shown) != 1 || shown[0].Path != "/strip" {
				t.Errorf("the page saw %+v", shown)
			}
		}},
	}
	cases = append(cases,
		Case{Name: "an absolute request line finds the login handler", OneLine: true, Test: func(t *World) {
			h := t.Raw(
				"GET https://shop.example.com/wechat/login?return_to=/me HTTP/1.1\r\nHost: " +
					"shop.example.com\r\nUser-Agent: " + webtest.WeChatAndroid + "\r\nAccept: text/html\r\n",
			)
			if u, err := url.Parse(h.Location()); err != nil ||
				u.Query().Get("redirect_uri") != PublicURL+"/wechat/login?return_to=/me" {
				t.Errorf("Location %q, %v", h.Location(), err)
			}
		}},
		Case{Name: "behind a gateway that leaves RequestURI empty a login works", OneLine: true, Test: func(t *World) {
			inner := t.Frame.OneLine(t.config(nil), t)
			t.Net.Serve(Host, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				r.RequestURI = ""
				inner.ServeHTTP(rw, r)
			}))
			t.WantPage(t.Browser().Open(PublicURL+"/wechat/login?return_to=/me"), "/me")
			t.WantCalls(1, 1)
		}},
	)
	for _, c := range []struct{ name, request, path string }{
		{"an absolute request line", "GET http://evil.com/me?a=1 HTTP/1.1\r\nHost: evil.com\r\n", "/me?a=1"},
		{"an absolute request line without a path", "GET http://evil.com HTTP/1.1\r\nHost: evil.com\r\n", "/"},
		{
			"a request line that begins a host", "GET //evil.com/me HTTP/1.1\r\nHost: shop.example.com\r\n",
			"//evil.com/me",
		},
		{
			"a request line with a backslash", "GET /\\evil.com/me HTTP/1.1\r\nHost: shop.example.com\r\n",
			"/%5Cevil.com/me",
		},
		{
			"a request line with dots", "GET /a/../../evil.com HTTP/1.1\r\nHost: shop.example.com\r\n",
			"/a/../../evil.com",
		},
		{
			"a request line with a quote and a tag", "GET /me?\"><script> HTTP/1.1\r\nHost: shop.example.com\r\n",
			"/me?%22%3E%3Cscript%3E",
		},
		{"a request line in raw UTF-8", "GET /me?你 HTTP/1.1\r\nHost: shop.example.com\r\n", "/me?%E4%BD%A0"},
		{"another Host", "GET /me HTTP/1.1\r\nHost: evil.com\r\n", "/me"},
		{"a Host with a port", "GET /me HTTP/1.1\r\nHost: shop.example.com:8080\r\n", "/me"},
		{"forwarding headers", "GET /me HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-Host: " +
			"evil.com\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 81\r\n" +
			"X-Forwarded-Prefix: /evil\r\nX-Forwarded-Uri: /evil\r\nForwarded: " +
			"host=evil.com;proto=http\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-Forwarded-Server: " +
			"evil.com\r\n", "/me"},
	} {
		cases = append(cases, Case{Name: c.name + " changes nothing", OneLine: true, Test: func(t *World) {
			h := t.Raw(c.request + "User-Agent: " + webtest.WeChatAndroid + "\r\nAccept: text/html\r\n")
			if h.Status != http.StatusFound {
				t.Fatalf("status %d: %s", h.Status, h.Body)
			}
			u, err := url.Parse(h.Location())
			if err != nil || u.Host != openHost || u.Query().Get("redirect_uri") != PublicURL+c.path {
				t.Errorf("Location %q, %v; want to come back to %s", h.Location(), err, PublicURL+c.path)
			}
		}})
	}
	return Group{"Addresses", cases}
}

// Raw sends the lines of a request as they are, on a connection of its own.
func (w *World) Raw(lines string) *webtest.Hop {
	w.Helper()
	conn, err := w.Net.Dial(w.Context(), Host+":443")
	w.NoError(err)
	defer func() { _ = conn.Close() }()
	go func() { _, _ = conn.Write([]byte(lines + "Connection: close\r\n\r\n")) }()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	w.NoError(err)
	h := &webtest.Hop{
		Method: "raw", URL: &url.URL{Scheme: "https", Host: Host, Opaque: "/raw"}, Sent: http.Header{},
		Status: res.StatusCode, Header: res.Header,
	}
	h.Body = readAll(res)
	w.inspect(h)
	return h
}
