package oauth

import (
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// answerCallback answers a browser that WeChat sent back. rec is the session so far, or nil. The
// first case that applies counts.
func (a *Auth) answerCallback(v *visit, need Scope, rec *record, back *callback) {
	signedIn := rec.covers(need) && rec.covers(back.state.scope)
	if back.state.check() {
		signedIn = signedIn && rec.confirmed(back.state)
	}
	tied := a.attempts.ties(v, back.state)
	switch {
	case back.denied:
		a.fail(v, newFailure(KindDenied, errors.New("WeChat sent no code")))
		return

	// The attempt's cookie is gone: the back button, or a second callback after the first was done.
	case !tied && signedIn:
		a.redirectTo(v, v.page())
		return

	// A check that another tab has made in the meantime.
	case back.state.check() && signedIn:
		a.attempts.untie(v, back.state)
		a.redirectTo(v, v.page())
		return

	// The same, and nobody is signed in: this browser lost the cookie, or never had it. Whose login
	// that was nobody knows, so it begins anew.
	case !tied:
		a.restart(v, back.state, newFailure(KindCookies, errors.New("the attempt's cookie is missing or expired")))
		return
	}
	out, err := a.logins.settle(v.r, back, rec)
	f := failureOf(err)
	if f == nil {
		f = out.failure()
		for _, cookie := range out.Cookies {
			v.w.Header().Add("Set-Cookie", cookie)
		}
	}
	switch {
	case f == nil:
		a.attempts.untie(v, back.state)
		// A browser that has just been at WeChat, and is sent there again, may do so for ever: it keeps
		// no session, or the clocks of two replicas are far apart.
		again := rec == nil || back.state.check() && v.now.Sub(rec.user.CheckedAt) < checkLife
		if again && !a.countLogin(v, out.User, back.state.restarts+1) {
			a.fail(v, newFailure(KindCookies, errors.New("the browser kept no session of the last logins")))
			return
		}
		a.redirectTo(v, v.page())

	// The code is spent, and nothing is lost.
	case f.Kind == KindCode && signedIn:
		a.redirectTo(v, v.page())

	// The code is spent, and nobody knows who came with it.
	case f.Kind == KindCode:
		a.restart(v, back.state, f)

	default:
		a.fail(v, f)
	}
}

// countLogin counts the logins of one user whose sessions this browser did not keep. False: these
// are too many, and the browser would go round in circles.
func (a *Auth) countLogin(v *visit, user []byte, logins int) bool {
	logins += a.attempts.unkeptLogins(v, user)
	if logins > maxRestarts+1 {
		a.attempts.clearUnkept(v)
		return false
	}
	a.attempts.setUnkept(v, user, logins)
	return true
}

// restart begins the login again without a word to the user. The number of restarts travels in
// the state; after the second the user is told.
func (a *Auth) restart(v *visit, s state, f *Failure) {
	if s.restarts >= maxRestarts {
		a.fail(v, f)
		return
	}
	a.observe(v.r.Context(), core.Event{Name: core.EventLoginRestarted, Kind: string(f.Kind)})
	again := s.login
	again.scope = a.required(s.scope) // on a desktop it was the website app's
	again.restarts++
	v.tapped = true // or the login would not have begun
	a.logIn(v, again)
}
