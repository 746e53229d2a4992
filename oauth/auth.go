package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// Admit is the whole decision about a request to a guarded page. It returns the request to pass
// on, with the user on its context, or false when it has answered already. need is the least
// scope that the page asks for; "" means Config.Scope.
//
// A page load without a session is redirected to WeChat and comes back to the very same URL; what
// cannot follow a redirect gets 401 with a login URL. Admit also answers Config.LoginPath and
// Config.VerifyFile.
func (a *Auth) Admit(w http.ResponseWriter, r *http.Request, need Scope) (*http.Request, bool) {
	need = a.required(need)
	adm := a.admission(r.Context())
	if adm != nil && adm.admitted && Scope(adm.user.Scope).covers(need) {
		return r, true
	}
	if r.Method == http.MethodGet && a.ownPath(w, r) {
		return nil, false
	}
	if adm != nil {
		return a.admit(w, r, need, adm.current(), time.Now())
	}
	return a.admitStored(w, r, need)
}

// admitStored reads the session first.
func (a *Auth) admitStored(w http.ResponseWriter, r *http.Request, need Scope) (*http.Request, bool) {
	now := time.Now() // the only look at the clock of a request that is remembered
	rec, err := a.load(r, now)
	if err != nil {
		a.fail(w, r, a.storeFailure(r.Context(), "read", err))
		return nil, false
	}
	return a.admit(w, r, need, rec, now)
}

// admit decides about a request whose session is rec; nil is nobody.
func (a *Auth) admit(w http.ResponseWriter, r *http.Request, need Scope, rec *record, now time.Time) (*http.Request, bool) {
	good := rec != nil && Scope(rec.user.Scope).covers(need)
	back, err := a.callback(r)
	switch {
	case err != nil:
		a.fail(w, r, &Failure{Status: http.StatusBadRequest, Kind: KindState, Err: err})
		return nil, false
	case back != nil && navigation(r):
		a.finish(w, r, need, rec, back)
		return nil, false
	case good && a.refreshDue(r, rec, now):
		granted := a.required(Scope(rec.user.Scope))
		if rec, good = a.refreshProfile(w, r, rec); !good {
			a.start(w, r, granted, 0) // as much as was lost, though this page may need less
			return nil, false
		}
	case !good && navigation(r):
		a.start(w, r, need, 0)
		return nil, false
	case !good:
		a.loginRequired(w, r, need)
		return nil, false
	}
	guardHeaders(w.Header())
	return a.pass(r, rec, true), true
}

// Identify puts the user on the context if the session is good. It is for public pages that show
// who is signed in: it never answers, sets a cookie or calls WeChat.
func (a *Auth) Identify(w http.ResponseWriter, r *http.Request) *http.Request {
	if a.admission(r.Context()) != nil {
		return r
	}
	rec, err := a.load(r, time.Now())
	if err != nil && !browserLeft(err) {
		a.cfg.Logger.WarnContext(r.Context(), "wxoauth: session store is down: a visitor passes as nobody", "error", err)
		a.observe(r.Context(), core.Event{Name: core.EventStoreDown, Kind: "read"})
	}
	if rec == nil {
		varyCookie(w.Header())
		return r
	}
	guardHeaders(w.Header())
	return a.pass(r, rec, false)
}

// required makes a scope that sessions can be measured by. An unknown one asks for the most.
func (a *Auth) required(need Scope) Scope {
	switch need {
	case "":
		return a.cfg.Scope
	case ScopeBase:
		return ScopeBase
	default:
		return ScopeUserInfo
	}
}

// ownPath answers LoginPath and the verify file, so that they need no route.
func (a *Auth) ownPath(w http.ResponseWriter, r *http.Request) bool {
	path, _, _ := strings.Cut(requestURI(r), "?")
	switch {
	case path == a.loginPath:
		a.login(w, r)
		return true
	case a.cfg.VerifyFile != "" && path == "/"+a.cfg.VerifyFile:
		setHeaders(w.Header())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusOK) // gin would say 404, having no such route
		text := strings.TrimSuffix(strings.TrimPrefix(a.cfg.VerifyFile, "MP_verify_"), ".txt")
		_, _ = w.Write([]byte(text)) // the browser hung up
		return true
	}
	return false
}

// start sends a browser to WeChat, to come back to the very page that r asks for.
func (a *Auth) start(w http.ResponseWriter, r *http.Request, need Scope, restarts int) {
	client, scope, page := a.client, need, pageOf(r)
	outside := !a.cfg.AnyBrowser && !inWeChat(r)
	if outside && a.website == nil {
		a.look.openInWeChat(w, r, a.cfg.PublicURL+page.String())
		return
	}
	if outside {
		client, scope = a.website, ScopeLogin
	}
	s := a.newState(scope, restarts)
	if err := a.setAttempt(w, r, s); err != nil {
		a.fail(w, r, &Failure{Status: http.StatusInternalServerError, Kind: KindConfig, Err: err})
		return
	}
	if restarts == 0 {
		a.observe(r.Context(), core.Event{Name: core.EventLoginStarted, Kind: string(scope)})
	}
	redirect(w, http.StatusFound, client.AuthorizeURL(AuthorizeParams{
		RedirectURI:   a.cfg.PublicURL + page.outward().String(),
		Scope:         scope,
		State:         s.text,
		ForcePopup:    a.cfg.ForcePopup && !outside,
		ForceSnapshot: a.cfg.ForceSnapshot && !outside,
	}))
}

// loginRequired answers what cannot follow a redirect. The page's script adds return_to.
func (a *Auth) loginRequired(w http.ResponseWriter, r *http.Request, need Scope) {
	loginURL := a.cfg.PublicURL + a.loginPath
	if !a.cfg.Scope.covers(need) {
		loginURL += "?scope=" + string(need)
	}
	setHeaders(w.Header())
	w.Header().Set("WWW-Authenticate", "WeChat")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "login_required", "login_url": loginURL})
}

// redirect writes location as it is: http.Redirect would clean its path.
func redirect(w http.ResponseWriter, status int, location string) {
	setHeaders(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser hung up
}

// setHeaders are those of every answer of ours.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// The header values of guarded pages are shared by all requests: each has no room behind its one
// element, so that adding to a header copies it.
var (
	privateNoStore = []string{"private, no-store"} //nolint:gochecknoglobals // never changed
	cookieVaries   = []string{"Cookie"}            //nolint:gochecknoglobals // never changed
)

// guardHeaders keep a page that depends on the user out of shared caches, unless its handler says
// otherwise.
func guardHeaders(h http.Header) {
	h["Cache-Control"] = privateNoStore
	varyCookie(h)
}

func varyCookie(h http.Header) {
	switch vary := h["Vary"]; {
	case len(vary) == 0:
		h["Vary"] = cookieVaries
	case !slices.Contains(vary, "Cookie"):
		h["Vary"] = append(slices.Clip(vary), "Cookie")
	}
}
