package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// hookCases are about what the app is told: OnLogin and the Observer.
func hookCases() Group {
	return Group{"Hooks", []Case{
		{Name: "OnLogin is called once per login, with user and request", Test: func(t *World) {
			var calls []*core.User
			t.DeployOnLogin(func(ctx context.Context, r *http.Request, u *core.User) error {
				calls = append(calls, u)
				end, ok := ctx.Deadline()
				if left := time.Until(end); !ok || left > 8*time.Second || left < 3*time.Second {
					t.Errorf("the context lives %v", left)
				}
				if r.URL.Path != "/me" || r.Header.Get("User-Agent") != webtest.WeChatAndroid {
					t.Errorf("the request is %s of %s", r.URL.Path, r.Header.Get("User-Agent"))
				}
				return nil
			})
			b, callback := t.calledBack("/me?a=1")
			t.WantUser(b.Open(callback), 0)
			t.WantUser(b.Open(callback), 0)
			for range 10 {
				t.WantUser(b.Open(PublicURL+"/me"), 0)
			}
			time.Sleep(day + time.Second)
			t.WantUser(b.Open(PublicURL+"/me"), 0) // a refresh is no login
			if len(calls) != 1 || calls[0].OpenID != t.Sim.Users()[0].OpenID || calls[0].Nickname == "" ||
				calls[0].LoginAt.IsZero() {
				t.Errorf("OnLogin was told %+v", calls)
			}
		}},
		{Name: "of what OnLogin writes into its user the member's ID stays, and nothing else", Test: func(t *World) {
			t.DeployOnLogin(func(_ context.Context, _ *http.Request, u *core.User) error {
				for i := range u.Privilege {
					u.Privilege[i] = "mine"
				}
				*u = core.User{AppID: "mine", OpenID: "member 5", MemberID: strings.Repeat("5", 64)}
				return nil
			})
			b := t.Browser()
			wantMember := func() {
				t.Helper()
				v := b.Open(PublicURL + "/me")
				t.WantUser(v, 0)
				if u := userOf(v); u.MemberID != strings.Repeat("5", 64) || slices.Contains(u.Privilege, "mine") ||
					u.CheckedAt.IsZero() || !u.CheckedAt.Equal(u.LoginAt) {
					t.Errorf("the user is %+v", u)
				}
			}
			wantMember()
			wantMember()
			time.Sleep(day + time.Second)
			wantMember() // after a refresh
		}},
		{Name: "a member's ID over 64 bytes is a fault of OnLogin", Test: func(t *World) {
			t.DeployOnLogin(func(_ context.Context, _ *http.Request, u *core.User) error {
				u.MemberID = strings.Repeat("5", 65)
				return nil
			})
			b := t.Browser()
			t.WantRefusal(b.Open(PublicURL+"/me"), 500, oauth.KindApp)
			t.WantNobody(b)
			t.wantLogged("level=ERROR", "65 bytes")
		}},
		{Name: "OnLogin's failure is the program's fault: 500, and one line in the log", Config: base, Test: func(t *World) {
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
				return errors.New("text-of-the-app")
			})
			b, callback := t.calledBack("/me")
			for range 2 {
				v := b.Open(callback)
				t.WantRefusal(v, 500, oauth.KindApp)
				t.wantNoText(v, "text-of-the-app")
			}
			t.WantNobody(b)
			if log := t.log.String(); strings.Count(log, "level=ERROR") != 1 ||
				strings.Count(log, "text-of-the-app") != 1 {
				t.Errorf("the log says\n%s", log)
			}
		}},
		{Name: "OnLogin refuses a login with ErrRefused, which is no news to an operator", Config: base, Test: func(t *World) {
			newcomer, known := t.Browser(), t.SignedIn()
			var refuse atomic.Bool
			refuse.Store(true)
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
				if refuse.Load() {
					return fmt.Errorf("text-of-the-app: %w", oauth.ErrRefused)
				}
				return nil
			})
			for _, b := range []*webtest.Browser{newcomer, known} {
				v := b.Open(PublicURL + "/profile")
				t.WantRefusal(v, 403, oauth.KindRefusedByApp)
				t.wantNoText(v, "text-of-the-app")
			}
			if log := t.log.String(); !strings.Contains(log, "text-of-the-app") ||
				strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
				t.Errorf("the log says\n%s", log)
			}
			t.WantNobody(newcomer)
			t.WantSignedIn(known, 0)
			refuse.Store(false)
			t.WantPage(newcomer.Open(PublicURL+"/profile"), "/profile")
		}},
		{Name: "OnLogin's refusal is told to a second callback as well, without asking again", Test: func(t *World) {
			var calls atomic.Int32
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
				calls.Add(1)
				return oauth.ErrRefused
			})
			b, callback := t.calledBack("/me")
			for range 2 {
				t.WantRefusal(b.Open(callback), 403, oauth.KindRefusedByApp)
			}
			t.WantCalls(1, 1)
			t.wantSame(calls.Load(), int32(1), "calls of OnLogin")
		}},
		{Name: "OnLogin's panic releases the login: a reload logs in", Test: func(t *World) {
			t.AllowPanics = true
			var calls atomic.Int32
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
				if calls.Add(1) == 1 {
					panic("a bug of the app")
				}
				return nil
			})
			b, callback := t.calledBack("/me")
			t.WantStatus(b.Do(webtest.Request{URL: callback, Once: true}), 0) // a broken connection
			began := time.Now()
			t.WantPage(b.Open(callback), "/me") // the code is spent: it takes a silent restart
			t.wantWithin(began, time.Second)
		}},
		{Name: "OnLogin goes on when the phone hangs up, and the login is not lost", Test: func(t *World) {
			var finished atomic.Bool
			t.DeployOnLogin(func(ctx context.Context, _ *http.Request, _ *core.User) error {
				select {
				case <-time.After(3 * time.Second):
					finished.Store(true)
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			b, callback := t.calledBack("/me")
			b.Do(webtest.Request{URL: callback, GiveUp: time.Second})
			t.WantPage(b.Open(callback), "/me")
			t.wantSame(finished.Load(), true, "OnLogin has finished")
			t.WantCalls(1, 1)
		}},
		{Name: "OnLogin is told when more is granted", Config: base, Test: func(t *World) {
			var scopes []string
			t.DeployOnLogin(func(_ context.Context, _ *http.Request, u *core.User) error {
				scopes = append(scopes, u.Scope)
				return nil
			})
			b := t.SignedIn()
			t.WantPage(b.Open(PublicURL+"/profile"), "/profile")
			t.wantSame(scopes, []string{"snsapi_base", "snsapi_userinfo"}, "what OnLogin was told")
		}},
		{Name: "the Observer is told each step of a login", Test: func(t *World) {
			b := t.SignedIn()
			started := event(core.EventLoginStarted, "snsapi_userinfo")
			t.WantEvents(started, event(core.EventLoginFinished, "snsapi_userinfo"))
			logOut(b)
			t.WantEvents(event(core.EventSessionEnded, ""))
			logOut(b) // of nobody
			t.WantEvents()
			b.Refuses = AttemptCookie
			b.Open(PublicURL + "/me")
			restarted := event(core.EventLoginRestarted, "cookies")
			t.WantEvents(started, restarted, restarted, event(core.EventLoginRefused, "cookies"))
			b.Refuses = nil
			t.Sim.Fail(exchangePath, wxsim.Code(40164))
			b.Open(PublicURL + "/me")
			t.WantEvents(started, core.Event{Name: core.EventLoginRefused, Kind: "config", Code: 40164})
		}},
		{Name: "the Observer is told when the store is down", Test: func(t *World) {
			down := t.deployBreakable()
			b := t.SignedIn()
			t.Events()
			down.Store(true)
			b.Open(PublicURL + "/me")
			t.WantEvents(event(core.EventStoreDown, "read"), event(core.EventLoginRefused, "store"))
			b.Open(PublicURL + "/")
			t.WantEvents(event(core.EventStoreDown, "read"))
		}},
		{Name: "the Observer is told each call to WeChat and how long it took", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Late(time.Second))
			t.SignedIn()
			t.mu.Lock()
			defer t.mu.Unlock()
			var calls []string
			for _, e := range t.events {
				if e.Name == core.EventUpstreamCall {
					calls = append(calls, e.Kind)
					if e.Kind == exchangePath && e.Duration < time.Second {
						t.Errorf("the exchange took %v", e.Duration)
					}
				}
				if e.Name == core.EventLoginFinished && e.Duration < time.Second {
					t.Errorf("the login took %v", e.Duration)
				}
			}
			t.wantSame(calls, []string{exchangePath, userInfoPath}, "the calls")
		}},
		{Name: "ordinary traffic writes nothing above debug", Test: func(t *World) {
			b := t.SignedIn()
			b.Open(t.Begin(t.Browser(), PublicURL+"/me").Callback(0))
			b.Open(PublicURL + "/me?state=" + forgedState)
			t.Browser().Open(t.Begin(t.Browser(), PublicURL+"/wechat/login?scope=x").With("state=x"))
			logOut(b)
			for line := range strings.Lines(t.log.String()) {
				if !strings.Contains(line, "level=DEBUG") &&
					!strings.Contains(line, `level=INFO msg="wxoauth: ready"`) {
					t.Errorf("logged: %s", line)
				}
			}
		}},
		{Name: "one line at the start says what runs where", Test: func(t *World) {
			log := t.log.String()
			if strings.Count(log, "level=INFO") != 1 || !strings.Contains(log, ` public_url=`+PublicURL+` sessions=`) {
				t.Errorf("the log says\n%s", log)
			}
		}},
		{Name: "an outage of the store is one line a minute, and no refused login", Test: func(t *World) {
			down := t.deployBreakable()
			b := t.SignedIn()
			down.Store(true)
			for range 2 {
				for range 5 {
					t.WantStatus(b.Open(PublicURL+"/me"), http.StatusServiceUnavailable)
					t.WantStatus(b.Open(PublicURL+"/"), http.StatusOK)
				}
				time.Sleep(time.Minute)
			}
			log := t.log.String()
			if strings.Count(log, `level=ERROR msg="wxoauth: session store down"`) != 2 ||
				strings.Count(log, "level=ERROR") != 2 || !strings.Contains(log, "left_out=9") {
				t.Errorf("the log says\n%s", log)
			}
		}},
	}}
}
