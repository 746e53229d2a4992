package oauth

import (
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// answerCallback answers a browser that WeChat has sent back. rec is the present session, or nil.
// The first case that is true decides.
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

	// The attempt's cookie is gone, because of the back button or a second callback after the
	// first one was finished.
	case !tied && signedIn:
		a.redirectTo(v, v.page())
		return

	// Another tab has made the check meanwhile.
	case back.state.check() && signedIn:
		a.attempts.untie(v, back.state)
		a.redirectTo(v, v.page())
		return

	// The attempt's cookie is gone and nobody is signed in. The browser has lost the cookie, or
	// the login began in another browser: the code may be somebody else's. So the login starts
	// again.
	case !tied:
		a.restart(v, back.state, newFailure(KindCookies,
			errors.New("the attempt's cookie is missing or expired")))
		return

	// The login began at a replica that has a Website. The code stays good for that one.
	case a.logins.clients.granting(back.state.scope) == nil:
		a.restart(v, back.state, newFailure(KindCode,
			errors.New("the login began with a Website that is not configured here")))
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
		// A browser that comes from WeChat without a session, or with a check that was just made,
		// may go round in circles: it keeps no cookies, or the clocks of two replicas differ.
		again := rec == nil || back.state.check() && v.now.Sub(rec.user.CheckedAt) < checkLife
		if again && !a.countLogin(v, out.User, back.state.restarts+1) {
			a.fail(v, newFailure(KindCookies,
				errors.New("the browser kept no session of the last logins")))
			return
		}
		a.redirectTo(v, v.page())

	// The code does not work any more, but the user is signed in.
	case f.Kind == KindCode && signedIn:
		a.redirectTo(v, v.page())

	// The code does not work any more, and nobody is signed in.
	case f.Kind == KindCode:
		a.restart(v, back.state, f)

	default:
		a.fail(v, f)
	}
}

// countLogin counts the logins of one user whose sessions this browser did not keep. It returns
// false if there are too many: another login would end the same way.
func (a *Auth) countLogin(v *visit, user []byte, logins int) bool {
	logins += a.attempts.unkeptLogins(v, user)
	if logins > maxRestarts+1 {
		a.attempts.clearUnkept(v)
		return false
	}
	a.attempts.setUnkept(v, user, logins)
	return true
}

// restart begins the login again, without telling the user. The state contains the number of
// restarts; after the second one, the user gets the page of f.
func (a *Auth) restart(v *visit, s state, f *Failure) {
	if s.restarts >= maxRestarts {
		a.fail(v, f)
		return
	}
	a.observe(v.r.Context(), core.Event{Name: core.EventLoginRestarted, Kind: string(f.Kind)})
	again := s.login
	// Not the scope of the website app, which the state has if the login began on a desktop.
	again.scope = a.required(s.scope)
	again.restarts++
	v.tapped = true // the user has asked for the login already
	a.logIn(v, again)
}
