package oauth

import (
	"cmp"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// An attempt cookie ties one state to one browser. Each login start has its own, so that tabs do
// not disturb each other.
const (
	attemptSeconds = 600
	maxAttempts    = 5
)

func (a *Auth) attemptName(text string) string {
	return a.attemptPrefix + text[len(statePrefix):len(statePrefix)+8]
}

// setAttempt sets the cookie of s, and clears the oldest of the others so that at most five stay.
func (a *Auth) setAttempt(w http.ResponseWriter, r *http.Request, s state) error {
	name := a.attemptName(s.text)
	value, err := securecookie.EncodeMulti(name, []byte(s.text), a.attemptSeal...)
	if err != nil {
		return err
	}
	type attempt struct {
		name   string
		issued int64 // 0: it does not open
	}
	var others []attempt
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, a.attemptPrefix) || c.Name == name {
			continue
		}
		other := attempt{name: c.Name}
		if s, ok := a.openAttempt(c); ok && s.fresh() {
			other.issued = s.issued.Unix()
		}
		others = append(others, other)
	}
	slices.SortStableFunc(others, func(x, y attempt) int { return cmp.Compare(x.issued, y.issued) })
	for _, old := range others[:max(0, len(others)-(maxAttempts-1))] {
		a.clearCookie(w, old.name)
	}
	http.SetCookie(w, a.attemptCookie(name, value, attemptSeconds))
	return nil
}

// openAttempt returns the state that an attempt cookie was made for.
func (a *Auth) openAttempt(c *http.Cookie) (state, bool) {
	var text []byte
	if err := securecookie.DecodeMulti(c.Name, c.Value, &text, a.attemptSeal...); err != nil {
		return state{}, false
	}
	return a.parseState(string(text))
}

// holdsAttempt reports whether the browser holds the cookie of s.
func (a *Auth) holdsAttempt(r *http.Request, s state) bool {
	cookie, err := r.Cookie(a.attemptName(s.text))
	if err != nil {
		return false
	}
	held, ok := a.openAttempt(cookie)
	return ok && subtle.ConstantTimeCompare([]byte(held.text), []byte(s.text)) == 1
}

// A browser that drops the session's cookie would be sent to WeChat for ever. So a finished login
// leaves a cookie for a minute that says how often the browser has been there, and a login that
// begins with it begins with that many restarts.
const finishedSeconds = 60

func (a *Auth) leaveFinished(w http.ResponseWriter, visits int) {
	value, err := securecookie.EncodeMulti(a.finishedName, []byte{byte(visits)}, a.attemptSeal...)
	if err == nil { // or nobody counts
		// A session that is over by then was not dropped. MaxAge is a second at least.
		life := min(finishedSeconds, int(a.cfg.MaxAge/time.Second))
		http.SetCookie(w, a.attemptCookie(a.finishedName, value, life))
	}
}

// finished returns how often the browser has just been at WeChat without keeping a session.
func (a *Auth) finished(r *http.Request) int {
	var visits []byte
	value := sessionstore.CookieValue(r, a.finishedName)
	if err := securecookie.DecodeMulti(a.finishedName, value, &visits, a.attemptSeal...); err != nil || len(visits) != 1 {
		return 0
	}
	return int(visits[0])
}

func (a *Auth) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, a.attemptCookie(name, "", -1))
}

func (a *Auth) attemptCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows PublicURL
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: a.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
