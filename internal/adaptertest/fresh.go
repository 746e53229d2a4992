package adaptertest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// freshCases are about pages that want to know whether it is still the same user.
func freshCases() Group {
	const me, pay, again = PublicURL + "/me", PublicURL + "/pay", PublicURL + "/again"
	// stale is a browser whose user WeChat has confirmed too long ago for /pay.
	stale := func(t *World) *webtest.Browser {
		b := t.Browser()
		t.WantUser(b.Open(me), 0)
		time.Sleep(FreshFor + time.Second)
		t.Sim.Reset()
		t.Events()
		return b
	}
	members := func(t *World, logins *[]string) {
		t.DeployOnLogin(func(_ context.Context, _ *http.Request, u *core.User) error {
			*logins = append(*logins, u.OpenID)
			u.MemberID = "m-" + u.OpenID
			return nil
		})
	}
	// opens loads a page in which WeChat's i-th user sits before the phone.
	opens := func(t *World, b *webtest.Browser, address string, i int) *webtest.Visit {
		return b.Open(t.Begin(b, address).Callback(i))
	}
	cases := []Case{
		{Name: "a login a moment ago is fresh", Test: func(t *World) {
			b := t.Browser()
			t.WantUser(b.Open(pay), 0)
			time.Sleep(FreshFor - time.Second)
			for _, page := range []string{pay, again} {
				v := b.Open(page)
				t.WantUser(v, 0)
				t.wantAtOnce(v)
			}
		}},
		{Name: "the same user is confirmed silently and keeps the session", Test: func(t *World) {
			var logins []string
			members(t, &logins)
			b := stale(t)
			before := userOf(b.Open(me))
			for _, page := range []string{pay, again} {
				a := t.Begin(b, page+"?a=1#part")
				t.wantScope(a, "snsapi_base")
				v := b.Open(a.Callback(0))
				t.WantUser(v, 0)
				after := userOf(v)
				if v.Page() != page+"?a=1" || !after.CheckedAt.Equal(time.Now().Truncate(time.Second)) ||
					!after.LoginAt.Equal(before.LoginAt) ||
					after.Nickname != before.Nickname || after.UnionID != before.UnionID ||
					after.Scope != "snsapi_userinfo" || after.MemberID != before.MemberID {
					t.Errorf("%s: %+v became %+v", v.Page(), before, after)
				}
				time.Sleep(FreshFor + time.Second)
			}
			t.WantCalls(2, 0)
			t.NoError(t.token(b).Err) // the session has kept its tokens
			t.wantSame(len(logins), 1, "calls of OnLogin")
			time.Sleep(31*day - 3*FreshFor)
			t.WantNobody(b) // a check makes no session longer
		}},
		{Name: "a check is an event of its own", Test: func(t *World) {
			b := stale(t)
			t.WantUser(b.Open(pay), 0)
			t.WantEvents(event(core.EventLoginStarted, "check"), event(core.EventLoginFinished, "check"))
		}},
		{Name: "another user never sees the first one's page, and gets a session of their own", Test: func(t *World) {
			var logins []string
			members(t, &logins)
			b := stale(t)
			thief := b.Jar.Copy()
			t.Shown()
			a := t.Begin(b, pay)
			v := b.OpenUntil(a.Callback(1), atWeChat)
			if shown := t.Shown(); slices.ContainsFunc(shown, func(s Shown) bool {
				return s.User.OpenID == t.Sim.Users()[0].OpenID
			}) {
				t.Errorf("/pay showed %+v", shown)
			}
			t.wantScope(t.attempt(b, v), "snsapi_userinfo") // the page needs more than a check grants
			t.WantSignedIn(b, 1)
			if u := userOf(fetch(b, "/base")); u.Scope != "snsapi_base" || u.Nickname != "" ||
				u.MemberID != "m-"+u.OpenID {
				t.Errorf("the new session is of %+v", u)
			}
			t.wantSame(len(logins), 2, "calls of OnLogin")
			t.WantEnded(thief)
		}},
		{Name: "another user on a site that needs no profile is there at once", Config: base, Test: func(t *World) {
			b := stale(t)
			t.WantUser(opens(t, b, pay, 1), 1)
			t.WantUser(b.Open(me), 1)
		}},
		{Name: "a service worker passes the check on", Test: func(t *World) {
			v := stale(t).Walk(webtest.Request{URL: pay, Kind: byWorker()}, nil)
			t.WantPage(v, "/pay")
			t.WantCalls(1, 0)
		}},
		{Name: "scripts are told how fresh, and the login handler sees to it", Test: func(t *World) {
			b := stale(t)
			v := b.Do(webtest.Request{URL: pay, Kind: webtest.Fetch()})
			t.WantLoginRequired(v)
			t.wantText(v, `"login_url":"`+PublicURL+`/wechat/login?fresh=300"`)
			t.WantLoginRequired(fetch(b, "/wechat/login?fresh=300"))
			v = b.Open(PublicURL + "/wechat/login?fresh=300&return_to=/pay")
			t.WantPage(v, "/pay")
			t.WantCalls(1, 0)
			v = b.Open(PublicURL + "/wechat/login?fresh=300&return_to=/pay")
			t.WantPage(v, "/pay")
			t.WantRedirects(v, 1)
		}},
		{Name: "what is no number of seconds is no wish, and none goes round in circles", Test: func(t *World) {
			b := stale(t)
			for _, wish := range []string{"0", "-1", "1.5", "", "x", "0x10", "1e3", "99999999999999999999", "+5"} {
				v := b.Open(PublicURL + "/wechat/login?return_to=/me&fresh=" + wish)
				t.WantPage(v, "/me")
				t.WantRedirects(v, 1)
			}
			for _, wish := range []string{"1", "1&fresh=2", "2147483647"} {
				time.Sleep(FreshFor + time.Second)
				t.WantPage(b.Open(PublicURL+"/wechat/login?return_to=/me&fresh="+wish), "/me")
			}
		}},
		{Name: "five tabs at once end well", Test: func(t *World) {
			b := stale(t)
			webtest.AtOnce(5, func(int) {
				v := b.Open(pay)
				if u := userOf(v); u == nil || u.OpenID != t.Sim.Users()[0].OpenID {
					t.Errorf("a tab ended at %d %s\n\t%s", v.Status, v.Body, v.Trail())
				}
			})
		}},
		{Name: "a callback that comes twice ends well", Test: func(t *World) {
			b := stale(t)
			callback := t.Begin(b, pay).Callback(0)
			t.WantUser(b.Open(callback), 0)
			t.WantUser(b.Open(callback), 0)
			t.WantCalls(1, 0)
		}},
		{Name: "a browser that loses the attempt's cookie starts again, and not for ever", Test: func(t *World) {
			b := stale(t)
			b.Loses = AttemptCookie
			v := b.Open(pay)
			t.WantRefusal(v, http.StatusBadRequest, oauth.KindCookies)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a code that WeChat keeps refusing is not asked about for ever", Test: func(t *World) {
			b := stale(t)
			t.Sim.Fail(exchangePath, wxsim.Code(40029))
			t.WantRefusal(b.Open(pay), http.StatusBadRequest, oauth.KindCode)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a snapshot user confirms nobody", Config: func(cfg *oauth.Config) {
			cfg.AllowSnapshot = true
		}, Test: func(t *World) {
			b := stale(t)
			t.Sim.Fail(exchangePath, wxsim.Field("is_snapshotuser", "1"))
			t.WantRefusal(b.Open(pay), http.StatusForbidden, oauth.KindSnapshot)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a user whom the app refuses does not get in, and not into the other one's session", Config: base, Test: func(t *World) {
			b := stale(t)
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error { return oauth.ErrRefused })
			t.WantRefusal(opens(t, b, pay, 1), http.StatusForbidden, oauth.KindRefusedByApp)
		}},
		{Name: "outside WeChat the user scans again", Config: website, Test: func(t *World) {
			b := t.Desktop()
			t.WantPage(b.Open(me), "/me")
			time.Sleep(FreshFor + time.Second)
			t.wantScope(t.Begin(b, pay), "snsapi_login")
			t.WantPage(b.Open(pay), "/pay")
		}},
		{Name: "a logout while WeChat is asked stays a logout", Config: base, Test: func(t *World) {
			b := stale(t)
			callback := t.Begin(b, pay).Callback(0)
			session := b.Jar.Copy()
			t.WantStatus(logOut(b), http.StatusNoContent)
			if t.Store.OnServer {
				b.Jar = session
			}
			t.WantUser(b.Open(callback), 0) // by a login of its own
			if u := userOf(b.Open(me)); !u.LoginAt.Equal(u.CheckedAt) {
				t.Errorf("the session is of %+v", u)
			}
		}},
	}
	for _, outage := range []struct {
		name   string
		fault  wxsim.Fault
		status int
		kind   oauth.Kind
	}{
		{"busy", wxsim.Code(-1), 502, oauth.KindUpstream},
		{"silent", wxsim.Hang(), 504, oauth.KindUpstream},
		{"limiting us", wxsim.Code(45009), 503, oauth.KindLimited},
		{"refusing the app", wxsim.Code(40125), 500, oauth.KindConfig},
	} {
		cases = append(cases, Case{Name: "WeChat is " + outage.name +
			": the check fails, and the session is kept", Test: func(t *World) {
			b := stale(t)
			t.Sim.Fail(exchangePath, outage.fault)
			v := b.Open(pay)
			t.WantRefusal(v, outage.status, outage.kind)
			t.WantUser(b.Open(me), 0)
			t.Sim.Clear(exchangePath)
			t.WantUser(b.Open(pay), 0)
		}})
	}
	cases = append(cases, Case{Name: "a page that asks for the impossible is reached all the same", Test: func(t *World) {
		auth := t.Replica(nil)
		for _, maxAge := range []time.Duration{-1, 0, 1} {
			t.Net.Serve(Host, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if passed, ok := auth.AdmitFresh(rw, r, maxAge); ok {
					u, _ := core.UserFrom(passed.Context()) //nolint:contextcheck // Admit's request has the user
					t.Show(rw, passed, u)
				}
			}))
			b := t.Browser()
			t.WantUser(b.Open(pay), 0)
			time.Sleep(time.Minute)
			t.WantUser(b.Open(pay), 0)
		}
	}})
	return Group{"Fresh", cases}
}
