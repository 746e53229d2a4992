package oauth

import (
	"errors"
	"net/http"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/sessionstore"
)

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
		a.login(w, r)
	})
}

func (a *Auth) login(w http.ResponseWriter, r *http.Request) {
	page, need := pageOf(r), a.cfg.Scope
	if page.first("scope") == string(ScopeUserInfo) {
		need = ScopeUserInfo
	}
	if _, ok := a.admitStored(w, r, need); !ok {
		return
	}
	if !navigation(r) { // a script that asks whether it is signed in
		setHeaders(w.Header())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.returnTo(w, http.StatusFound, page.first("return_to"))
}

// returnTo redirects to a page of this site.
func (a *Auth) returnTo(w http.ResponseWriter, status int, raw string) {
	to, ok := safeReturn(raw, a.cfg.LoginPath)
	if !ok {
		to = "/"
	}
	redirect(w, status, a.cfg.PublicURL+to)
}

const maxLogoutBody = 8 << 10 // bytes

// LogoutHandler ends the session on a POST from this site. It goes on to a checked return_to of
// query or form; without one it shows a small page, and a script gets 204.
//
// With cookie sessions, a cookie that was copied before stays good until it expires; a store on a
// server forgets the session.
func (a *Auth) LogoutHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			methodNotAllowed(w, http.MethodPost)
			return
		}
		if err := a.csrf.Check(r); err != nil {
			setHeaders(w.Header())
			writeJSON(w, http.StatusForbidden, map[string]string{"error": "cross_origin"})
			return
		}
		session, err := a.load(r, time.Now())
		if err == nil {
			err = a.logOut(w, r)
		}
		if err != nil {
			a.fail(w, r, a.storeFailure(r.Context(), "write", err))
			return
		}
		if session != nil {
			a.observe(r.Context(), core.Event{Name: core.EventSessionEnded})
		}
		setHeaders(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, maxLogoutBody)
		switch to := r.FormValue("return_to"); {
		case to != "":
			a.returnTo(w, http.StatusSeeOther, to)
		case acceptsHTML(r):
			a.look.message(w, r, http.StatusOK, page{Name: signedOutPage})
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func (a *Auth) logOut(w http.ResponseWriter, r *http.Request) error {
	session, err := a.store.New(r, a.sessionName)
	switch {
	case !sessionstore.Anonymous(err):
		return err // the session may be there: its cookie stays
	case session == nil:
		return errors.New("the store gave no session")
	}
	for value := range cookie.Candidates(r, a.sessionName) {
		a.memo.forget(value)
	}
	if cookie.Value(r, a.finishedName) != "" {
		a.clearCookie(w, a.finishedName) // that login was kept
	}
	return a.end(w, r, session)
}

func methodNotAllowed(w http.ResponseWriter, allow string) {
	setHeaders(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}
