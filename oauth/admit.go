package oauth

import (
	"net/http"
	"time"
)

// A demand is what a page asks of the session of its visitors.
type demand struct {
	scope  Scope
	maxAge time.Duration // since WeChat said who the user is; 0: any
}

// meets reports whether rec is good enough for d.
func (rec *record) meets(d demand, now time.Time) bool {
	return rec.covers(d.scope) && (d.maxAge == 0 || now.Sub(rec.user.CheckedAt) <= d.maxAge)
}

// admit reads the session, and decides.
func (a *Auth) admit(v *visit, need demand) (*http.Request, bool) {
	rec, err := a.sessions.load(v.r, v.now)
	if err != nil {
		a.fail(v, storeFailure("read", err))
		return nil, false
	}
	return a.decide(v, need, rec)
}

// decide tells what becomes of a request whose session is rec, and of a page that asks for need.
// The first case that applies counts. False: the request has its answer.
func (a *Auth) decide(v *visit, need demand, rec *record) (*http.Request, bool) {
	back, err := v.callback(&a.attempts)
	switch {
	// A state of our form that we did not make, or something beside it that WeChat never sends.
	case err != nil:
		a.fail(v, newFailure(KindState, err))

	// WeChat sends the browser back. What could not be redirected afterwards would waste the code.
	case back != nil && navigation(v.r):
		a.answerCallback(v, need.scope, rec, back)

	// The user came by our asking page, or somebody made its mark up: no page's URL keeps it.
	case rec.covers(need.scope) && v.marked() && navigation(v.r):
		a.redirectTo(v, v.page())

	// The user is known, and has granted enough.
	case rec.meets(need, v.now):
		if fresh, alive := a.grants.refreshProfile(v, rec); alive {
			return a.pass(v.w, v.r, fresh, true), true
		}
		// The grant is withdrawn. Ask for all that was lost, though this page may need less.
		a.logIn(v, login{scope: a.required(Scope(rec.user.Scope))})

	// A page of this site shows WeChat's QR code by itself.
	case a.embeds(v):
		a.answerEmbed(v)

	// Nobody, or one whose session is not enough. A script cannot follow a redirect to WeChat, and
	// the body of a form would be lost on the way.
	case !navigation(v.r):
		a.loginRequired(v, need)

	// One who has granted enough, but too long ago: WeChat says, silently, whether it is still the
	// same user.
	case rec.covers(need.scope):
		a.logIn(v, login{scope: need.scope, flags: flagCheck})

	// Nobody; or one who has granted too little, and keeps the session until there is a better one.
	default:
		a.logIn(v, login{scope: need.scope})
	}
	return nil, false
}
