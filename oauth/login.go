package oauth

import "net/http"

// LoginHandler starts a login for a page's script, which sends the browser to
// LoginPath?return_to=/path#fragment. It goes on to return_to once the user is signed in, at once
// if that is so already. A return_to that could lead off the site is replaced by "/".
//
// scope=snsapi_userinfo asks for more than Config.Scope; it never asks for less.
func (a *Auth) LoginHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			methodNotAllowed(w, "GET, HEAD")
			return
		}
		v := newVisit(w, r)
		a.answerLoginPath(&v)
	})
}

// answerLoginPath treats LoginPath as a guarded page that goes on to return_to.
func (a *Auth) answerLoginPath(v *visit) {
	page, need := v.page(), a.cfg.Scope
	if page.first("scope") == string(ScopeUserInfo) {
		need = ScopeUserInfo
	}
	if _, ok := a.admit(v, need); !ok {
		return
	}
	if !navigation(v.r) { // a script that asks whether it is signed in
		setHeaders(v.w.Header())
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	a.returnTo(v.w, http.StatusFound, page.first("return_to"))
}

// returnTo redirects to a page of this site.
func (a *Auth) returnTo(w http.ResponseWriter, status int, raw string) {
	to, ok := safeReturn(raw, a.cfg.LoginPath)
	if !ok {
		to = "/"
	}
	redirect(w, status, a.cfg.PublicURL+to)
}
