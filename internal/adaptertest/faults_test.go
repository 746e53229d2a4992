package adaptertest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// TestWeChatMisbehaves lets every call of the login meet every fault of WeChat. Each login
// ends at the page and the status that the fault deserves, without a session, in bounded time,
// and works as soon as the fault is over. The bubble of each case sees to it that nothing leaks.
func TestWeChatMisbehaves(t *testing.T) {
	t.Run("net/http", func(t *testing.T) { RunFaults(t, NetHTTP(), Cookies(), true) })
	t.Run("chi", func(t *testing.T) { RunFaults(t, Chi(), Cookies(), false) })
	t.Run("gin", func(t *testing.T) { RunFaults(t, Gin(), Cookies(), false) })
}

// RunFaults takes one adapter and one store through the faults: all of them, or of those that end
// alike one only.
func RunFaults(t *testing.T, frame Frame, store Store, all bool) {
	t.Helper()
	for _, s := range situations() {
		g := Group{Name: s.name}
		var met []ending
		for _, m := range s.faults {
			want, ok := m.at(s.path)
			alike := want
			alike.code = 0
			if !ok || (!all && slices.Contains(met, alike)) {
				continue
			}
			met = append(met, alike)
			g.Cases = append(g.Cases, Case{Name: m.name, Test: func(t *World) { s.test(t, s.path, m, want) }})
		}
		t.Run(g.Name, func(t *testing.T) { g.Run(t, frame, store) })
	}
}

// A situation is a call to WeChat, and who is waiting for it.
type situation struct {
	name   string
	path   string // of the call
	faults []misbehaviour
	test   func(t *World, path string, m misbehaviour, want ending)
}

func situations() []situation {
	ways := slices.Concat(connectionFaults(), statusFaults(), bodyFaults(), codeFaults())
	all := slices.Concat(ways, fieldFaults())
	return []situation{
		{"the exchange of a new visitor", exchangePath, all, newVisitor},
		{"the profile of a new visitor", userInfoPath, all, newVisitor},
		{"the exchange of a user who is asked for more", exchangePath, ways, askedForMore},
		{"the profile of a user who is asked for more", userInfoPath, ways, askedForMore},
		{"a refresh in passing at the token", refreshPath, all, inPassing},
		{"a refresh in passing at the profile", userInfoPath, all, inPassing},
		{"AccessToken", refreshPath, all, forAccessToken},
	}
}

// An ending is what an answer of WeChat must lead to.
type ending struct {
	status int        // of a login; 0: the answer is good, or good enough
	kind   oauth.Kind // of a login's Failure
	retry  string     // Retry-After of a login

	code core.Code     // a *core.Error of this code; 0: none
	wire core.WireKind // a *core.WireError of this kind; empty: none
}

// The endings of what is no refusal by WeChat.
func fine() ending        { return ending{} }
func unreachable() ending { return ending{503, oauth.KindUpstream, "", 0, core.WireUnreachable} }
func late() ending        { return ending{504, oauth.KindUpstream, "", 0, core.WireTimeout} }
func broken() ending      { return ending{502, oauth.KindUpstream, "", 0, core.WireBroken} }
func garbled() ending     { return ending{502, oauth.KindUpstream, "", 0, core.WireBody} }
func odd() ending         { return ending{502, oauth.KindUpstream, "", 0, core.WireStatus} }
func busy() ending        { return ending{503, oauth.KindLimited, "60", 0, core.WireStatus} }
func nobody() ending      { return ending{502, oauth.KindIdentity, "", 0, ""} }

// refused is the ending of an errcode.
func refused(code core.Code) ending {
	switch code {
	case 40029, 40163, 42003, 42007:
		return ending{400, oauth.KindCode, "", code, ""}
	case 40226, 50002:
		return ending{403, oauth.KindBlocked, "", code, ""}
	case 45009, 45011:
		return ending{503, oauth.KindLimited, "60", code, ""}
	case 40013, 40125, 40164, 40243, 41002, 41004, 48001, 50004, 50007:
		return ending{500, oauth.KindConfig, "", code, ""}
	default:
		return ending{502, oauth.KindUpstream, "", code, ""}
	}
}

// logInAgain holds for what a refresh in passing answers with a new login.
func (e ending) logInAgain() bool { return e.code == 40030 || e.code == 42002 || e.code == 42007 }

// checkCause fails the case unless err is typed as it must be.
func (e ending) checkCause(t *World, err error) {
	t.Helper()
	refusal, isRefusal := errors.AsType[*core.Error](err)
	wire, isWire := errors.AsType[*core.WireError](err)
	good := false
	switch {
	case e.code != 0:
		good = isRefusal && refusal.Code == e.code && errors.Is(err, e.code)
	case e.wire != "":
		good = isWire && wire.Kind == e.wire && wire.Timeout() == (e.wire == core.WireTimeout)
	default:
		good = errors.Is(err, oauth.ErrIdentity)
	}
	if !good {
		t.Errorf("the cause is %#v (%v), want code %d or wire error %q", err, err, e.code, e.wire)
	}
}

