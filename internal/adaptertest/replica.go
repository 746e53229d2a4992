package adaptertest

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// replicaCases are about one app in several processes behind one name.
func replicaCases() Group {
	return Group{"Replicas", []Case{
		{Name: "a login may begin at one replica, come back to the other, and go on at the first", Test: func(t *World) {
			t.deployReplicas(nil, nil)
			b := t.Browser()
			for range 5 { // an odd number of steps: each replica sees every step once
				v := b.Open(PublicURL + "/me?a=1")
				t.WantPage(v, "/me?a=1")
				t.WantRedirects(v, 3)
				t.WantStatus(logOut(b), http.StatusNoContent)
			}
			t.WantCalls(5, 5)
		}},
		{Name: "two callbacks at two replicas at once both reach the page", Test: func(t *World) {
			t.deployReplicas(nil, nil)
			t.Sim.Fail(exchangePath, wxsim.Late(time.Second))
			b, callback := t.calledBack("/me?a=1")
			t.atOnce(2, func() { t.WantPage(b.Open(callback), "/me?a=1") })
			t.WantSignedIn(b, 0)
			if n := t.Sim.Calls(exchangePath); t.outcomesShared() && n != 1 || n > 3 { // else one of them starts again
				t.Errorf("%d exchanges", n)
			}
		}},
		{Name: "a logout at one replica counts at the other at once", Test: func(t *World) {
			t.deployReplicas(nil, nil)
			b := t.SignedIn()
			for range 2 {
				t.WantSignedIn(b, 0) // both replicas have read it
			}
			copied := b.Jar.Copy()
			t.WantStatus(logOut(b), http.StatusNoContent)
			for range 4 {
				t.WantNobody(b)
				t.WantEnded(copied)
			}
		}},
		{Name: "while keys are rotated from replica to replica nobody notices", Test: func(t *World) {
			one, two := Key('1'), Key('2')
			keys := func(list ...[]byte) func(*oauth.Config) { return func(cfg *oauth.Config) { cfg.Keys = list } }
			b := t.Browser()
			for _, step := range [][2][][]byte{
				{{one}, {one}},
				{{one, two}, {one}},
				{{one, two}, {one, two}}, // the new key is added last
				{{two, one}, {one, two}},
				{{two, one}, {two, one}}, // then it is first
			} {
				t.deployReplicas(keys(step[0]...), keys(step[1]...))
				newcomer := t.Browser()
				for range 3 {
					t.WantPage(b.Open(PublicURL+"/me"), "/me")
					v := newcomer.Open(PublicURL + "/me")
					t.WantPage(v, "/me")
				}
			}
			t.WantCallsOf(exchangePath, 1+5)
		}},
		{Name: "replicas whose keys differ send nobody round for ever", Test: func(t *World) {
			t.deployReplicas(func(cfg *oauth.Config) {
				cfg.Keys = [][]byte{Key('1')}
			}, func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('2')} })
			if v := t.Browser().Open(PublicURL + "/me"); v.Err != nil {
				t.Errorf("%d redirects, %v:\n\t%s", v.Redirects(), v.Err, v.Trail())
			}
		}},
	}}
}

// deployReplicas puts two processes at PublicURL that take turns.
func (w *World) deployReplicas(first, second func(*oauth.Config)) {
	w.Helper()
	replicas := [2]http.Handler{w.routes(first), w.routes(second)}
	var turn atomic.Uint32
	w.Net.Serve(Host, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		replicas[turn.Add(1)%2].ServeHTTP(rw, r)
	}))
}
