package adaptertest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// logoutCases end sessions.
func logoutCases() Group {
	post := func(header http.Header) webtest.Request {
		return webtest.Request{Method: http.MethodPost, URL: PublicURL + "/logout", Header: header}
	}
	sameOrigin := http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {PublicURL}}
	cases := []Case{
		{Name: "a form's logout shows a page, a script's is 204", Test: func(t *World) {
			for _, kind := range []webtest.Kind{webtest.Navigation(), webtest.Fetch()} {
				b := t.SignedIn()
				stolen := b.Jar.Copy()
				r := post(sameOrigin)
				r.Kind = kind
				v := b.Do(r)
				if kind.Page && (v.Status != 200 || !strings.Contains(v.Body, "已退出登录")) ||
					!kind.Page && (v.Status != 204 || v.Body != "") {
					t.Errorf("%s: %d %s", kind.Name, v.Status, v.Body)
				}
				if n := countOf(b, "wx"); n != 1 { // WeChat's own
					t.Errorf("the browser still holds %d cookies", n-1)
				}
				t.WantNobody(b)
				t.WantEnded(stolen)
			}
		}},
		{Name: "the cookie is cleared with the attributes it was set with", Test: func(t *World) {
			b := t.SignedIn()
			for _, c := range b.Do(post(sameOrigin)).SetCookies() { // inspect has looked at the attributes
				if c.MaxAge >= 0 {
					t.Errorf("%+v", c)
				}
			}
		}},
		{Name: "a logout goes on to a page of this site only", Test: func(t *World) {
			for to, want := range map[string]string{
				"/bye?a=1#part": PublicURL + "/bye?a=1#part", "//evil.com": PublicURL + "/",
				"https://evil.com/": PublicURL + "/", `/\evil.com`: PublicURL + "/",
				"/a/../\\evil.com": PublicURL + "/", "javascript:alert(1)": PublicURL + "/",
				"/wechat/login": PublicURL + "/",
			} {
				b := t.SignedIn()
				inForm := post(sameOrigin)
				inForm.Form = url.Values{"return_to": {to}}.Encode()
				inQuery := post(sameOrigin)
				inQuery.URL += "?" + inForm.Form
				for _, r := range []webtest.Request{inForm, inQuery} {
					if v := b.Do(r); v.Status != http.StatusSeeOther || v.Location() != want {
						t.Errorf("return_to %q: %d %q, want %q", to, v.Status, v.Location(), want)
					}
				}
				t.WantNobody(b)
			}
		}},
		{Name: "a logout of nobody is no error", Test: func(t *World) {
			t.WantStatus(logOut(t.Browser()), http.StatusNoContent)
		}},
		{Name: "a WebView that names neither origin nor site may log out", Test: func(t *World) {
			b := t.Browser()
			b.Old = true
			t.SignIn(b)
			t.WantStatus(b.Do(post(nil)), http.StatusOK)
			t.WantNobody(b)
		}},
		{Name: "behind a proxy that changes Host, PublicURL's origin may log out", Test: func(t *World) {
			b := t.Browser()
			b.Old = true
			t.SignIn(b)
			t.WantStatus(b.Do(post(http.Header{"Origin": {PublicURL}, "Host": {"internal:8080"}})), http.StatusOK)
			t.WantNobody(b)
		}},
		{Name: "after a logout one can log in again, as often as one likes", Test: func(t *World) {
			b := t.Browser()
			for range 10 {
				t.SignIn(b)
				t.WantStatus(logOut(b), http.StatusNoContent)
			}
		}},
	}
	for name, header := range map[string]http.Header{
		"of another site":            {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.com"}},
		"of another subdomain":       {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://evil.example.com"}},
		"of another site's old page": {"Sec-Fetch-Site": {}, "Origin": {"https://evil.com"}},
		"of a sandboxed page":        {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}},
	} {
		cases = append(cases, Case{Name: "a page " + name + " cannot log anybody out", Test: func(t *World) {
			b := t.SignedIn()
			v := b.Do(post(header))
			t.WantStatus(v, http.StatusForbidden)
			t.wantNoCookies(v)
			t.WantSignedIn(b, 0)
		}})
	}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions,
	} {
		cases = append(cases, Case{Name: method + " does not log out", Test: func(t *World) {
			b := t.SignedIn()
			v := b.Do(webtest.Request{Method: method, URL: PublicURL + "/logout"})
			t.WantStatus(v, http.StatusMethodNotAllowed)
			t.wantHeader(v, "Allow", http.MethodPost)
			t.WantSignedIn(b, 0)
		}})
	}
	return Group{"Logout", cases}
}
