package oauth

import (
	"net/http"
	"time"
)

// Admit decides whether a request may pass to a page that needs a login. It returns the request to
// pass on, with the user on its context, and true. Or it has answered the request already and
// returns false. need is the scope that the page needs; "" means Config.Scope.
//
// A signed-in user passes, without a call to WeChat. Other requests are answered like this:
//
//   - a page in WeChat goes to WeChat's login and comes back to the same URL; if it needs a
//     profile, a page of ours asks first,
//   - a page in another browser gets WeChat's QR login (Config.Website), a code for the phone
//     (Config.Desk), or a page that says where to open it,
//   - fetch, XHR, event streams, WebSockets and HEAD get 401 with a login URL in JSON,
//   - a submitted form, a frame and a service worker get 401 as a page,
//   - a login that fails gets a page with the status of the failure and a link to try again: see
//     [Kind].
//
// Admit also answers Config.LoginPath and the files of Config.VerifyFiles. docs/requests.md has
// the complete table.
func (a *Auth) Admit(w http.ResponseWriter, r *http.Request, need Scope) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.required(need)})
}

// AdmitFresh is like [Auth.Admit], for pages that must be sure who the user is now, such as one
// that pays. A request passes if the user's CheckedAt is not older than maxAge.
//
// If it is older, a page load goes to WeChat and back once more, without asking the user. If it is
// the same user, the session is kept and OnLogin is not called; if it is another one, that user is
// signed in. A request that cannot follow a redirect gets 401 with a login URL that does the same.
// Outside WeChat the user scans a code again. A check that fails ends with an error page, and the
// session is kept.
//
// maxAge is at least 10 seconds, so that the browser has time to come back from WeChat.
func (a *Auth) AdmitFresh(
	w http.ResponseWriter, r *http.Request, maxAge time.Duration,
) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.cfg.Scope, maxAge: max(maxAge, checkLife)})
}

func (a *Auth) admitVisitor(
	w http.ResponseWriter, r *http.Request, need demand,
) (*http.Request, bool) {
	adm := a.admission(r.Context())
	if adm.admits(need) {
		return r, true
	}
	v := newVisit(w, r)
	if a.answerOwnPath(&v) {
		return nil, false
	}
	if adm != nil { // another middleware has read the session already
		return a.decide(&v, need, adm.current())
	}
	return a.admit(&v, need)
}

// Identify returns the request with the user on its context, if there is a good session. It is for
// public pages that show who is signed in: it writes no answer, sets no cookie and does not call
// WeChat.
func (a *Auth) Identify(w http.ResponseWriter, r *http.Request) *http.Request {
	if a.admission(r.Context()) != nil {
		return r
	}
	rec, err := a.sessions.load(r, time.Now())
	if err != nil && !canceled(err) { // the request passes without a user
		a.reportStoreDown(r.Context(), "read", err)
	}
	if rec == nil {
		varyCookie(w.Header(), new([1]string))
		keepCode(w.Header(), r)
		return r
	}
	return a.pass(w, r, rec, false)
}

// answerOwnPath answers LoginPath and the verify files, so that the program need not register
// routes for them.
func (a *Auth) answerOwnPath(v *visit) bool {
	// The form on a phone that confirms a desktop.
	posted := v.r.Method == http.MethodPost && a.desk != nil
	if v.r.Method != http.MethodGet && !posted {
		return false
	}
	if v.path == a.loginPath {
		a.loginServed.Store(true)
		a.answerLoginPath(v)
		return true
	}
	content, ours := a.files[v.path]
	if ours = ours && !posted; ours {
		writeFile(v.w, content)
	}
	return ours
}
