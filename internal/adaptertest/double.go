package adaptertest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// doubleCases are about WeChat's habit of calling back twice.
func doubleCases() Group {
	var cases []Case
	for _, shape := range []struct {
		name     string
		slow     time.Duration // of WeChat's exchange
		twoCodes bool
		cut      bool // the first connection is cut before its answer comes
	}{
		{name: "the same code"},
		{name: "the same code, WeChat slow", slow: time.Second},
		{name: "two codes of one state", slow: 300 * time.Millisecond, twoCodes: true},
		{name: "the first connection cut", slow: 300 * time.Millisecond, cut: true},
	} {
		var greeted atomic.Int32
		cases = append(cases, Case{
			Name: "logins with a second callback 0 to 2 s later sign in once, with one exchange and one OnLogin " +
				"each: " + shape.name,
			Config: func(cfg *oauth.Config) {
				cfg.OnLogin = func(context.Context, *http.Request, *core.User) error {
					greeted.Add(1)
					return nil
				}
			},
			Test: func(t *World) {
				greeted.Store(0)
				logins := t.many(250) // for each of the four shapes
				if shape.slow > 0 {
					t.Sim.Fail(exchangePath, wxsim.Late(shape.slow))
				}
				t.InParallel(logins, 50, func(int) {
					b, a := t.begun("/me?a=1")
					first := a.Callback(0)
					second := first
					if shape.twoCodes {
						second = a.Callback(0)
					}
					request := webtest.Request{URL: first}
					if shape.cut {
						request.GiveUp = 100 * time.Millisecond
					}
					var wg sync.WaitGroup
					wg.Go(func() { b.Walk(request, nil) })
					time.Sleep(rand.N(2 * time.Second))
					t.WantPage(b.Open(second), "/me?a=1")
					wg.Wait()
					t.WantSignedIn(b, 0)
				})
				t.WantCalls(logins, logins)
				if n := t.Sim.Calls(authorizePath); n != 0 { // Begin stops before it: nobody was sent back there
					t.Errorf("%d browsers were sent to WeChat a second time", n)
				}
				t.wantSame(int(greeted.Load()), logins, "runs of OnLogin")
			},
		})
	}
	return Group{"Double callbacks", append(cases,
		Case{Name: "a second callback waits for the first one's exchange", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Late(3*time.Second))
			b, callback := t.calledBack("/me")
			t.atOnce(5, func() { t.WantPage(b.Open(callback), "/me") })
			t.WantCalls(1, 1)
		}},
		Case{Name: "an exchange that failed is released: a reload asks once more", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Status(502), 1)
			b, callback := t.calledBack("/me")
			t.WantRefusal(b.Open(callback), 502, oauth.KindUpstream)
			t.WantPage(b.Open(callback), "/me")
			t.WantCalls(2, 1)
		}},
		Case{Name: "an exchange whose answer got lost: a reload is answered 40163 and logs in anew", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Lost(), 1)
			b, callback := t.calledBack("/me")
			t.WantRefusal(b.Open(callback), 502, oauth.KindUpstream)
			v := b.Open(callback)
			t.WantPage(v, "/me")
			t.WantRedirects(v, 3)
			t.WantCalls(3, 1)
		}},
		Case{Name: "a failure is told to both callbacks that wait for it", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Delay(time.Second).Then(wxsim.Code(45009)))
			b, callback := t.calledBack("/me")
			t.atOnce(2, func() { t.WantStatus(b.Open(callback), http.StatusServiceUnavailable) })
			t.WantNobody(b)
		}},
	)}
}

// many is n where sessions are in our own cookies, and a fifth of it with other stores: enough to
// meet their races, and the arithmetic is the same.
func (w *World) many(n int) int {
	if w.Store.Open != nil {
		return n / 5
	}
	return n
}

// atOnce calls f n times at once, and waits.
func (w *World) atOnce(n int, f func()) { w.InParallel(n, n, func(int) { f() }) }

// InParallel calls f for 0 to n-1, at most width at once, and waits.
func (w *World) InParallel(n, width int, f func(i int)) {
	places := make(chan struct{}, width)
	var wg sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			f(i)
		})
	}
	wg.Wait()
}
