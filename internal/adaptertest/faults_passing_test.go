package adaptertest

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// inPassing is a page view of somebody whose profile is a day old. It passes, whatever happens,
// unless WeChat says that the grant is dead.
func inPassing(t *World, path string, m misbehaviour, want ending) {
	const patience = 2 * time.Second // the longest that the page waits
	l := t.deployOnLine(nil)
	b := t.SignedIn()
	time.Sleep(25 * time.Hour)
	u := t.Sim.Users()[0]
	before := u.Nickname
	u.Nickname = "改了名字"
	t.Sim.AddUser(u)
	view := func() (v *webtest.Visit, nickname string) {
		v = b.Do(webtest.Request{URL: PublicURL + "/me"})
		if u := userOf(v); u != nil {
			nickname = u.Nickname
		}
		return v, nickname
	}

	m.begin(t, l, path)
	began := time.Now()
	v, name := view()
	t.wantWithin(began, patience)
	switch {
	case want.logInAgain():
		t.WantRestart(v)
		t.wantSessionLeft(v)
		t.WantSignedIn(b, 0) // a script's calls go on with the old profile
		m.end(t, l, path)
		t.WantUser(b.Open(v.Next), 0)
	case want == fine() && m.slow < patience:
		t.WantUser(v, 0)
		if name == before {
			t.Error("the profile is the old one")
		}
		return
	default:
		t.WantUser(v, 0)
		if name != before {
			t.Errorf("the page saw %q, want the old profile", name)
		}
		if path == refreshPath && len(v.SetCookies()) > 0 {
			t.Error("the session was changed")
		}
		calls := func() int { return t.Sim.Calls(refreshPath) + t.Sim.Calls(userInfoPath) + int(l.heard.Load()) }
		asked := calls()
		time.Sleep(50 * time.Second)
		if v, name = view(); name != before {
			t.Errorf("the page saw %q, want the old profile: %d %s", name, v.Status, v.Body)
		}
		if n := calls() - asked; n != 0 {
			t.Errorf("%d calls to WeChat within a minute of a failure", n)
		}
		m.end(t, l, path)
		time.Sleep(10 * time.Second)
	}
	if v, name = view(); name != u.Nickname {
		t.Errorf("after the fault the page saw %q, want the new profile: %d %s", name, v.Status, v.Body)
	}
}

// forAccessToken is a page that asks for the user's access token when that has run out.
func forAccessToken(t *World, path string, m misbehaviour, want ending) {
	const patience = 5 * time.Second
	l := t.deployOnLine(nil)
	b := t.SignedIn()
	time.Sleep(3 * time.Hour)
	ask := func() (*webtest.Visit, TokenShown) {
		v := b.Do(webtest.Request{URL: PublicURL + "/token"})
		got := t.Tokens()
		if v.Status != http.StatusOK || len(got) != 1 {
			t.Fatalf("the page did not run: %d %s", v.Status, v.Body)
		}
		return v, got[0]
	}

	m.begin(t, l, path)
	began := time.Now()
	v, got := ask()
	t.wantWithin(began, patience)
	if want != fine() {
		if got.Token != "" || got.Err == nil {
			t.Errorf("AccessToken gave a token of %d bytes and error %v", len(got.Token), got.Err)
		}
		want.checkCause(t, got.Err)
		if want.logInAgain() && !errors.Is(got.Err, want.code) {
			t.Errorf("a dead grant is %v", got.Err)
		}
		t.wantNoCookies(v)
		t.WantSignedIn(b, 0)
		m.end(t, l, path)
		if want.logInAgain() { // WeChat is not asked again for a while
			if _, got = ask(); !errors.Is(got.Err, want.code) {
				t.Errorf("a moment later a dead grant is %v", got.Err)
			}
			time.Sleep(10 * time.Minute)
		}
		v, got = ask()
	}
	if got.Token == "" || got.Err != nil {
		t.Errorf("AccessToken gave no token: %v", got.Err)
	}
	if !slices.ContainsFunc(v.SetCookies(), SessionCookie) && !t.Store.OnServer {
		t.Error("the new token was not saved")
	}
}
