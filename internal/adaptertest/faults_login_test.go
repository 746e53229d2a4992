package adaptertest

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// TestLoginsOutliveFaults is about what the user of a login notices of a fault that passes.
func TestLoginsOutliveFaults(t *testing.T) {
	t.Run("net/http", func(t *testing.T) { OutliveFaults().Run(t, NetHTTP(), Cookies()) })
}

// OutliveFaults are its cases.
func OutliveFaults() Group {
	return Group{Name: "Logins outlive faults", Cases: []Case{
		{Name: "a profile that is lost once is fetched again", Test: func(t *World) {
			t.Sim.Fail(userInfoPath, wxsim.Lost(), 1)
			v := t.Browser().Open(PublicURL + "/me")
			t.WantUser(v, 0)
			t.WantCalls(1, 2)
		}},
		{Name: "a slow exchange and a profile that hangs take eight seconds together", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Late(4*time.Second))
			t.Sim.Fail(userInfoPath, wxsim.Hang())
			b, a := t.begun("/me")
			began := time.Now()
			t.WantRefusal(b.Open(a.Callback(0)), 504, oauth.KindUpstream)
			if took := time.Since(began); took != settled {
				t.Errorf("it took %v", took)
			}
			t.Sim.Clear(exchangePath)
			t.Sim.Clear(userInfoPath)
			t.WantUser(b.Open(a.Visit.Address()), 0)
		}},
		{Name: "OnLogin is told when its time is over", Test: func(t *World) {
			t.DeployOnLogin(func(ctx context.Context, _ *http.Request, _ *core.User) error {
				<-ctx.Done()
				return ctx.Err()
			})
			t.Sim.Fail(exchangePath, wxsim.Late(4*time.Second))
			b, a := t.begun("/me")
			began := time.Now()
			t.WantRefusal(b.Open(a.Callback(0)), 500, oauth.KindApp)
			if took := time.Since(began); took != settled {
				t.Errorf("it took %v", took)
			}
			t.WantNobody(b)
		}},
		{Name: "an OnLogin that overstays is the program's fault, and no outage of the store", Test: func(t *World) {
			t.DeployOnLogin(func(context.Context, *http.Request, *core.User) error {
				time.Sleep(9 * time.Second)
				return nil
			})
			b := t.Browser()
			t.WantRefusal(b.Open(t.Begin(b, PublicURL+"/me").Callback(0)), 500, oauth.KindApp)
			t.WantNobody(b)
			if slices.ContainsFunc(t.Events(), func(e core.Event) bool { return e.Name == core.EventStoreDown }) {
				t.Error("the Observer was told that the store is down")
			}
			t.wantLogged("level=ERROR", "OnLogin returned after")
		}},
		{Name: "five callbacks of a login that hangs all end", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Hang())
			b, callback := t.calledBack("/me")
			began := time.Now()
			webtest.AtOnce(5, func(int) {
				v := b.Do(webtest.Request{URL: callback})
				t.WantStatus(v, http.StatusGatewayTimeout)
			})
			const waiting = 12 * time.Second // for the callbacks before
			t.wantWithin(began, waiting+settled)
			t.Sim.Clear(exchangePath)
			t.WantUser(b.Open(callback), 0)
		}},
		{Name: "a browser that leaves while the store is slow is no outage", Test: func(t *World) {
			t.Deploy(func(cfg *oauth.Config) { cfg.Store = slowStore{} })
			b := t.Browser()
			for _, page := range []string{"/", "/me"} {
				b.Do(webtest.Request{URL: PublicURL + page, GiveUp: time.Second})
			}
			synctest.Wait()
			for _, e := range t.Events() {
				if e.Name == core.EventStoreDown {
					t.Errorf("the Observer was told %+v", e)
				}
			}
			t.wantUnlogged("level=ERROR")
			t.wantUnlogged("level=WARN")
		}},
		{Name: "a refresh that is cut short by a slow profile keeps the new tokens", Sim: func(cfg *wxsim.Config) { cfg.RotateRefreshTokens = true }, Test: func(t *World) {
			b := t.SignedIn()
			for range 2 { // the second refresh needs the token that the first one brought
				time.Sleep(25 * time.Hour)
				t.Sim.Fail(userInfoPath, wxsim.Hang(), 1)
				v := b.Do(webtest.Request{URL: PublicURL + "/me"})
				t.WantUser(v, 0)
			}
			t.WantCallsOf(refreshPath, 2)
		}},
		{Name: "a browser that hangs up during AccessToken costs no token", Sim: func(cfg *wxsim.Config) { cfg.RotateRefreshTokens = true }, Test: func(t *World) {
			if !t.Store.OnServer {
				return // a browser that hangs up loses what the answer would have set
			}
			b := t.SignedIn()
			time.Sleep(3 * time.Hour)
			t.Sim.Fail(refreshPath, wxsim.Late(time.Second), 1)
			b.Do(webtest.Request{URL: PublicURL + "/token", GiveUp: 500 * time.Millisecond})
			time.Sleep(3 * time.Hour)
			b.Do(webtest.Request{URL: PublicURL + "/token"})
			for _, got := range t.Tokens() {
				if got.Err != nil {
					t.Error(got.Err)
				}
			}
			t.WantCallsOf(refreshPath, 2)
		}},
	}}
}

// A slowStore takes longer than anybody waits.
type slowStore struct{}

func (s slowStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return s.New(r, name)
}

func (s slowStore) New(r *http.Request, name string) (*sessions.Session, error) {
	<-r.Context().Done()
	return sessions.NewSession(s, name), r.Context().Err()
}

func (slowStore) Save(r *http.Request, _ http.ResponseWriter, _ *sessions.Session) error {
	return r.Context().Err()
}
