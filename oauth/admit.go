package oauth

import (
	"net/http"
	"time"
)

// A demand is what a page requires of a session.
type demand struct {
	scope  Scope
	maxAge time.Duration // since WeChat has confirmed who the user is; 0 for any
}

// meets reports whether the session rec fulfils d.
func (rec *record) meets(d demand, now time.Time) bool {
	return rec.covers(d.scope) && (d.maxAge == 0 || now.Sub(rec.user.CheckedAt) <= d.maxAge)
}

// admit reads the session and decides.
func (a *Auth) admit(v *visit, need demand) (*http.Request, bool) {
	rec, err := a.sessions.load(v.r, v.now)
	if err != nil {
		a.fail(v, storeFailure("read", err))
		return nil, false
	}
	return a.decide(v, need, rec)
}

// decide decides about a request with the session rec to a page that requires need. It returns the
// request to pass on and true, or has answered it and returns false. The first case that is true
// decides.
func (a *Auth) decide(v *visit, need demand, rec *record) (*http.Request, bool) {
	back, err := v.callback(a.attempts)
	switch {
	// The state is forged, or comes with something that WeChat does not send.
	case err != nil:
		a.fail(v, newFailure(KindState, err))

	// WeChat sends the browser back. If the request cannot be redirected afterwards, the code is
	// not used: the login could not be finished.
	case back != nil && navigation(v.r):
		a.answerCallback(v, need.scope, rec, back)

	// The user is signed in and has granted enough.
	case rec.meets(need, v.now):
		fresh, alive := a.grants.refreshProfile(v, rec)
		switch {
		// The user has withdrawn the grant. The login asks for all that the session had, although
		// this page may need less.
		case !alive:
			a.logIn(v, login{scope: a.required(Scope(rec.user.Scope))})

		// The mark of the page that asks first is removed from the URL.
		case v.marked() && navigation(v.r):
			a.redirectTo(v, v.page())

		default:
			return a.pass(v.w, v.r, fresh, true), true
		}

	// A script of this site asks for the parameters of WeChat's QR page.
	case a.embeds(v):
		a.answerEmbed(v)

	// Nobody is signed in, or the session is not enough, and the request cannot be redirected to
	// WeChat: a script cannot follow that, and the body of a form would be lost.
	case !navigation(v.r):
		a.loginRequired(v, need)

	// The user has granted enough, but was confirmed too long ago. WeChat is asked whether it is
	// still the same user, without asking the user.
	case rec.covers(need.scope):
		a.logIn(v, login{scope: need.scope, flags: flagCheck})

	// Nobody is signed in, or the user has granted too little. In the second case the session is
	// kept until there is a new one.
	default:
		a.logIn(v, login{scope: need.scope})
	}
	return nil, false
}
