package oauth

import (
	"net/http"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// LoginHandler starts a login for a page's script, which sends the browser to
// LoginPath?return_to=/path#fragment. It goes on to return_to once the user is signed in, at once
// if that is so already. return_to is a path as the browser sees it, with the path of PublicURL, or
// a whole address that begins with PublicURL, as location.href does. One that could lead off the
// site is replaced by the home page.
//
// scope=snsapi_userinfo asks for more than Config.Scope; it never asks for less. fresh=300 asks
// WeChat whether it is still the same user, if that was not so within the last 300 seconds.
//
// With Config.Desk it also answers desk=TICKET, which a phone opens and posts to, and desk=wait, by
// which a desktop waits for that.
//
// With embed=1 a script of the same site gets, in place of a redirect to the QR page of
// Config.Website, what that page is opened with in a frame: JSON of appid, scope, redirect_uri and
// state. It gets 204 where somebody is signed in.
func (a *Auth) LoginHandler() http.Handler {
	a.loginServed.Store(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := newVisit(w, r)
		a.answerLoginPath(&v)
	})
}

// answerLoginPath treats LoginPath as a guarded page that goes on to return_to.
func (a *Auth) answerLoginPath(v *visit) {
	v.tapped = true // who opens this address wants to log in
	page, need := v.page(), demand{scope: a.cfg.Scope}
	if a.desk != nil && a.answerDesk(v, page.first("desk")) {
		return
	}
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		answers.MethodNotAllowed(v.w, "GET, HEAD")
		return
	}
	if page.first("scope") == string(ScopeUserInfo) {
		need.scope = ScopeUserInfo
	}
	need.maxAge = freshness(page.first(freshParam))
	if ticket := page.first(handoverParam); ticket != "" && navigation(v.r) {
		a.redeemHandover(v, ticket)
		return
	}
	if _, ok := a.admit(v, need); !ok {
		return
	}
	if !navigation(v.r) { // a script that asks whether it is signed in
		answers.Private(v.w.Header())
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	a.returnTo(v.w, http.StatusFound, page.first("return_to"))
}
