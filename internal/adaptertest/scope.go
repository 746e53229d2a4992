package adaptertest

import (
	"net/http"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// scopeCases are about pages that ask for more than others.
func scopeCases() Group {
	return Group{"Scopes", []Case{
		{Name: "base costs one call and asks nobody", Config: base, Test: func(t *World) {
			b, a := t.begun("/me")
			t.wantScope(a, "snsapi_base")
			v := b.Open(a.Callback(0))
			t.WantUser(v, 0)
			if u := userOf(v); u.Scope != "snsapi_base" || u.Nickname != "" || u.HeadImgURL != "" {
				t.Errorf("the page saw %+v", u)
			}
			t.WantCalls(1, 0)
		}},
		{Name: "userinfo costs two calls", Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/me")
			u, want := userOf(v), t.Sim.Users()[0]
			if u == nil || u.Nickname != want.Nickname || u.UnionID != want.UnionID ||
				u.HeadImgURL != want.HeadImgURL ||
				u.City != want.City || u.Sex != want.Sex || u.Scope != "snsapi_userinfo" || u.Snapshot ||
				u.AppID != t.Sim.AppID() {
				t.Errorf("the page saw %+v", u)
			}
			t.WantCalls(1, 1)
			t.WantAPICalls(2)
		}},
		{Name: "a page that needs more asks, and keeps the smaller session until it has it", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			old := b.Jar.Copy()
			a := t.Begin(b, PublicURL+"/profile")
			t.wantScope(a, "snsapi_userinfo")
			t.WantSignedIn(b, 0)
			t.WantRefusal(b.Open(a.Decide(t.Sim.Users()[0], "refuse")), 403, oauth.KindDenied)
			t.WantSignedIn(b, 0)
			t.WantPage(b.Open(PublicURL+"/profile"), "/profile")
			t.WantEnded(old)
		}},
		{Name: "Require inside Require asks for each in turn", Test: func(t *World) {
			v := t.Browser().Open(PublicURL + "/nested")
			t.WantPage(v, "/nested")
			t.WantRedirects(v, 6)
			t.WantCalls(2, 1)
			if shown := t.Shown(); len(shown) != 1 || shown[0].User.Scope != "snsapi_userinfo" {
				t.Errorf("the page saw %+v", shown)
			}
		}},
		{Name: "Require inside Require passes whoever has it all", Test: func(t *World) {
			b := t.SignedIn()
			v := b.Open(PublicURL + "/nested")
			t.WantPage(v, "/nested")
			t.wantAtOnce(v)
		}},
		{Name: "Middleware behind Optional guards all the same", Test: func(t *World) {
			b := t.Browser()
			t.WantLoginRequired(fetch(b, "/seen"))
			t.WantPage(b.Open(PublicURL+"/seen"), "/seen")
			t.WantUser(fetch(b, "/seen"), 0)
		}},
		{Name: "Optional shows who is signed in, and never sends anybody to WeChat", Test: func(t *World) {
			b := t.Browser()
			for _, kind := range webtest.Kinds() {
				v := b.Do(webtest.Request{URL: PublicURL + "/", Kind: kind})
				if v.Status != http.StatusOK || len(v.SetCookies()) > 0 || userOf(v) != nil {
					t.Errorf("%s: %d %s", kind.Name, v.Status, v.Body)
				}
				if !strings.Contains(strings.Join(v.Header["Vary"], ","), "Cookie") {
					t.Errorf("Vary is %q", v.Header["Vary"])
				}
			}
			t.WantAPICalls(0)
			t.SignIn(b)
			v := b.Open(PublicURL + "/")
			t.WantUser(v, 0)
			t.wantHeader(v, "Cache-Control", "private, no-store")
		}},
		{Name: "Optional does not take a callback for its own", Test: func(t *World) {
			b, a := t.begun("/me")
			v := b.Do(webtest.Request{URL: PublicURL + "/?code=" + a.Code(0) + "&state=mine"})
			t.WantStatus(v, http.StatusOK)
			t.WantAPICalls(0)
		}},
		{Name: "a script's 401 names the login that raises the scope", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			v := fetch(b, "/profile")
			t.WantLoginRequired(v)
			_, login, _ := strings.Cut(v.Body, `"login_url":"`)
			login, _, _ = strings.Cut(login, `"`)
			t.WantPage(b.Open(login+"&return_to=/profile"), "/profile")
		}},
	}}
}
