package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// member is an OnLogin that notes its request and knows the user as m-1.
func member(told **http.Request) func(context.Context, *http.Request, *core.User) error {
	return func(_ context.Context, r *http.Request, u *core.User) error {
		*told, u.MemberID = r, "m-1"
		return nil
	}
}

// qrOf is a Desk.QR.
func qrOf(prefix string, err error) func(context.Context, string) (string, error) {
	return func(_ context.Context, ticket string) (string, error) { return prefix + ticket, err }
}

func deskAttackCases() []Case {
	return []Case{
		{Name: "a photograph of the code signs nobody in", Config: desk, Test: func(t *World) {
			desktop, phone, thief := t.Desktop(), t.Browser(), t.Desktop()
			code := t.ShowCode(desktop, "/me")
			t.WantData(thief.Open(code.Link), http.StatusUnauthorized, "open-in-wechat")
			t.Confirm(phone, code)
			if other := t.ShowCode(thief, "/me"); other.Link == code.Link {
				t.Error("a stranger is shown the same code")
			}
			if state, _ := t.Poll(thief, "waiting"); state == "ready" {
				t.Error("a stranger is told that the phone has confirmed")
			}
			t.WantNobody(thief)
			t.WantUser(desktop.Open(PublicURL+"/me"), 0)
		}},
		{Name: "of two phones the first that answers decides, not the first that scans", Config: desk, Test: func(t *World) {
			desktop, first, second := t.Desktop(), t.Browser(), t.BrowserOf(t.Sim.Users()[1])
			code := t.ShowCode(desktop, "/me")
			t.Scan(first, code)
			t.Confirm(second, code)
			t.WantData(t.Answer(first, code, "number="+code.Number), http.StatusConflict, "state")
			t.WantData(t.Answer(first, code, "refuse=1"), http.StatusConflict, "state")
			t.WantData(first.Open(code.Link), http.StatusConflict, "state")
			t.WantUser(desktop.Open(PublicURL+"/me"), 1)
		}},
		{Name: "of two browsers with one cookie one is signed in", Config: desk, Test: func(t *World) {
			for _, atOnce := range []bool{false, true} {
				desktop, phone, copied := t.Desktop(), t.Browser(), t.Desktop()
				code := t.ShowCode(desktop, "/me")
				copied.Jar = desktop.Jar.Copy()
				t.Confirm(phone, code)
				signedIn := 0
				var mu sync.Mutex
				open := func(b *webtest.Browser) {
					v := b.Open(PublicURL + "/me")
					mu.Lock()
					defer mu.Unlock()
					if userOf(v) != nil {
						signedIn++
					} else {
						t.WantData(v, http.StatusUnauthorized, "desk")
					}
				}
				if atOnce {
					var wg sync.WaitGroup
					wg.Go(func() { open(desktop) })
					wg.Go(func() { open(copied) })
					wg.Wait()
				} else {
					open(desktop)
					open(copied)
				}
				t.wantSame(signedIn, 1, fmt.Sprintf("browsers signed in, at once %t", atOnce))
				open(copied) // it goes on to be nobody, and is not sent round
			}
		}},
		{Name: "a ticket with any character changed is 400, and costs nothing", Config: desk, Test: func(t *World) {
			spy := t.spyOnOutcomes(nil)
			code := t.ShowCode(t.Desktop(), "/me")
			phones := []*webtest.Browser{t.Browser(), t.Desktop(), t.Browser()}
			t.SignIn(phones[2])
			calls := t.APICalls()
			spy.calls.Store(0)
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			var texts []string
			for i := range code.Ticket {
				at := strings.IndexByte(alphabet, code.Ticket[i])
				for _, other := range []int{at ^ 1, at ^ 32} {
					texts = append(texts, code.Ticket[:i]+string(alphabet[other])+code.Ticket[i+1:])
				}
			}
			texts = append(texts, code.Ticket[:31], code.Ticket+"A", code.Ticket[:31]+"%0A", code.Ticket[:31]+"=",
				strings.ToLower(code.Ticket), strings.Repeat("A", 32), "wait2", strings.Repeat("A", 4000))
			for i, text := range texts {
				link := PublicURL + "/wechat/login?desk=" + text
				t.WantData(phones[i%3].Open(link), http.StatusBadRequest, "state")
				t.WantData(t.Answer(phones[i%3], Code{Link: link}, "number="+code.Number), http.StatusBadRequest,
					"state")
			}
			if n := t.APICalls() - calls; n != 0 || spy.calls.Load() != 0 {
				t.Errorf("%d calls to WeChat, %d to the store", n, spy.calls.Load())
			}
		}},
		{Name: "a ticket of another app, name or key is 400", Config: desk, Test: func(t *World) {
			desktop := t.Desktop()
			phone := t.SignedIn()
			for what, change := range map[string]func(*oauth.Config){
				"app":  func(cfg *oauth.Config) { cfg.AppID = "wx0000000000000000" },
				"name": func(cfg *oauth.Config) { cfg.Name = "admin" },
				"key":  func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('9')} },
			} {
				t.Deploy(change)
				code := t.ShowCode(t.Desktop(), "/me")
				t.Deploy(nil)
				t.WantData(phone.Open(code.Link), http.StatusBadRequest, "state")
				if err := t.Replica(nil).ApproveDesk(t.Context(), code.Ticket,
					&core.User{OpenID: "o1"}); !errors.Is(err, oauth.ErrDeskTicket) {
					t.Errorf("of another %s: %v", what, err)
				}
			}
			t.WantNobody(desktop)
		}},
		{Name: "a ticket over five minutes old is 400, and before any login", Config: desk, Test: func(t *World) {
			desktop, phone, code := t.codeShown()
			time.Sleep(5*time.Minute + time.Second)
			t.WantData(phone.Open(code.Link), http.StatusBadRequest, "state")
			t.WantAPICalls(0)
			t.WantState(desktop, "expired", "waiting")
			t.SignInByPhone(desktop, phone, "/me")
		}},
		{Name: "a ticket that grows old between scan and answer is 400", Config: desk, Test: func(t *World) {
			desktop, phone, code := t.codeShown()
			t.Scan(phone, code)
			time.Sleep(5*time.Minute + time.Second)
			t.WantData(t.Answer(phone, code, "number="+code.Number), http.StatusBadRequest, "state")
			t.WantState(desktop, "expired", "scanned")
			t.ShowCode(desktop, "/me")
			t.WantNobody(desktop)
		}},
		{Name: "what is no answer of the phone's own page changes nothing", Config: desk, Test: func(t *World) {
			desktop, phone, stranger := t.Desktop(), t.Browser(), t.BrowserOf(t.Sim.Users()[1])
			code := t.ShowCode(desktop, "/me")
			answer := "number=" + code.Number
			nothing := func(what string) {
				t.Helper()
				if state, _ := t.Poll(desktop, "none"); state != "waiting" && state != "scanned" {
					t.Fatalf("after %s the desktop is told %s", what, state)
				}
			}
			t.WantStatus(t.Answer(phone, code, answer), http.StatusUnauthorized) // nobody
			nothing("an answer of nobody")
			t.Scan(phone, code)
			for what, r := range map[string]webtest.Request{
				"a GET with the number": {URL: code.Link + "&" + answer},
				"a GET that refuses":    {URL: code.Link + "&refuse=1"},
				"a fetch":               {URL: code.Link, Kind: webtest.Fetch()},
				"an iframe":             {URL: code.Link, Kind: webtest.KindNamed("a page in an iframe")},
				"a prefetch":            {URL: code.Link, Kind: webtest.KindNamed("a prefetch")},
				"HEAD":                  {Method: http.MethodHead, URL: code.Link},
				"another site's form":   {Method: http.MethodPost, URL: code.Link, Form: answer, CrossSite: true},
				"another origin": {
					Method: http.MethodPost, URL: code.Link, Form: answer, Kind: webtest.OldNavigation(),
					Header: http.Header{"Origin": {"https://evil.example"}},
				},
				"an origin that is hid": {
					Method: http.MethodPost, URL: code.Link, Form: answer, Kind: webtest.OldNavigation(),
					Header: http.Header{"Origin": {"null"}},
				},
				"a subdomain": {
					Method: http.MethodPost, URL: code.Link, Form: answer,
					Header: http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://evil." + Host}},
				},
				"PUT":                    {Method: http.MethodPut, URL: code.Link, Form: answer},
				"another site's refusal": {Method: http.MethodPost, URL: code.Link, Form: "refuse=1", CrossSite: true},
				"a refusal by an old one": {
					Method: http.MethodPost, URL: code.Link, Form: "refuse=1", Kind: webtest.OldNavigation(),
					Header: http.Header{"Origin": {"https://evil.example"}},
				},
			} {
				phone.Do(r)
				nothing(what)
			}
			framed := phone.Do(webtest.Request{URL: code.Link})
			if policy := framed.Header.Get("Content-Security-Policy"); !strings.Contains(policy,
				"frame-ancestors 'none'") {
				t.Errorf("the confirmation may be framed: %q", policy)
			}
			t.Answer(stranger, code, "refuse=1") // who has no session here
			nothing("a stranger's refusal")
			t.WantStatus(logOut(phone), http.StatusNoContent)
			t.WantStatus(t.Answer(phone, code, answer), http.StatusUnauthorized) // logged out since
			nothing("an answer after a logout")
			t.WantNobody(desktop)
		}},
		{Name: "only the right number, that alone, in the body, signs in", Config: desk, Test: func(t *World) {
			phone := t.SignedIn()
			for name, form := range map[string]func(c Code, wrong string) string{
				"another number":           func(_ Code, wrong string) string { return "number=" + wrong },
				"a refusal":                func(Code, string) string { return "refuse=1" },
				"the number and a refusal": func(c Code, _ string) string { return "number=" + c.Number + "&refuse=" },
				"two numbers":              func(c Code, wrong string) string { return "number=" + c.Number + "&number=" + wrong },
				"the number twice":         func(c Code, _ string) string { return "number=" + c.Number + "&number=" + c.Number },
				"no number":                func(Code, string) string { return "x=1" },
				"the number with a blank":  func(c Code, _ string) string { return "number=%20" + c.Number },
				"the number with a zero":   func(c Code, _ string) string { return "number=0" + c.Number },
				"a broken escape":          func(c Code, _ string) string { return "number=" + c.Number + "&x=%zz" },
				"a long form":              func(c Code, _ string) string { return "number=" + c.Number + "&x=" + strings.Repeat("x", 5000) },
				"JSON":                     func(c Code, _ string) string { return `{"number":` + c.Number + `}` },
			} {
				desktop := t.Desktop()
				code := t.ShowCode(desktop, "/me")
				wrong := t.wrong(t.Scan(phone, code), code)
				t.Events()
				t.WantData(t.Answer(phone, Code{Link: code.Link + "&number=" + code.Number}, form(code, wrong)),
					http.StatusOK, "desk-refused")
				t.wantEvent(core.EventLoginRefused, "desk")
				t.WantState(desktop, "refused", "scanned")
				// the ticket is dead
				t.WantData(t.Answer(phone, code, "number="+code.Number), http.StatusOK, "desk-refused")
				if again := t.ShowCode(desktop, "/me"); again.Link == code.Link {
					t.Errorf("%s: the dead code is shown again", name)
				}
				t.WantNobody(desktop)
			}
		}},
		{Name: "the same behind a middleware that has read the form", Test: func(t *World) {
			routes := t.routes(desk)
			t.Net.Serve(Host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err != nil {
					t.Error(err)
				}
				routes.ServeHTTP(w, r)
			}))
			phone := t.SignedIn()
			code := t.ShowCode(t.Desktop(), "/me")
			t.Scan(phone, code)
			// the query does not count
			t.WantData(t.Answer(phone, Code{Link: code.Link + "&number=" + code.Number}, "x=1"), http.StatusOK, "desk-refused")
			t.SignInByPhone(t.Desktop(), phone, "/me")
		}},
		{Name: "the numbers stand in the same order at every look, and tell nothing", Config: desk, Test: func(t *World) {
			phone := t.Browser()
			places, seen := map[int]int{}, map[string]bool{}
			for range 60 {
				code := t.ShowCode(t.Desktop(), "/base")
				numbers := t.Choices(t.Scan(phone, code))
				t.wantSame(t.Choices(t.Scan(phone, code)), numbers, "the numbers of a second look")
				slices.Sort(numbers)
				places[slices.Index(numbers, code.Number)]++
				seen[code.Number] = true
			}
			if len(places) != 3 || len(seen) < 20 {
				t.Errorf("the number is in the places %v of its three, and %d were seen", places, len(seen))
			}
		}},
		{Name: "a snapshot page's virtual user confirms nothing", Config: func(cfg *oauth.Config) {
			desk(cfg)
			cfg.AllowSnapshot = true
		}, Test: func(t *World) {
			desktop, phone, code := t.codeShown()
			attempt := t.Begin(phone, PublicURL+"/me")
			phone.Open(attempt.Decide(t.Sim.Users()[0], "snapshot"))
			if u := userOf(phone.Open(PublicURL + "/me")); u == nil || !u.Snapshot {
				t.Fatalf("the phone's user is %+v", u)
			}
			t.WantData(phone.Open(code.Link), http.StatusForbidden, "snapshot")
			t.WantStatus(t.Answer(phone, code, "number="+code.Number), http.StatusUnauthorized)
			t.WantState(desktop, "waiting", "none")
		}},
		{Name: "a form that was another user's signs nobody in", Config: desk, Test: func(t *World) {
			desktop, phone, code := t.codeShown()
			as := whose.FindStringSubmatch(t.Scan(phone, code).Body)
			other := t.BrowserOf(t.Sim.Users()[1])
			t.WantUser(other.Open(PublicURL+"/me"), 1)
			phone.Jar = other.Jar.Copy() // by now somebody else is signed in there
			t.WantData(t.Answer(phone, code, "as="+as[1]+"&number="+code.Number), http.StatusConflict, "state")
			t.WantState(desktop, "scanned", "none")
			t.WantNobody(desktop)
		}},
		{Name: "who was signed in by a desk signs no other desk in", Config: desk, Test: func(t *World) {
			first, second := t.Desktop(), t.Desktop()
			t.SignInByPhone(first, t.Browser(), "/me")
			code := t.ShowCode(second, "/me")
			first.Agent = webtest.WeChatDesktop // it says that it is WeChat
			first.Jar.Lose(func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, "__Host-wx-") })
			v := first.OpenUntil(code.Link, atWeChat)
			t.WantStatus(v, http.StatusFound) // WeChat is asked who that is
			t.WantStatus(t.Answer(first, code, "number="+code.Number), http.StatusUnauthorized)
			t.WantState(second, "waiting", "none")
		}},
		{Name: "a poll without a good cookie is answered at once, and asks no store", Config: desk, Test: func(t *World) {
			spy := t.spyOnOutcomes(nil)
			desktop := t.Desktop()
			t.ShowCode(desktop, "/me")
			name, cookie := deskCookie(desktop)
			spy.calls.Store(0)
			began := time.Now()
			for _, value := range []string{
				"", "x", cookie[:len(cookie)-1], cookie + "A", strings.ToUpper(cookie), strings.Repeat("A", 300),
			} {
				b := t.Desktop()
				v := b.Do(webtest.Request{
					URL: PublicURL + "/wechat/login?desk=wait", Kind: webtest.Fetch(),
					Header: http.Header{"Cookie": {name + "=" + value}},
				})
				if v.Status != http.StatusOK || !strings.Contains(v.Body, `{"state":"expired"}`) {
					t.Errorf("%q is answered %d %s", value, v.Status, v.Body)
				}
			}
			if n := spy.calls.Load(); n != 0 || time.Since(began) > time.Second {
				t.Errorf("%d calls to the store, %v", n, time.Since(began))
			}
		}},
		{Name: "a flood of desktops stores nothing", Config: desk, Test: func(t *World) {
			spy := t.spyOnOutcomes(nil)
			for range 50 {
				b := t.Desktop()
				t.ShowCode(b, "/me")
				t.WantState(b, "waiting", "none")
			}
			if spy.writes.Load() != 0 || t.APICalls() != 0 {
				t.Errorf("%d writes, %d calls to WeChat", spy.writes.Load(), t.APICalls())
			}
		}},
		{Name: "a session over five minutes old is checked before it confirms", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.SignedIn()
			time.Sleep(time.Hour)
			code := t.ShowCode(desktop, "/me")
			t.WantStatus(t.Answer(phone, code, "number="+code.Number), http.StatusUnauthorized)
			t.WantState(desktop, "waiting", "none")
			v := t.Scan(phone, code)
			t.WantRedirects(v, 3)
			t.WantData(t.Answer(phone, code, "number="+code.Number), http.StatusOK, "desk-done")
			t.WantUser(desktop.Open(PublicURL+"/me"), 0)
		}},
		{Name: "a phone that is somebody else by now confirms as whom WeChat says", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.SignedIn()
			time.Sleep(time.Hour)
			code := t.ShowCode(desktop, "/base")
			become(phone, t.Sim.Users()[1])
			t.Confirm(phone, code)
			t.WantUser(desktop.Open(PublicURL+"/base"), 1)
		}},
		{Name: "an approval by the app: before a scan, twice, for another user, too late", Config: desk, Test: func(t *World) {
			desktop := t.Desktop()
			code := t.ShowCode(desktop, "/base")
			app := t.Replica(nil)
			ask, err := app.DeskRequest(code.Ticket)
			if err != nil || ask.Browser != "Chrome" || ask.System != "Linux" || ask.Ticket != code.Ticket ||
				time.Since(ask.At) > time.Second {
				t.Errorf("DeskRequest gives %+v, %v", ask, err)
			}
			u := &core.User{OpenID: t.Sim.Users()[0].OpenID}
			approve := func(ticket string, u *core.User) error { return app.ApproveDesk(t.Context(), ticket, u) }
			for _, nobody := range []*core.User{nil, {}, {OpenID: "a b"}, {OpenID: "o1", Snapshot: true}} {
				if approve(code.Ticket, nobody) == nil {
					t.Errorf("%+v is approved", nobody)
				}
			}
			t.NoError(errors.Join(approve(code.Ticket, u), approve(code.Ticket, u)))
			if approve(code.Ticket, &core.User{OpenID: t.Sim.Users()[1].OpenID}) == nil {
				t.Error("a second user is approved")
			}
			t.WantState(desktop, "ready", "waiting")
			t.WantUser(desktop.Open(PublicURL+"/base"), 0)
			t.NoError(approve(code.Ticket, u)) // as before, and without effect
			profile := t.ShowCode(desktop, "/profile")
			if approve(profile.Ticket, u) == nil {
				t.Error("an openid is taken for a profile")
			}
			time.Sleep(5*time.Minute + time.Second)
			if err := approve(profile.Ticket,
				&core.User{OpenID: "o1", Scope: "snsapi_userinfo"}); !errors.Is(err, oauth.ErrDeskTicket) {
				t.Errorf("too late: %v", err)
			}
		}},
		{Name: "sessions that are ended after a confirmation keep the desktop out, however late " +
			"it comes", Config: desk, Test: func(t *World) {
			if !t.outcomesShared() { // sessions that nobody can end
				return
			}
			app, openID := t.Replica(nil), t.Sim.Users()[0].OpenID
			for _, late := range []time.Duration{time.Second, 55 * time.Second, 3 * time.Minute} {
				for _, byApp := range []bool{false, true} {
					for _, ended := range []bool{false, true} {
						desktop, phone := t.Desktop(), t.Browser()
						code := t.ShowCode(desktop, "/base")
						if byApp {
							t.NoError(app.ApproveDesk(t.Context(), code.Ticket, &core.User{OpenID: openID}))
						} else {
							t.Confirm(phone, code)
						}
						time.Sleep(time.Second)
						if ended {
							t.NoError(app.EndSessions(t.Context(), openID))
						}
						time.Sleep(late)
						signedIn := userOf(desktop.Open(PublicURL+"/base")) != nil
						if want := !ended && (!byApp || late < 50*time.Second); signedIn != want {
							t.Errorf("%v later, approved by the app: %t, ended: %t: signed in: %t", late, byApp, ended,
								signedIn)
						}
						time.Sleep(2 * time.Minute) // an end voids nothing that begins later
					}
				}
			}
		}},
		{Name: "sessions that are ended while Confirm decides keep the desktop out", Test: func(t *World) {
			if !t.outcomesShared() { // sessions that nobody can end
				return
			}
			ended, app := false, t.Replica(nil)
			t.Deploy(func(cfg *oauth.Config) {
				cfg.Desk = &oauth.Desk{Confirm: func(ctx context.Context, _ *http.Request, _ oauth.DeskRequest, u *core.User) error {
					time.Sleep(time.Second)
					if ended {
						if err := app.EndSessions(ctx, u.OpenID); err != nil {
							t.Error(err)
						}
					}
					time.Sleep(time.Second)
					return nil
				}}
			})
			for _, ended = range []bool{false, true} {
				desktop, phone, code := t.codeShown()
				t.Confirm(phone, code)
				if signedIn := userOf(desktop.Open(PublicURL+"/me")) != nil; signedIn == ended {
					t.Errorf("ended: %t, signed in: %t", ended, signedIn)
				}
			}
		}},
		{Name: "a mini program's user may sign a desktop in", Config: desk, Test: func(t *World) {
			desktop := t.Desktop()
			code := t.ShowCode(desktop, "/me")
			u := &core.User{AppID: "wx00000000000mini", OpenID: "o-mini", UnionID: "u-1"}
			t.NoError(t.Replica(nil).ApproveDesk(t.Context(), code.Ticket, u))
			got := userOf(desktop.Open(PublicURL + "/me"))
			if got == nil || got.AppID != u.AppID || got.OpenID != u.OpenID || got.UnionID != u.UnionID ||
				got.Via != "desk" {
				t.Errorf("the desktop is %+v", got)
			}
			t.WantStatus(desktop.Open(PublicURL+"/profile"), http.StatusOK)
		}},
	}
}

// atWeChat stops before WeChat.
func atWeChat(next *url.URL) bool { return next.Host == openHost }

// become makes a user the owner of the browser's WeChat.
func become(b *webtest.Browser, u wxsim.User) {
	cookie := &http.Cookie{Name: "wxsim_user", Value: u.OpenID, Path: "/"}
	b.Jar.Set(&url.URL{Scheme: "https", Host: openHost, Path: "/"}, []*http.Cookie{cookie})
}

// deskCookie returns the name and value of the cookie that a desktop's code is tied by.
func deskCookie(b *webtest.Browser) (name, value string) {
	for _, c := range b.Jar.All() {
		if strings.HasPrefix(c.Name, "__Host-wxd-") {
			return c.Name, c.Value
		}
	}
	return "", ""
}
