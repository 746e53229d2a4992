package oauth

import (
	"net/http"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// LoginHandler starts a login for a page's script, which sends the browser to
// LoginPath?return_to=/path#fragment. When the user is signed in, or if that is so already, it
// redirects to return_to. That is a path as the browser sees it, with the path of PublicURL, or a
// whole address that begins with PublicURL, as location.href does. If it could lead to another
// site, the home page is taken instead.
//
// With scope=snsapi_userinfo it asks for more than Config.Scope, but never for less. With
// fresh=300 it asks WeChat whether it is still the same user, unless WeChat has confirmed that
// within the last 300 seconds.
//
// With Config.Desk it also answers desk=TICKET, which a phone opens and posts to, and desk=wait,
// with which a desktop waits for the phone.
//
// With embed=1 a script of the same site gets no redirect to the QR page of Config.Website, but
// the parameters to show that page in a frame: JSON with appid, scope, redirect_uri and state. If
// somebody is signed in already, it gets 204.
func (a *Auth) LoginHandler() http.Handler {
	a.loginServed.Store(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := newVisit(w, r)
		a.answerLoginPath(&v)
	})
}

// answerLoginPath answers LoginPath like a page that needs a login, and then redirects to
// return_to.
func (a *Auth) answerLoginPath(v *visit) {
	v.tapped = true // opening this address means that the user wants to log in
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
	if !navigation(v.r) { // a script asks whether somebody is signed in
		answers.Private(v.w.Header())
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	a.returnTo(v.w, http.StatusFound, page.first("return_to"))
}
