package adaptertest

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// failureCases take every failure of a login through what it must answer: with nobody signed in,
// and with a smaller session that must be kept.
func failureCases() Group {
	type failure struct {
		name   string
		fault  wxsim.Fault
		status int
		kind   oauth.Kind
	}
	both := []failure{ // at the exchange and at the profile
		{"too many calls today", wxsim.Code(45009), 503, oauth.KindLimited},
		{"too many calls in a minute", wxsim.Code(45011), 503, oauth.KindLimited},
		{"status 429", wxsim.Status(429), 503, oauth.KindLimited},
		{"WeChat is busy", wxsim.Code(-1), 502, oauth.KindUpstream},
		{"status 500", wxsim.Status(500), 502, oauth.KindUpstream},
		{"status 502", wxsim.Status(502), 502, oauth.KindUpstream},
		{"status 503", wxsim.Status(503), 502, oauth.KindUpstream},
		{"a page in HTML", wxsim.HTML(), 502, oauth.KindUpstream},
		{"nothing", wxsim.EmptyBody(), 502, oauth.KindUpstream},
		{"bad JSON", wxsim.Body(200, "text/plain", `{"access_token":`), 502, oauth.KindUpstream},
		{"half an answer", wxsim.Cut(), 502, oauth.KindUpstream},
		{"no answer", wxsim.Lost(), 502, oauth.KindUpstream},
		{"a redirect", wxsim.Redirect(302, "https://evil.com/"), 502, oauth.KindUpstream},
		{"a redirect that keeps the body", wxsim.Redirect(307, "https://evil.com/"), 502, oauth.KindUpstream},
		{"an unknown code", wxsim.Code(99999), 502, oauth.KindUpstream},
		{"WeChat hangs", wxsim.Hang(), 504, oauth.KindUpstream},
		{"a wrong appid", wxsim.Code(40013), 500, oauth.KindConfig},
		{"a wrong secret", wxsim.Code(40125), 500, oauth.KindConfig},
		{"an IP address outside the whitelist", wxsim.Code(40164), 500, oauth.KindConfig},
		{"no appid", wxsim.Code(41002), 500, oauth.KindConfig},
		{"no secret", wxsim.Code(41004), 500, oauth.KindConfig},
		{"an account without this right", wxsim.Code(48001), 500, oauth.KindConfig},
		{"an account that may not fetch tokens", wxsim.Code(50004), 500, oauth.KindConfig},
		{"an AppSecret that is frozen", wxsim.Code(40243), 500, oauth.KindConfig},
		{"an account that is frozen", wxsim.Code(50007), 500, oauth.KindConfig},
		{"a blocked user", wxsim.Code(40226), 403, oauth.KindBlocked},
		{"a restricted user", wxsim.Code(50002), 403, oauth.KindBlocked},
		{"no openid", wxsim.Field("openid", ""), 502, oauth.KindIdentity},
		{"an empty openid", wxsim.Field("openid", `""`), 502, oauth.KindIdentity},
		{"an openid with a space", wxsim.Field("openid", `"o 1"`), 502, oauth.KindIdentity},
		{"an openid of 65 characters", wxsim.Field("openid", `"`+strings.Repeat("o", 65)+`"`), 502, oauth.KindIdentity},
	}
	var cases []Case
	for _, path := range []string{exchangePath, userInfoPath} {
		for _, f := range both {
			cases = append(cases, Case{Name: fmt.Sprintf("%s at %s: %d", f.name, path,
				f.status), Config: base, Test: func(t *World) {
				newcomer, known := t.Browser(), t.SignedIn()
				t.Sim.Fail(path, f.fault)
				for _, b := range []*webtest.Browser{newcomer, known} {
					began := time.Now()
					v := b.Open(PublicURL + "/profile?a=1")
					t.WantRefusal(v, f.status, f.kind)
					t.wantWithin(began, 5*time.Second)
					t.wantSessionLeft(v)
					t.wantSame(v.Header.Get("Retry-After") != "", f.kind == oauth.KindLimited, "Retry-After is set")
				}
				t.WantNobody(newcomer)
				t.WantSignedIn(known, 0)
				t.Sim.Clear(path)
				for _, b := range []*webtest.Browser{newcomer, known} { // the page's link
					t.WantPage(b.Open(PublicURL+"/profile?a=1"), "/profile?a=1")
				}
			}})
		}
	}
	for _, code := range []int{40029, 40163, 42003, 42007} {
		cases = append(cases,
			Case{Name: fmt.Sprintf("errcode %d again and again: two restarts, then 400",
				code), Config: base, Test: func(t *World) {
				b := t.SignedIn()
				t.Sim.Reset()
				t.Sim.Fail(exchangePath, wxsim.Code(code))
				v := b.Open(PublicURL + "/profile")
				t.WantRefusal(v, 400, oauth.KindCode)
				t.WantCallsOf(authorizePath, 3)
				t.WantRedirects(v, 6)
				t.WantCalls(3, 0)
				t.WantSignedIn(b, 0)
			}},
			Case{Name: fmt.Sprintf("errcode %d once: a silent restart", code), Test: func(t *World) {
				t.Sim.Fail(exchangePath, wxsim.Code(code), 1)
				v := t.Browser().Open(PublicURL + "/me?a=1")
				t.WantPage(v, "/me?a=1")
				t.WantRedirects(v, 5)
			}},
			Case{Name: fmt.Sprintf("errcode %d in a tab of somebody who is signed in by now: on to the page",
				code), Test: func(t *World) {
				b, late := t.begun("/me?late")
				t.SignIn(b)
				t.Sim.Fail(exchangePath, wxsim.Code(code))
				v := b.Open(late.Callback(0))
				t.WantPage(v, "/me?late")
				t.WantRedirects(v, 1)
			}},
		)
	}
	return Group{"Failures", append(cases,
		Case{Name: "WeChat cannot be reached: 503", Test: func(t *World) {
			b, callback := t.calledBack("/me")
			t.Deploy(func(cfg *oauth.Config) { cfg.APIURL = "https://nowhere.example.com" })
			t.WantRefusal(b.Open(callback), 503, oauth.KindUpstream)
			t.WantNobody(b)
			t.Deploy(nil)
			t.WantPage(b.Open(callback), "/me") // the code is unspent
		}},
		Case{Name: "the log names what is wrong with the configuration, the page does not", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Code(40164))
			v := t.Browser().Open(PublicURL + "/me")
			t.wantNoText(v, "40164")
			t.wantLogged("40164")
		}},
		Case{Name: "the user refuses: 403 with a link, and the session stays", Config: base, Test: func(t *World) {
			newcomer, known := t.Browser(), t.SignedIn()
			for _, b := range []*webtest.Browser{newcomer, known} {
				v := b.Open(t.Begin(b, PublicURL+"/profile?a=1").Decide(t.Sim.Users()[0], "refuse"))
				t.WantRefusal(v, 403, oauth.KindDenied)
				t.wantText(v, `href="`+PublicURL+`/profile?a=1"`)
			}
			t.WantNobody(newcomer)
			t.WantSignedIn(known, 0)
			t.WantPage(newcomer.Open(PublicURL+"/profile?a=1"), "/profile?a=1")
		}},
		Case{Name: "the store is down: 503 on every request, no cookie touched, and then all is as before", Test: func(t *World) {
			known, waiting := t.Browser(), t.Browser()
			down := t.deployBreakable()
			t.SignIn(known)
			callback := t.Begin(waiting, PublicURL+"/me").Callback(0)
			down.Store(true)
			exchanges := t.Sim.Calls(exchangePath)
			for _, r := range []webtest.Request{
				{URL: PublicURL + "/me"},
				{URL: PublicURL + "/me", Kind: webtest.Fetch()},
				{URL: PublicURL + "/me", Method: http.MethodPost, Form: "a=1"},
				{URL: PublicURL + "/me", Method: http.MethodHead},
				{URL: PublicURL + "/wechat/login?return_to=/x"},
				{URL: PublicURL + "/logout", Method: http.MethodPost},
			} {
				v := known.Do(r)
				if v.Status != http.StatusServiceUnavailable || v.Header.Get("Retry-After") != "2" ||
					len(v.SetCookies()) > 0 {
					t.Errorf("%s %s: status %d, Retry-After %q, %d cookies", r.Method, r.URL, v.Status,
						v.Header.Get("Retry-After"), len(v.SetCookies()))
				}
			}
			// Optional shows the page without a user
			t.WantStatus(known.Do(webtest.Request{URL: PublicURL + "/"}), http.StatusOK)
			v := waiting.Open(callback)
			t.WantStatus(v, http.StatusServiceUnavailable)
			t.WantCallsOf(exchangePath, exchanges)
			down.Store(false)
			t.WantSignedIn(known, 0)
			t.WantPage(waiting.Open(callback), "/me")
		}},
		Case{Name: "the store breaks while the login is saved: 503, and a reload logs in", Test: func(t *World) {
			down := t.deployBreakable()
			b := t.Browser()
			t.Sim.Fail(exchangePath, wxsim.Late(time.Second))
			callback := t.Begin(b, PublicURL+"/me").Callback(0)
			go func() {
				time.Sleep(500 * time.Millisecond)
				down.Store(true)
			}()
			t.WantStatus(b.Open(callback), http.StatusServiceUnavailable)
			down.Store(false)
			t.WantNobody(b)
			t.WantPage(b.Open(callback), "/me")
		}},
		Case{Name: "a failure by script is told in JSON", Test: func(t *World) {
			b := t.Browser()
			v := b.Do(webtest.Request{URL: PublicURL + "/me?code=x&state=" + forgedState, Kind: webtest.Fetch()})
			t.WantStatus(v, http.StatusBadRequest)
			t.wantSame(strings.TrimSpace(v.Body), `{"error":"state"}`, "the answer")
		}},
	)}
}

// deployBreakable deploys an app whose store fails while down is set.
func (w *World) deployBreakable() (down *atomic.Bool) {
	w.Helper()
	down = &atomic.Bool{}
	w.Deploy(func(cfg *oauth.Config) {
		var store sessions.Store
		if w.openStore != nil {
			store = w.openStore(cfg.Keys)
		} else {
			store = newCookieStore(w, cfg.Keys)
		}
		cfg.Store = breakable{store, down}
	})
	return down
}

// A breakable store fails, as one whose server is away.
type breakable struct {
	sessions.Store

	down *atomic.Bool
}

func (s breakable) New(r *http.Request, name string) (*sessions.Session, error) {
	if s.down.Load() {
		return sessions.NewSession(s, name), syscall.ECONNREFUSED
	}
	return s.Store.New(r, name)
}

func (s breakable) Save(r *http.Request, rw http.ResponseWriter, session *sessions.Session) error {
	if s.down.Load() {
		return syscall.ECONNREFUSED
	}
	return s.Store.Save(r, rw, session)
}
