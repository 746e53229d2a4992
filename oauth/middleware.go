package oauth

import (
	"net/http"
	"time"
)

// Admit is the whole decision about a request to a guarded page. It returns the request to pass
// on, with the user on its context, or false when it has answered already. need is the least
// scope that the page asks for; "" means Config.Scope.
//
// Whoever is signed in passes, without a call to WeChat. Of the others
//
//   - a page in WeChat goes to WeChat and comes back to the very same URL; where a profile is
//     needed, a page of ours asks first,
//   - a page in another browser gets WeChat's QR login (Config.Website), a code for the phone
//     (Config.Desk), or a page that says where to open it,
//   - fetch, XHR, event streams, WebSockets and HEAD get 401 with a login URL in JSON,
//   - a submitted form, a frame and a service worker get 401 as a page,
//   - a failed login gets a page with the honest status and a link to try again: see [Kind].
//
// Admit also answers Config.LoginPath and the files of Config.VerifyFiles. docs/requests.md has the
// whole table.
func (a *Auth) Admit(w http.ResponseWriter, r *http.Request, need Scope) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.required(need)})
}

// AdmitFresh is [Auth.Admit] for pages where it matters that the user has not changed since the
// login, such as one that pays: it passes while the user's CheckedAt lies within maxAge.
//
// After that a page load goes through WeChat once more, silently, and comes back. The same user
// keeps the session, and OnLogin is not called; another user's login takes its place. What cannot
// follow a redirect gets 401 with a login URL that does the same. Outside WeChat the user scans
// again. A check that fails ends at an error page, and the session is kept.
//
// A confirmation is good for 10 seconds at least, the time to come back from WeChat.
func (a *Auth) AdmitFresh(w http.ResponseWriter, r *http.Request, maxAge time.Duration) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.cfg.Scope, maxAge: max(maxAge, checkLife)})
}

func (a *Auth) admitVisitor(w http.ResponseWriter, r *http.Request, need demand) (*http.Request, bool) {
	adm := a.admission(r.Context())
	if adm.admits(need) {
		return r, true
	}
	v := newVisit(w, r)
	if a.answerOwnPath(&v) {
		return nil, false
	}
	if adm != nil { // the session was read further out
		return a.decide(&v, need, adm.current())
	}
	return a.admit(&v, need)
}

// Identify puts the user on the context if the session is good. It is for public pages that show
// who is signed in: it never answers, sets a cookie or calls WeChat.
func (a *Auth) Identify(w http.ResponseWriter, r *http.Request) *http.Request {
	if a.admission(r.Context()) != nil {
		return r
	}
	rec, err := a.sessions.load(r, time.Now())
	if err != nil && !canceled(err) { // the visitor passes as nobody
		a.reportStoreDown(r.Context(), "read", err)
	}
	if rec == nil {
		varyCookie(w.Header(), new([1]string))
		keepCode(w.Header(), r)
		return r
	}
	return a.pass(w, r, rec, false)
}

// answerOwnPath answers LoginPath and the verify files, so that they need no route.
func (a *Auth) answerOwnPath(v *visit) bool {
	posted := v.r.Method == http.MethodPost && a.desk != nil // on a phone, to confirm
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
