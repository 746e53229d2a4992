package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

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

func methodNotAllowed(w http.ResponseWriter, allow string) {
	setHeaders(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// loginRequired answers what cannot follow a redirect. The page's script adds return_to.
func (a *Auth) loginRequired(v *visit, need demand) {
	loginURL, query := a.cfg.PublicURL+a.loginPath, url.Values{}
	if !a.cfg.Scope.covers(need.scope) {
		query.Set("scope", string(need.scope))
	}
	if need.maxAge > 0 {
		query.Set(freshParam, strconv.Itoa(int(need.maxAge/time.Second)))
	}
	if len(query) > 0 {
		loginURL += "?" + query.Encode()
	}
	switch {
	case v.r.Method == http.MethodHead:
		unauthorized(v)
		v.w.WriteHeader(http.StatusUnauthorized)
	case !wantsPage(v.r):
		a.warnUnserved()
		unauthorized(v)
		writeJSON(v.w, http.StatusUnauthorized, map[string]string{"error": "login_required", "login_url": loginURL})
	// A service worker, or a script that shows whole pages. The page itself can start the login.
	case v.r.Method == http.MethodGet:
		a.showLogin(v, page{Name: loginPage, URL: a.cfg.PublicURL + v.page().String()})
	// A form, whose content is lost.
	default:
		query.Set("return_to", a.prefix+v.page().String())
		a.showLogin(v, page{Name: unsentPage, URL: a.cfg.PublicURL + a.loginPath + "?" + query.Encode()})
	}
}

// showLogin answers with a page whose link leads to a login.
func (a *Auth) showLogin(v *visit, p page) {
	unauthorized(v)
	a.look.message(v.w, v.r, http.StatusUnauthorized, p)
}

func unauthorized(v *visit) {
	setHeaders(v.w.Header())
	v.w.Header().Set("WWW-Authenticate", "WeChat")
}

// setHeaders are those of every answer of ours.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", privateNoStore)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

const privateNoStore = "private, no-store"

// varyCookie says that a page depends on its cookies. values is the memory for it.
func varyCookie(h http.Header, values *[1]string) {
	switch vary := h["Vary"]; {
	case len(vary) == 0:
		values[0] = "Cookie"
		h["Vary"] = values[:]
	case !slices.Contains(vary, "Cookie"):
		h["Vary"] = append(slices.Clip(vary), "Cookie")
	}
}
