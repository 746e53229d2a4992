package adaptertest

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// WantUser fails the case unless v ended at a page that saw WeChat's i-th user.
func (w *World) WantUser(v *webtest.Visit, i int) {
	w.Helper()
	want := w.Sim.Users()[i].OpenID
	if u := userOf(v); u == nil || u.OpenID != want {
		w.Fatalf("want the page with user %d, got %d %v %s\n\t%s", i, v.Status, v.Err, v.Body, v.Trail())
	}
}

// userOf is the user that a page showed; nil: none, or it was no page.
func userOf(v *webtest.Visit) *core.User {
	var p page
	if v.Status != http.StatusOK || v.Header.Get(pageHeader) == "" || json.Unmarshal([]byte(v.Body), &p) != nil {
		return nil
	}
	return p.User
}

// WantPage fails the case unless v ended at a page with that address, the fragment aside.
func (w *World) WantPage(v *webtest.Visit, path string) {
	w.Helper()
	if userOf(v) == nil || v.Page() != PublicURL+path {
		w.Fatalf("want the page %s, got %s: %d %s\n\t%s", path, v.Page(), v.Status, v.Body, v.Trail())
	}
}

// WantSignedIn fails the case unless the browser is signed in as WeChat's i-th user, without
// asking WeChat.
func (w *World) WantSignedIn(b *webtest.Browser, i int) {
	w.Helper()
	w.WantUser(fetch(b, "/base"), i)
}

// WantEnded fails the case if a copy of cookies from before a session's end still signs in, unless
// only the browser can forget the session.
func (w *World) WantEnded(copied *webtest.Jar) {
	w.Helper()
	if w.Store.OnServer {
		thief := w.Browser()
		thief.Jar = copied
		w.WantNobody(thief)
	}
}

// WantNobody fails the case if the browser is signed in.
func (w *World) WantNobody(b *webtest.Browser) {
	w.Helper()
	if v := fetch(b, "/base"); v.Status != http.StatusUnauthorized {
		w.Fatalf("want nobody, got %d %s", v.Status, v.Body)
	}
}

// WantCalls fails the case unless WeChat was asked so often for a token and for a profile.
func (w *World) WantCalls(exchanges, profiles int) {
	w.Helper()
	if e, p := w.Sim.Calls(exchangePath), w.Sim.Calls(userInfoPath); e != exchanges || p != profiles {
		w.Errorf("%d exchanges and %d profiles, want %d and %d", e, p, exchanges, profiles)
	}
}

// WantCallsOf fails the case unless this address of WeChat was called so often.
func (w *World) WantCallsOf(path string, want int) {
	w.Helper()
	if n := w.Sim.Calls(path); n != want {
		w.Errorf("%d calls of %s, want %d", n, path, want)
	}
}

// WantAPICalls fails the case unless WeChat's API was called so often, by whatever address.
func (w *World) WantAPICalls(want int) {
	w.Helper()
	if n := w.APICalls(); n != want {
		w.Errorf("%d calls to WeChat, want %d", n, want)
	}
}

// WantRedirects fails the case unless v took so many redirects.
func (w *World) WantRedirects(v *webtest.Visit, want int) {
	w.Helper()
	if n := v.Redirects(); n != want {
		w.Errorf("it took %d redirects, want %d:\n\t%s", n, want, v.Trail())
	}
}

// wantAtOnce fails the case unless v took no redirect and no cookie.
func (w *World) wantAtOnce(v *webtest.Visit) {
	w.Helper()
	if len(v.Hops) != 1 || len(v.SetCookies()) > 0 {
		w.Errorf("%d cookies and %d requests:\n\t%s", len(v.SetCookies()), len(v.Hops), v.Trail())
	}
}

// wantNoCookies fails the case if an answer sets cookies.
func (w *World) wantNoCookies(v *webtest.Visit) {
	w.Helper()
	if set := v.SetCookies(); len(set) > 0 {
		w.Errorf("%s sets %v", v.Address(), set)
	}
}

// wantSessionLeft fails the case if an answer sets or clears the session's cookie.
func (w *World) wantSessionLeft(v *webtest.Visit) {
	w.Helper()
	if slices.ContainsFunc(v.SetCookies(), SessionCookie) {
		w.Errorf("%s sets or clears a session", v.Address())
	}
}

// wantAddress fails the case unless v ended at that address, its fragment included.
func (w *World) wantAddress(v *webtest.Visit, address string) {
	w.Helper()
	if v.Address() != address {
		w.Errorf("arrived at %s, want %s:\n\t%s", v.Address(), address, v.Trail())
	}
}

// wantUnionID fails the case unless v ended at a page that saw a user with this unionid.
func (w *World) wantUnionID(v *webtest.Visit, unionID string) {
	w.Helper()
	if u := userOf(v); u == nil || u.UnionID != unionID {
		w.Errorf("the page saw %+v, want the unionid %q", u, unionID)
	}
}

// wantScope fails the case unless a login asks for that scope.
func (w *World) wantScope(a *Attempt, scope string) {
	w.Helper()
	if a.Scope != scope {
		w.Errorf("asks for %s, want %s", a.Scope, scope)
	}
}

