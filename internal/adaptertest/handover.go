package adaptertest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

const (
	miniAppID  = "wx00000000000000a1"
	miniOpenID = "oMini-user-1"
	// webView is what a mini program's web-view calls itself.
	webView = webtest.WeChatAndroid + " miniProgram/" + miniAppID
)

// handoverCases are about a mini program's users in a web-view.
func handoverCases() Group {
	const me = PublicURL + "/me"
	user := func() *core.User {
		return &core.User{AppID: miniAppID, OpenID: miniOpenID, UnionID: "u1", LoginAt: time.Now().Add(-time.Hour)}
	}
	// handover makes an address as any replica does.
	handover := func(t *World, u *core.User, page string) string {
		t.Helper()
		auth := t.Replica(nil)
		address, err := auth.HandoverURL(context.Background(), u, page)
		t.NoError(err)
		return address
	}
	view := func(t *World) *webtest.Browser {
		b := t.Browser()
		b.Agent = webView
		return b
	}
	signedIn := func(t *World, b *webtest.Browser) *core.User {
		u := userOf(b.Do(webtest.Request{URL: me, Kind: webtest.Fetch()}))
		if u == nil || u.OpenID != miniOpenID {
			t.Errorf("the web-view is signed in as %+v", u)
		}
		return u
	}
	return Group{"Handover", []Case{
		{Name: "the web-view is signed in as the mini program's user, and sees the page", Test: func(t *World) {
			t.DeployOnLogin(func(_ context.Context, r *http.Request, u *core.User) error {
				if r.UserAgent() != webView || u.Via != "handover" {
					t.Errorf("OnLogin was told of %+v by %s", u, r.UserAgent())
				}
				u.MemberID = "m-1"
				return nil
			})
			b := view(t)
			v := b.Open(handover(t, user(), "/me?a=1#part"))
			if u := userOf(v); u == nil || v.Address() != me+"?a=1#part" || v.Redirects() != 1 {
				t.Fatalf("arrived at %s: %d %s\n\t%s", v.Address(), v.Status, v.Body, v.Trail())
			}
			u := signedIn(t, b)
			if u.AppID != miniAppID || u.UnionID != "u1" || u.Via != "handover" || u.MemberID != "m-1" ||
				!u.CheckedAt.Before(u.LoginAt) {
				t.Errorf("the page saw %+v", u)
			}
			t.WantAPICalls(0)
			t.wantError(t.token(b).Err, oauth.ErrNoToken)
			t.WantEvents(event(core.EventLoginStarted, "handover"), event(core.EventLoginFinished, "handover"))
		}},
		{Name: "the session ends a day later, and is enough for what the site asks", Test: func(t *World) {
			b := view(t)
			b.Open(handover(t, user(), "/me"))
			t.WantUserOpenID(b.Open(PublicURL+"/profile"), miniOpenID)
			time.Sleep(day - time.Minute)
			signedIn(t, b)
			time.Sleep(2 * time.Minute)
			t.WantNobody(b)
		}},
		{Name: "an address works once", Test: func(t *World) {
			address := handover(t, user(), "/base")
			b := view(t)
			b.Open(address)
			signedIn(t, b)
			second := view(t)
			v := second.OpenUntil(address, atWeChat)
			t.attempt(second, v) // an ordinary login
			t.WantNobody(second)
		}},
		{Name: "an address lives a minute", Test: func(t *World) {
			address := handover(t, user(), "/base")
			time.Sleep(time.Minute + time.Second)
			b := view(t)
			b.OpenUntil(address, atWeChat)
			t.WantNobody(b)
		}},
		{Name: "outside the web-view it does nothing, and is not used up", Test: func(t *World) {
			address := handover(t, user(), "/base")
			for _, agent := range []string{
				webtest.WeChatAndroid, webtest.DesktopChrome, webtest.DesktopChrome + " miniProgram",
				webtest.WeChatAndroid + " miniProgram/wx00000000000000b2", webtest.WeCom + " miniProgram",
			} {
				b := t.Browser()
				b.Agent = agent
				b.OpenUntil(address, atWeChat)
				t.WantNobody(b)
			}
			b := view(t)
			for _, kind := range webtest.Kinds() {
				if !kind.Page {
					b.Do(webtest.Request{URL: address, Kind: kind})
					t.WantNobody(b)
				}
			}
			b.Do(webtest.Request{URL: address, Method: http.MethodHead})
			b.Agent = webtest.WeChatIPhone + " miniProgram" // older WeChats do not name it
			b.Open(address)
			signedIn(t, b)
		}},
		{Name: "a changed address does nothing, and a good one is not used up", Test: func(t *World) {
			address := handover(t, user(), "/base")
			_, query, _ := strings.Cut(address, "handover=")
			ticket, _, _ := strings.Cut(query, "&")
			b := view(t)
			for i := range ticket {
				changed := []byte(ticket)
				changed[i] ^= 1
				b.Do(webtest.Request{URL: PublicURL + "/wechat/login?handover=" + url.QueryEscape(string(changed)) +
					"&return_to=/base"})
			}
			for _, query := range []string{
				"handover=" + ticket + "&return_to=/me", "handover=" + ticket,
				"handover=" + ticket + "&return_to=//evil.com",
				"handover=" + ticket + "%3D&return_to=/base", "handover=" + ticket + "%0a&return_to=/base",
				"handover=&return_to=/base",
			} {
				v := b.Do(webtest.Request{URL: PublicURL + "/wechat/login?" + query})
				if strings.Contains(v.Next, "evil") {
					t.Errorf("%s leads to %s", query, v.Next)
				}
			}
			t.WantNobody(b)
			b.Open(address)
			signedIn(t, b)
		}},
		{Name: "an address of another app, program or key does nothing", Test: func(t *World) {
			for _, change := range []func(cfg *oauth.Config){
				func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('9')} },
				func(cfg *oauth.Config) { cfg.AppID = "wx00000000000000c3" },
				func(cfg *oauth.Config) { cfg.Name = "admin" },
			} {
				auth := t.Replica(change)
				address, err := auth.HandoverURL(context.Background(), user(), "/base")
				t.NoError(err)
				b := view(t)
				b.OpenUntil(address, atWeChat)
				t.WantNobody(b)
			}
		}},
		{Name: "a session of the same user stays, and the address with it; another user's is replaced", Test: func(t *World) {
			b := view(t)
			t.SignIn(b)
			old := b.Jar.Copy()
			b.Open(handover(t, user(), "/me"))
			first := signedIn(t, b)
			t.WantEnded(old)
			time.Sleep(time.Minute)
			address := handover(t, user(), "/me")
			v := b.Open(address)
			t.WantPage(v, "/me")
			if u := signedIn(t, b); !u.LoginAt.Equal(first.LoginAt) || len(v.SetCookies()) > 0 {
				t.Errorf("the session of %v became one of %v", first.LoginAt, u.LoginAt)
			}
			other := view(t)
			other.Open(address)
			signedIn(t, other)
		}},
		{Name: "a user whom the app refuses is not signed in", Test: func(t *World) {
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error { return oauth.ErrRefused })
			b := view(t)
			t.WantRefusal(b.Open(handover(t, user(), "/me")), http.StatusForbidden, oauth.KindRefusedByApp)
			t.WantNobody(b)
		}},
		{Name: "an OnLogin that fails, hangs or panics does not use the address up", Test: func(t *World) {
			t.AllowPanics = true
			for name, fault := range map[string]func() error{
				"fails":  func() error { return errors.New("a database that is away") },
				"hangs":  func() error { time.Sleep(10 * time.Second); return nil },
				"panics": func() error { panic("OnLogin") },
			} {
				broken := true
				t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
					if broken {
						broken = false
						return fault()
					}
					return nil
				})
				address, b := handover(t, user(), "/me"), view(t)
				if v := b.Do(webtest.Request{URL: address, Once: true}); v.Status == http.StatusFound {
					t.Errorf("%s: it is answered %d", name, v.Status)
				}
				t.WantNobody(b)
				b.Open(address)
				signedIn(t, b)
			}
		}},
		{Name: "who has no user of a mini program, or no page of this site, gets no address", Test: func(t *World) {
			auth := t.Replica(nil)
			for _, bad := range []struct {
				u    *core.User
				page string
			}{
				{nil, "/me"},
				{&core.User{AppID: miniAppID}, "/me"},
				{&core.User{OpenID: miniOpenID}, "/me"},
				{&core.User{AppID: miniAppID, OpenID: "a b"}, "/me"},
				{&core.User{AppID: t.Config.AppID, OpenID: miniOpenID}, "/me"},
				{user(), ""},
				{user(), "me"},
				{user(), "//evil.com"},
				{user(), "https://evil.com/"},
				{user(), `/\evil.com`},
				{user(), "/wechat/login"},
			} {
				if address, err := auth.HandoverURL(context.Background(), bad.u, bad.page); err == nil {
					t.Errorf("%+v and %q make %s", bad.u, bad.page, address)
				}
			}
		}},
	}}
}

// WantUserOpenID fails the case unless v ended at a page that saw this user.
func (w *World) WantUserOpenID(v *webtest.Visit, openID string) {
	w.Helper()
	if u := userOf(v); u == nil || u.OpenID != openID {
		w.Fatalf("want the page with %s, got %d %s\n\t%s", openID, v.Status, v.Body, v.Trail())
	}
}
