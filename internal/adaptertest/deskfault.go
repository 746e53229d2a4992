package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// deskFaultCases are about hooks that fail, stores that are away and replicas that die.
func deskFaultCases() []Case {
	return []Case{
		{Name: "Confirm is asked after the right number, and an error refuses", Test: func(t *World) {
			for _, refusal := range []error{oauth.ErrRefused, errors.New("a database that is away")} {
				asked := 0
				t.Deploy(func(cfg *oauth.Config) {
					cfg.Desk = &oauth.Desk{Confirm: func(ctx context.Context, r *http.Request, d oauth.DeskRequest, u *core.User) error {
						asked++
						if _, ok := ctx.Deadline(); !ok || r.UserAgent() != webtest.WeChatAndroid ||
							d.Browser != "Chrome" || u.OpenID != t.Sim.Users()[0].OpenID {
							t.Errorf("Confirm is told %+v of %+v", d, u)
						}
						return refusal
					}}
				})
				desktop, phone, code := t.codeShown()
				wrong := t.wrong(t.Scan(phone, code), code)
				for range 2 {
					if v := t.Answer(phone, code, "number="+code.Number); v.Status != http.StatusForbidden ||
						strings.Contains(v.Body, "database") {
						t.Errorf("%v is answered %d %s", refusal, v.Status, v.Body)
					}
				}
				t.WantState(desktop, "refused", "scanned")
				t.WantNobody(desktop)
				code = t.ShowCode(desktop, "/me")
				t.Answer(phone, code, "number="+wrong+"x")
				t.wantSame(asked, 1, "times that Confirm was asked")
			}
		}},
		{Name: "a Confirm that hangs or panics signs nobody in, and the code stays good", Test: func(t *World) {
			t.AllowPanics = true
			for _, fault := range []func(){func() { time.Sleep(time.Hour) }, func() { panic("confirm") }} {
				broken := true
				t.Deploy(func(cfg *oauth.Config) {
					cfg.Desk = &oauth.Desk{Confirm: func(context.Context, *http.Request, oauth.DeskRequest, *core.User) error {
						if broken {
							broken = false
							fault()
						}
						return nil
					}}
				})
				desktop, phone, code := t.codeShown()
				t.Scan(phone, code)
				late := make(chan struct{})
				go func() {
					defer close(late)
					if v := t.Answer(phone, code, "number="+code.Number); v.Status == http.StatusOK {
						t.Errorf("it is answered %d", v.Status)
					}
				}()
				time.Sleep(11 * time.Second)
				t.WantState(desktop, "scanned", "none")
				t.WantData(t.Answer(phone, code, "refuse=1"), http.StatusOK, "desk-refused")
				<-late // an hour later it says yes
				t.WantNobody(desktop)
			}
		}},
		{Name: "an OnLogin that refuses ends the code; one that fails, hangs or panics does not", Test: func(t *World) {
			t.AllowPanics = true
			for name, fault := range map[string]func() error{
				"refuses": func() error { return oauth.ErrRefused },
				"fails":   func() error { return errors.New("a database that is away") },
				"hangs":   func() error { time.Sleep(time.Minute); return nil },
				"panics":  func() error { panic("OnLogin") },
			} {
				var onDesktop atomic.Int32
				t.Deploy(func(cfg *oauth.Config) {
					desk(cfg)
					cfg.OnLogin = func(_ context.Context, _ *http.Request, u *core.User) error {
						if u.Via == "desk" && onDesktop.Add(1) == 1 {
							return fault()
						}
						return nil
					}
				})
				desktop, phone, code := t.codeShown()
				t.Confirm(phone, code)
				if v := desktop.Walk(webtest.Request{URL: PublicURL + "/me", Once: true}, nil); userOf(v) != nil {
					t.Errorf("%s: the desktop is signed in", name)
				}
				t.WantNobody(desktop)
				v := desktop.Open(PublicURL + "/me")
				if name == "refuses" {
					t.WantData(v, http.StatusUnauthorized, "desk")
				} else {
					t.WantUser(v, 0)
				}
			}
		}},
		{Name: "whatever the store fails at, the same code leads to the end after a reload", Config: desk, Test: func(t *World) {
			for _, executed := range []bool{false, true} {
				for n := int64(1); ; n++ {
					failed := false
					t.spyOnOutcomes(func(call int64) (before, after error) {
						failed = failed || call == n
						if call != n {
							return nil, nil
						}
						return choose(executed, nil, errAway), errAway
					})
					t.reachTheEnd(fmt.Sprintf("call %d fails, executed: %t", n, executed))
					if !failed {
						break
					}
				}
			}
		}},
		{Name: "whichever of two replicas dies at any step, the other leads to the end", Config: desk, Test: func(t *World) {
			for n := int64(1); ; n++ {
				dead := false
				shared := t.sharedOutcomes()
				dying := &outcomesSpy{inner: shared, fail: func(call int64) (before, after error) {
					if dead = dead || call >= n; dead {
						return errAway, errAway
					}
					return nil, nil
				}}
				first := t.routes(func(cfg *oauth.Config) { cfg.Outcomes = dying })
				second := t.routes(func(cfg *oauth.Config) { cfg.Outcomes = shared })
				t.Net.Serve(Host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if dead {
						second.ServeHTTP(w, r)
						return
					}
					first.ServeHTTP(w, r)
				}))
				t.reachTheEnd(fmt.Sprintf("the first dies at call %d", n))
				if !dead {
					break
				}
			}
		}},
		{Name: "the steps of one login may be at two replicas in turn", Config: desk, Test: func(t *World) {
			t.deployReplicas(nil, nil)
			for range 3 {
				t.SignInByPhone(t.Desktop(), t.Browser(), "/me")
			}
		}},
		{Name: "while the store is away polls are told so, and nobody is signed out", Config: desk, Test: func(t *World) {
			away := false
			t.spyOnOutcomes(func(int64) (before, after error) {
				if away {
					return errAway, errAway
				}
				return nil, nil
			})
			desktop, phone := t.Desktop(), t.SignedIn()
			code := t.ShowCode(desktop, "/me")
			away = true
			_, status := t.Poll(desktop, "waiting")
			t.wantSame(status, http.StatusServiceUnavailable, "the poll's status")
			t.WantStatus(phone.Open(code.Link), http.StatusServiceUnavailable)
			t.WantStatus(t.Answer(phone, code, "number="+code.Number), http.StatusServiceUnavailable)
			t.ShowCode(t.Desktop(), "/me") // a new desktop needs no store
			t.WantSignedIn(phone, 0)
			away = false
			t.WantState(desktop, "waiting", "none")
			t.Confirm(phone, code)
			t.WantUser(desktop.Open(PublicURL+"/me"), 0)
		}},
		{Name: "a poll waits for news, and twenty seconds at most", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.SignedIn()
			code := t.ShowCode(desktop, "/me")
			began := time.Now()
			t.WantState(desktop, "waiting", "waiting")
			t.wantTook(began, 19*time.Second, 21*time.Second)
			go func() {
				time.Sleep(5 * time.Second)
				t.Scan(phone, code)
			}()
			began = time.Now()
			t.WantState(desktop, "scanned", "waiting")
			t.wantTook(began, 5*time.Second, 6*time.Second)
		}},
	}
}

