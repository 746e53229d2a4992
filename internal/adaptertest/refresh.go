package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

const day = 24 * time.Hour

// refreshCases are about a session in the days after its login.
func refreshCases() Group {
	// aged is a signed-in browser a day later, when WeChat knows the user by another name.
	aged := func(t *World) *webtest.Browser {
		b := t.SignedIn()
		time.Sleep(day + time.Second)
		t.rename()
		t.Sim.Reset()
		t.Events()
		return b
	}
	// wantName opens a page and looks at the name it shows.
	wantName := func(t *World, v *webtest.Visit, name string) {
		t.Helper()
		if u := userOf(v); u == nil || u.Nickname != name {
			t.Errorf("%s: want the page of %s, got %d %s", webtest.Show(v.URL), name, v.Status, v.Body)
		}
	}
	const old, fresh = "小明", newName
	cases := []Case{
		{Name: "a page a day later fetches the profile in passing", Test: func(t *World) {
			b := t.SignedIn()
			login := userOf(b.Open(PublicURL + "/me"))
			time.Sleep(day + time.Second)
			t.rename()
			t.Events()
			v := b.Open(PublicURL + "/me")
			wantName(t, v, fresh)
			u := userOf(v)
			if u.UnionID != login.UnionID || u.Scope != login.Scope || !u.LoginAt.Equal(login.LoginAt) ||
				len(v.Hops) != 1 {
				t.Errorf("%+v became %+v in %d requests", login, u, len(v.Hops))
			}
			if c := v.SetCookies(); len(c) != 1 || c[0].MaxAge > int(29*day/time.Second) ||
				c[0].MaxAge < int(28*day/time.Second) {
				t.Errorf("cookies %v; want the session with the life that is left of 30 days", c)
			}
			t.WantEvents(event(core.EventProfileRefreshed, "ok"))
			t.WantCallsOf(refreshPath, 1)
			t.WantCallsOf(userInfoPath, 2)
			for range 10 {
				v := b.Open(PublicURL + "/me")
				wantName(t, v, fresh)
				t.wantNoCookies(v)
			}
			t.WantCallsOf(userInfoPath, 2)
		}},
		{Name: "with a token that still lives it costs one call", Config: func(cfg *oauth.Config) {
			cfg.ProfileMaxAge = time.Hour
		}, Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(time.Hour + time.Second)
			t.rename()
			wantName(t, b.Open(PublicURL+"/me"), fresh)
			t.WantCallsOf(refreshPath, 0)
			t.WantCallsOf(userInfoPath, 2)
		}},
		{Name: "only a page load refreshes", Test: func(t *World) {
			b := aged(t)
			for _, kind := range webtest.Kinds() {
				if !kind.Page {
					wantName(t, b.Do(webtest.Request{URL: PublicURL + "/me", Kind: kind}), old)
				}
			}
			wantName(t, b.Do(webtest.Request{URL: PublicURL + "/me", Method: http.MethodPost, Form: "a=1"}), old)
			t.WantAPICalls(0)
		}},
		{Name: "a session without a profile has nothing to refresh", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(20 * day)
			t.Sim.Reset()
			v := b.Open(PublicURL + "/me")
			t.WantUser(v, 0)
			t.WantAPICalls(0)
			t.wantNoCookies(v)
		}},
		{Name: "one page refreshes while the others pass with the old profile", Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(userInfoPath, wxsim.Late(time.Second))
			names := make(chan string, 10)
			t.atOnce(10, func() { names <- userOf(b.Open(PublicURL + "/me")).Nickname })
			close(names)
			count := map[string]int{}
			for name := range names {
				count[name]++
			}
			if count[fresh] != 1 || count[old] != 9 || t.Sim.Calls(userInfoPath) != 1 {
				t.Errorf("the pages showed %v with %d calls", count, t.Sim.Calls(userInfoPath))
			}
			wantName(t, b.Open(PublicURL+"/me"), fresh)
		}},
		{Name: "a page waits two seconds at most", Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(wxsim.AnyPath, wxsim.Hang())
			began := time.Now()
			wantName(t, b.Open(PublicURL+"/me"), old)
			t.wantWithin(began, 2*time.Second)
		}},
		{Name: "the session of 30 days ends 30 days after the login, also when it is used every day", Test: func(t *World) {
			b := t.SignedIn()
			login := time.Now()
			for range 29 {
				time.Sleep(day)
				t.WantUser(b.Do(webtest.Request{URL: PublicURL + "/me"}), 0)
			}
			kept := b.Jar.Copy()
			time.Sleep(time.Until(login.Add(30*day - time.Minute)))
			t.WantSignedIn(b, 0)
			time.Sleep(2 * time.Minute)
			t.WantNobody(b)
			for _, c := range kept.All() { // a browser that keeps cookies for longer than it should
				c.MaxAge = int(100 * day / time.Second)
				kept.Set(b.Open(PublicURL+"/").URL, []*http.Cookie{c})
			}
			b.Jar = kept
			t.WantNobody(b)
			t.WantPage(b.Open(PublicURL+"/me"), "/me")
		}},
		{Name: "a refresh token that WeChat changes is kept, also when the profile fails", Sim: func(cfg *wxsim.Config) {
			cfg.RotateRefreshTokens = true
		}, Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(userInfoPath, wxsim.Status(502), 2)
			wantName(t, b.Open(PublicURL+"/me"), old)
			t.Sim.Clear(userInfoPath)
			time.Sleep(3 * time.Hour) // the access token is over as well
			v := b.Open(PublicURL + "/me")
			wantName(t, v, fresh)
			t.WantRedirects(v, 0) // the user had not to log in again
		}},
		{Name: "a unionid that comes later is kept, also when it is left out again", Test: func(t *World) {
			t.Sim.Fail(wxsim.AnyPath, wxsim.NoUnionID())
			b := t.Browser()
			t.wantUnionID(b.Open(PublicURL+"/me"), "")
			for range 2 {
				t.Sim.Reset()
				time.Sleep(day + time.Second)
				for range 2 {
					t.wantUnionID(b.Open(PublicURL+"/me"), t.Sim.Users()[0].UnionID)
				}
				t.Sim.Fail(wxsim.AnyPath, wxsim.NoUnionID())
				time.Sleep(day + time.Second)
				t.wantUnionID(b.Open(PublicURL+"/me"), t.Sim.Users()[0].UnionID)
			}
		}},
		{Name: "a logout while a page refreshes stays a logout", Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(userInfoPath, wxsim.Late(time.Second))
			var wg sync.WaitGroup
			wg.Go(func() { b.Open(PublicURL + "/me") })
			time.Sleep(500 * time.Millisecond)
			t.WantStatus(logOut(b), http.StatusNoContent)
			wg.Wait()
			t.WantNobody(b)
		}},
	}
	for _, f := range []struct {
		name  string
		fault wxsim.Fault
	}{
		{"busy", wxsim.Code(-1)},
		{"down", wxsim.Status(502)},
		{"cut off", wxsim.Reset()},
		{"talking nonsense", wxsim.HTML()},
		{"limiting us", wxsim.Code(45009)},
		{"speaking of somebody else", wxsim.Field("openid", `"oSomebodyElse000000000000000"`)},
		{"refusing the app", wxsim.Code(40013)},
	} {
		cases = append(cases, Case{Name: "WeChat is " + f.name +
			": the old profile serves, and for a minute WeChat is left alone", Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(wxsim.AnyPath, f.fault)
			v := b.Open(PublicURL + "/me")
			wantName(t, v, old)
			t.WantEvents(event(core.EventProfileRefreshed, "failed"))
			t.wantNoCookies(v)
			t.Sim.Reset()
			time.Sleep(59 * time.Second)
			wantName(t, b.Open(PublicURL+"/me"), old)
			t.WantAPICalls(0)
			time.Sleep(2 * time.Second)
			wantName(t, b.Open(PublicURL+"/me"), fresh)
		}})
	}
	for _, code := range []int{40030, 42002, 42007} {
		cases = append(cases, Case{Name: fmt.Sprintf("the grant is dead (%d): a page load logs in, elsewhere the old profile serves", code), Test: func(t *World) {
			b := aged(t)
			t.Sim.Fail(refreshPath, wxsim.Code(code))
			for range 5 { // whoever does not go on is asked again, and WeChat is not
				t.WantRestart(b.Do(webtest.Request{URL: PublicURL + "/me?a=1"}))
			}
			wantName(t, fetch(b, "/me"), old)
			v := b.Open(PublicURL + "/me?a=1")
			t.WantPage(v, "/me?a=1")
			wantName(t, v, fresh)
			t.WantRedirects(v, 3)
			t.WantCallsOf(refreshPath, 1)
			t.wantEvent(core.EventProfileRefreshed, "revoked")
		}})
	}
	return Group{"Later", append(cases, accessTokenCases()...)}
}