// wantWithin fails the case if more time has passed since then.
func (w *World) wantWithin(began time.Time, limit time.Duration) {
	w.Helper()
	w.wantTook(began, 0, limit)
}

// wantTook fails the case unless so much time has passed since then.
func (w *World) wantTook(began time.Time, least, most time.Duration) {
	w.Helper()
	if took := time.Since(began); took < least || took > most {
		w.Errorf("it took %v, want %v to %v", took, least, most)
	}
}

// wantSame fails the case unless got is what is wanted.
func (w *World) wantSame(got, want any, what string) {
	w.Helper()
	if !reflect.DeepEqual(got, want) {
		w.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantError fails the case unless it is that error.
func (w *World) wantError(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("error %v, want %v", err, want)
	}
}

// wantLogged fails the case unless all of this is in the log.
func (w *World) wantLogged(texts ...string) {
	w.Helper()
	for _, text := range texts {
		if log := w.log.String(); !strings.Contains(log, text) {
			w.Errorf("the log does not say %s:\n%s", text, log)
		}
	}
}

// wantUnlogged fails the case if this is in the log.
func (w *World) wantUnlogged(text string) {
	w.Helper()
	if log := w.log.String(); strings.Contains(log, text) {
		w.Errorf("the log says %s:\n%s", text, log)
	}
}

// wantHeader fails the case unless an answer has that header with just these values.
func (w *World) wantHeader(v *webtest.Visit, name string, values ...string) {
	w.Helper()
	if got := v.Header[name]; !slices.Equal(got, values) {
		w.Errorf("%s: %s is %q, want %q", v.Address(), name, got, values)
	}
}

// WantNotShown fails the case if a request reached a page since the last look.
func (w *World) WantNotShown() {
	w.Helper()
	if shown := w.Shown(); len(shown) > 0 {
		w.Errorf("the page was shown: %+v", shown)
	}
}

// WantRefusal fails the case unless v ended at an error page of that status, the Observer was
// told the kind, and the page has a link that tries again.
func (w *World) WantRefusal(v *webtest.Visit, status int, kind oauth.Kind) {
	w.Helper()
	if v.Status != status || !strings.HasPrefix(v.Header.Get("Content-Type"), "text/html") {
		w.Fatalf("want the %s page with status %d, got %d %v %s\n\t%s", kind, status, v.Status, v.Err, v.Body,
			v.Trail())
	}
	w.wantEvent(core.EventLoginRefused, string(kind))
	if !strings.Contains(v.Body, `<a class="button" href="`+PublicURL+"/") {
		w.Errorf("the %s page has no link to try again:\n%s", kind, v.Body)
	}
}

// wantEvent fails the case unless this is among what the Observer was told since it was last asked.
func (w *World) wantEvent(name, kind string) {
	w.Helper()
	events := w.Events()
	if !slices.ContainsFunc(events, func(e core.Event) bool { return e.Name == name && e.Kind == kind }) {
		w.Errorf("the Observer was told %+v, want %s of kind %s", events, name, kind)
	}
}

// WantRestart fails the case unless v ended at a silent redirect to WeChat.
func (w *World) WantRestart(v *webtest.Visit) {
	w.Helper()
	if v.Status != http.StatusFound || !strings.HasPrefix(v.Next, "https://"+openHost+authorizePath+"?") {
		w.Fatalf("want a restart, got %d %v %q %s\n\t%s", v.Status, v.Err, v.Next, v.Body, v.Trail())
	}
}

// WantLoginRequired fails the case unless v is the 401 of a request that cannot follow a redirect.
func (w *World) WantLoginRequired(v *webtest.Visit) {
	w.Helper()
	var body struct {
		Error    string `json:"error"`
		LoginURL string `json:"login_url"`
	}
	err := json.Unmarshal([]byte(v.Body), &body)
	if v.Status != http.StatusUnauthorized || len(v.SetCookies()) > 0 ||
		v.Method != http.MethodHead &&
			(err != nil || body.Error != "login_required" ||
				!strings.HasPrefix(body.LoginURL, PublicURL+"/wechat/login")) {
		w.Errorf("want 401 in JSON, got %d %s with %d cookies", v.Status, v.Body, len(v.SetCookies()))
	}
}

// wantText fails the case unless the answer that v ended with holds all of this.
func (w *World) wantText(v *webtest.Visit, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if !strings.Contains(v.Body, text) {
			w.Errorf("%d without %s:\n%s", v.Status, text, v.Body)
		}
	}
}

// wantNoText fails the case if the answer that v ended with holds any of this.
func (w *World) wantNoText(v *webtest.Visit, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if strings.Contains(v.Body, text) {
			w.Errorf("%d with %s:\n%s", v.Status, text, v.Body)
		}
	}
}

// WantStatus fails the case unless v ended with that status.
func (w *World) WantStatus(v *webtest.Visit, status int) {
	w.Helper()
	if v.Status != status {
		w.Fatalf("want status %d, got %d %v %s\n\t%s", status, v.Status, v.Err, v.Body, v.Trail())
	}
}