// wantFailure fails the case unless v ended at the app's own error page, which was told why.
func (w *World) wantFailure(v *webtest.Visit, want ending, retryURL string) {
	w.Helper()
	w.WantStatus(v, want.status)
	fails := w.Failures()
	if len(fails) != 1 || fails[0].Status != want.status || fails[0].Kind != want.kind || fails[0].RetryURL != retryURL {
		w.Fatalf("OnError was told of %+v, want one %s with status %d and RetryURL %s", fails, want.kind, want.status, retryURL)
	}
	want.checkCause(w, fails[0])
}

const settled = 8 * time.Second // the longest that a login may take

// newVisitor is a login of somebody who has no session. The app has an error page of its own.
func newVisitor(t *World, path string, m misbehaviour, want ending) {
	var welcomed atomic.Int32
	l := t.deployOnLine(func(cfg *oauth.Config) {
		cfg.OnError = t.OnError
		cfg.OnLogin = func(context.Context, *http.Request, *core.User) error {
			welcomed.Add(1)
			return nil
		}
	})
	b, a := t.begun("/profile?a=1")
	v := meet(t, b, l, path, m, want, a.Callback(0))
	if want == fine() {
		t.WantPage(b.Open(v.Next), "/profile?a=1")
		return
	}
	if welcomed.Load() != 0 {
		t.Error("OnLogin was told of a login that failed")
	}
	t.wantFailure(v, want, PublicURL+"/profile?a=1")
	t.WantNobody(b)
	recoverFrom(t, b, l, path, m, want, v.Address())
	if welcomed.Load() != 1 {
		t.Errorf("OnLogin was told of %d logins, want 1", welcomed.Load())
	}
}

// askedForMore is a login of somebody whose session stays good, whatever happens.
func askedForMore(t *World, path string, m misbehaviour, want ending) {
	l := t.deployOnLine(nil)
	b := t.Browser()
	t.WantUser(b.Open(PublicURL+"/base"), 0)
	a := t.Begin(b, PublicURL+"/profile?a=1")
	session := b.Cookie("wx-")
	v := meet(t, b, l, path, m, want, a.Callback(0))
	if want == fine() {
		t.WantPage(b.Open(v.Next), "/profile?a=1")
		return
	}
	t.WantRefusal(v, want.status, want.kind)
	t.WantSignedIn(b, 0)
	if b.Cookie("wx-") != session {
		t.Error("the session's cookie was changed")
	}
	recoverFrom(t, b, l, path, m, want, v.Address())
}

// meet opens a callback while WeChat misbehaves, and gives the visit that ends the login.
func meet(t *World, b *webtest.Browser, l *line, path string, m misbehaviour, want ending, callback string) *webtest.Visit {
	t.Helper()
	t.Net.Serve(elsewhere, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect of WeChat's API was followed") }))
	exchanges := t.Sim.Calls(exchangePath)
	m.begin(t, l, path)
	began := time.Now()
	v := b.Do(webtest.Request{URL: callback})
	if want.kind == oauth.KindCode { // two silent restarts come first
		for range 2 {
			t.WantRestart(v)
			v = b.OpenUntil(v.Next, func(next *url.URL) bool { return next.Host == openHost && strings.HasPrefix(next.Path, authorizePath) })
		}
		if n := t.Sim.Calls(exchangePath) - exchanges; n != 3 {
			t.Errorf("%d exchanges, want 3", n)
		}
	}
	t.wantWithin(began, settled)
	if path == exchangePath && l.heard.Load() > 1 {
		t.Errorf("the code was sent %d times", l.heard.Load())
	}
	if v.Header.Get("Retry-After") != want.retry {
		t.Errorf("Retry-After is %q, want %q", v.Header.Get("Retry-After"), want.retry)
	}
	session := slices.ContainsFunc(v.SetCookies(), SessionCookie)
	if want == fine() {
		if v.Next != PublicURL+"/profile?a=1" || !session {
			t.Fatalf("want a login, got %d %q\n\t%s", v.Status, v.Body, v.Trail())
		}
		return v
	}
	t.WantStatus(v, want.status)
	if session {
		t.Error("the answer sets or clears a session")
	}
	return v
}

// recoverFrom reloads the callback once WeChat behaves again. A code that was refused is not sent
// again: there the page's own link leads on.
func recoverFrom(t *World, b *webtest.Browser, l *line, path string, m misbehaviour, want ending, callback string) {
	t.Helper()
	m.end(t, l, path)
	exchanges := t.Sim.Calls(exchangePath)
	refused := want.kind == oauth.KindCode
	if refused {
		t.WantStatus(b.Open(callback), want.status)
		callback = PublicURL + "/profile?a=1"
	}
	v := b.Open(callback)
	t.WantUser(v, 0)
	t.WantPage(v, "/profile?a=1")
	hops, asked := 2, 1
	switch {
	case refused: // a login of its own
		hops = 4
	case m.spent || path == userInfoPath: // 40163, and a silent restart
		hops, asked = 4, 2
	}
	if len(v.Hops) != hops || t.Sim.Calls(exchangePath)-exchanges != asked {
		t.Errorf("the reload took %d requests and %d exchanges, want %d and %d:\n\t%s", len(v.Hops), t.Sim.Calls(exchangePath)-exchanges, hops, asked, v.Trail())
	}
}