func choose(which bool, yes, no error) error {
	if which {
		return yes
	}
	return no
}

var errAway = errors.New("the store is away")

// reachTheEnd takes a desktop and a phone through a login whose steps may fail: each is repeated, as
// people do. In the end one session was made.
func (w *World) reachTheEnd(what string) {
	w.Helper()
	desktop, phone := w.Desktop(), w.Browser()
	repeat := func(step string, try func() bool) {
		w.Helper()
		for range 4 {
			if try() {
				return
			}
			time.Sleep(11 * time.Second)
		}
		w.Fatalf("%s: no end of %s", what, step)
	}
	repeat("the phone's own login", func() bool { return userOf(phone.Open(PublicURL+"/me")) != nil })
	var code Code
	repeat("the code", func() bool {
		v := desktop.Open(PublicURL + "/me")
		link, number := codeLink.FindStringSubmatch(v.Body), codeNumber.FindStringSubmatch(v.Body)
		if link == nil {
			return false
		}
		code = Code{Link: link[1], Number: number[1]}
		return true
	})
	repeat("the scan", func() bool { return strings.Contains(phone.Open(code.Link).Body, `data-page="desk-confirm"`) })
	repeat("the answer", func() bool {
		return strings.Contains(w.Answer(phone, code, "number="+code.Number).Body, `data-page="desk-done"`)
	})
	repeat("the login", func() bool { return userOf(desktop.Open(PublicURL+"/me")) != nil })
	w.WantSignedIn(desktop, 0)
}

// sharedOutcomes are those that the world's apps share.
func (w *World) sharedOutcomes() sessionstore.Outcomes {
	if w.outcomesShared() {
		return w.openStore(w.Config.Keys).(sessionstore.Outcomes)
	}
	return w.outcomes
}

// Replica is another process of the app, without a web server.
func (w *World) Replica(change func(*oauth.Config)) *oauth.Auth {
	w.Helper()
	a, err := oauth.New(w.config(change))
	w.NoError(err)
	return a
}

// spyOnOutcomes deploys the app anew with Outcomes that are counted, and fail where fail says so.
func (w *World) spyOnOutcomes(fail func(call int64) (before, after error)) *outcomesSpy {
	w.Helper()
	spy := &outcomesSpy{inner: w.sharedOutcomes(), fail: fail}
	w.Deploy(func(cfg *oauth.Config) {
		desk(cfg)
		cfg.Outcomes = spy
	})
	return spy
}

// outcomesSpy counts calls. fail is asked for an error before a call, which is not made then, and
// after it.
type outcomesSpy struct {
	inner         sessionstore.Outcomes
	fail          func(call int64) (before, after error)
	calls, writes atomic.Int64
}

func (s *outcomesSpy) call(do func() error) error {
	n := s.calls.Add(1)
	if s.fail == nil {
		return do()
	}
	before, after := s.fail(n)
	if before != nil {
		return before
	}
	return errors.Join(do(), after)
}

func (s *outcomesSpy) Reserve(ctx context.Context, key string, ttl time.Duration) (ok bool, err error) {
	s.writes.Add(1)
	err = s.call(func() (err error) {
		ok, err = s.inner.Reserve(ctx, key, ttl)
		return err
	})
	return ok && err == nil, err
}

func (s *outcomesSpy) Outcome(ctx context.Context, key string) (outcome []byte, held bool, err error) {
	err = s.call(func() (err error) {
		outcome, held, err = s.inner.Outcome(ctx, key)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return outcome, held, nil
}

func (s *outcomesSpy) SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error {
	s.writes.Add(1)
	return s.call(func() error { return s.inner.SetOutcome(ctx, key, outcome, ttl) })
}