func accessTokenCases() []Case {
	// live reports whether WeChat honours a token.
	live := func(t *World, token string) bool {
		client, err := oauth.NewClient(oauth.ClientConfig{
			AppID: t.Config.AppID, Secret: t.Config.Secret, HTTPClient: t.Config.HTTPClient, Logger: t.Config.Logger,
		})
		t.NoError(err)
		return client.Validate(context.Background(), token, t.Sim.Users()[0].OpenID) == nil
	}
	return []Case{
		{Name: "AccessToken gives the login's token while it lives", Test: func(t *World) {
			b := t.SignedIn()
			v := fetch(b, "/token")
			token := t.Tokens()[0]
			if token.Err != nil || !live(t, token.Token) || t.Sim.Calls(refreshPath) != 0 || len(v.SetCookies()) > 0 {
				t.Errorf("%+v with %d refreshes and %d cookies", token.Err, t.Sim.Calls(refreshPath),
					len(v.SetCookies()))
			}
		}},
		{Name: "AccessToken refreshes one that is over, and keeps what it got", Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(3 * time.Hour)
			fetch(b, "/token")
			fetch(b, "/token")
			tokens := t.Tokens()
			if tokens[0].Err != nil || !live(t, tokens[0].Token) || tokens[1] != tokens[0] ||
				t.Sim.Calls(refreshPath) != 1 {
				t.Errorf("%v and %v with %d refreshes", tokens[0].Err, tokens[1].Err, t.Sim.Calls(refreshPath))
			}
			t.WantSignedIn(b, 0)
		}},
		{Name: "AccessToken says when the grant is dead, and the session stays", Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(3 * time.Hour)
			t.Sim.RevokeUser(t.Sim.Users()[0].OpenID)
			token := t.token(b)
			t.wantSame(token.Token, "", "the token")
			t.wantError(token.Err, core.ErrGrantRevoked)
			t.WantSignedIn(b, 0)
		}},
		{Name: "AccessToken asks about a dead grant once, however often it is called", Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(3 * time.Hour)
			t.Sim.RevokeUser(t.Sim.Users()[0].OpenID)
			for range 20 {
				fetch(b, "/token")
			}
			for _, token := range t.Tokens() {
				t.wantError(token.Err, core.ErrGrantRevoked)
			}
			t.WantCallsOf(refreshPath, 1)
		}},
		{Name: "AccessToken says when WeChat is away, and the session stays", Test: func(t *World) {
			b := t.SignedIn()
			time.Sleep(3 * time.Hour)
			t.Sim.Fail(refreshPath, wxsim.Reset())
			fetch(b, "/token")
			var wire *core.WireError
			if token := t.Tokens()[0]; token.Token != "" || !errors.As(token.Err, &wire) {
				t.Errorf("error %v", token.Err)
			}
			t.Sim.Clear(refreshPath)
			if token := t.token(b); token.Err != nil || !live(t, token.Token) {
				t.Errorf("error %v", token.Err)
			}
		}},
	}
}

// newName is what [World.rename] calls WeChat's first user.
const newName = "新名字"

// rename gives WeChat's first user another name.
func (w *World) rename() {
	u := w.Sim.Users()[0]
	u.Nickname = newName
	w.Sim.AddUser(u)
}

// event is one without an errcode.
func event(name, kind string) core.Event { return core.Event{Name: name, Kind: kind} }

// WantEvents fails the case unless the Observer was told just these since it was last asked;
// durations are not compared.
func (w *World) WantEvents(want ...core.Event) {
	w.Helper()
	got := w.Events()
	for i := range got {
		got[i].Duration = 0
	}
	w.wantSame(got, want, "the Observer was told")
}
