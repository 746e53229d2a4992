package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
)

// redirect writes location as it is: http.Redirect would clean its path.
func redirect(w http.ResponseWriter, status int, location string) {
	setHeaders(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// redirectTo goes on to a page of this site.
func (a *Auth) redirectTo(v *visit, page target) {
	redirect(v.w, http.StatusFound, a.cfg.PublicURL+page.String())
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser hung up
}

func methodNotAllowed(w http.ResponseWriter, allow string) {
	setHeaders(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// loginRequired answers what cannot follow a redirect. The page's script adds return_to.
func (a *Auth) loginRequired(v *visit, need Scope) {
	loginURL := a.cfg.PublicURL + a.loginPath
	if !a.cfg.Scope.covers(need) {
		loginURL += "?scope=" + string(need)
	}
	setHeaders(v.w.Header())
	v.w.Header().Set("WWW-Authenticate", "WeChat")
	if v.r.Method == http.MethodHead {
		v.w.WriteHeader(http.StatusUnauthorized)
		return
	}
	writeJSON(v.w, http.StatusUnauthorized, map[string]string{"error": "login_required", "login_url": loginURL})
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
