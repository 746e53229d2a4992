package oauth

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/internal/cookie"
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
	for cookieName, value := range cookie.All(r) {
		if !strings.HasPrefix(cookieName, a.attemptPrefix) || cookieName == name {
			continue
		}
		other := attempt{name: cookieName}
		if s, ok := a.openAttempt(cookieName, value); ok && s.fresh() {
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
func (a *Auth) openAttempt(name, value string) (state, bool) {
	var text []byte
	if err := securecookie.DecodeMulti(name, value, &text, a.attemptSeal...); err != nil {
		return state{}, false
	}
	return a.parseState(string(text))
}

// holdsAttempt reports whether the browser holds the cookie of s.
func (a *Auth) holdsAttempt(r *http.Request, s state) bool {
	name := a.attemptName(s.text)
	for value := range cookie.Candidates(r, name) {
		held, ok := a.openAttempt(name, value)
		if ok && subtle.ConstantTimeCompare([]byte(held.text), []byte(s.text)) == 1 {
			return true
		}
	}
	return false
}

// A browser that drops the session's cookie would be sent to WeChat for ever. So a finished login
// leaves a cookie for a minute that says how often this user has been there lately, and the next
// login counts on. A cookie of another user, which somebody has planted, counts nothing.
const finishedTime = time.Minute

// leaveFinished notes that a user has been at WeChat visits times.
func (a *Auth) leaveFinished(w http.ResponseWriter, user []byte, visits int) {
	value := binary.BigEndian.AppendUint32([]byte{byte(visits)}, uint32(time.Now().Unix()))
	sealed, err := securecookie.EncodeMulti(a.finishedName, append(value, user...), a.attemptSeal...)
	if err == nil { // or nobody counts
		http.SetCookie(w, a.attemptCookie(a.finishedName, sealed, int(a.finishedLife()/time.Second)))
	}
}

// finished returns how often the user has just been at WeChat without keeping a session.
func (a *Auth) finished(r *http.Request, user []byte) int {
	for sealed := range cookie.Candidates(r, a.finishedName) {
		var value []byte
		if err := securecookie.DecodeMulti(a.finishedName, sealed, &value, a.attemptSeal...); err != nil || len(value) < 5 {
			continue
		}
		left := time.Unix(int64(binary.BigEndian.Uint32(value[1:])), 0)
		if bytes.Equal(value[5:], user) && time.Since(left) < a.finishedLife() {
			return int(value[0])
		}
	}
	return 0
}

// finishedLife is a second at least, as MaxAge is. A session that ended by itself was not dropped.
func (a *Auth) finishedLife() time.Duration { return min(finishedTime, a.cfg.MaxAge) }

func (a *Auth) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, a.attemptCookie(name, "", -1))
}

func (a *Auth) attemptCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows PublicURL
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: a.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
