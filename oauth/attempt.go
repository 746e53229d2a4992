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

// attempts are the logins that have begun. The server keeps nothing about them: each has a state
// in WeChat's URL and a cookie in one browser. Each login has a cookie of its own, so that several
// tabs can log in at once.
type attempts struct {
	prefix string // of the cookies' names
	unkept string // name of the cookie that counts logins whose session the browser did not keep
	secure bool   // whether the cookies are Secure
	maxAge time.Duration
	keys   [][]byte // for the MACs of the states
	seal   []securecookie.Codec
}

func newAttempts(cfg Config) (t *attempts, err error) {
	t = &attempts{}
	t.prefix, t.secure = cfg.cookieName("wxa")
	t.prefix += "-"
	t.unkept, _ = cfg.cookieName("wxf")
	t.maxAge = cfg.MaxAge
	if t.keys, err = cfg.derive("state"); err == nil {
		t.seal, err = cfg.codecs("attempt")
	}
	return t, err
}

const (
	attemptSeconds = 600
	attemptName    = 8 // characters of the state, in the cookie's name
	maxAttempts    = 5
	maxCleared     = 10 // in one answer; a browser with more loses the others with the next answers
)

func (t *attempts) name(text string) string {
	return t.prefix + text[len(statePrefix):len(statePrefix)+attemptName]
}

// owns reports whether the cookie with this name is that of an attempt of this program. The names
// of a program with a Config.Name may begin with the same prefix, but are longer.
func (t *attempts) owns(name string) bool {
	return strings.HasPrefix(name, t.prefix) && len(name) == len(t.prefix)+attemptName
}

// tie sets the cookie of s, and clears the oldest of the others until at most maxAttempts remain.
func (t *attempts) tie(v *visit, s state) error {
	name := t.name(s.text)
	value, err := securecookie.EncodeMulti(name, []byte(s.text), t.seal...)
	if err != nil {
		return err
	}
	type attempt struct {
		name   string
		issued int64 // 0 if the cookie does not open
	}
	var others []attempt
	for otherName, value := range cookie.All(v.r) {
		if !t.owns(otherName) || otherName == name {
			continue
		}
		other := attempt{name: otherName}
		if s, ok := t.open(otherName, value); ok && s.fresh(v.now) {
			other.issued = s.issued.Unix()
		}
		others = append(others, other)
	}
	slices.SortStableFunc(others, func(x, y attempt) int { return cmp.Compare(x.issued, y.issued) })
	for _, old := range others[:min(max(0, len(others)-(maxAttempts-1)), maxCleared)] {
		t.clear(v.w, old.name)
	}
	http.SetCookie(v.w, newCookie(name, value, t.secure, attemptSeconds))
	return nil
}

// open returns the state for which an attempt's cookie was made.
func (t *attempts) open(name, value string) (state, bool) {
	var text []byte
	if err := securecookie.DecodeMulti(name, value, &text, t.seal...); err != nil {
		return state{}, false
	}
	return t.parse(string(text))
}

// ties reports whether s is not too old and the browser has its cookie.
func (t *attempts) ties(v *visit, s state) bool {
	name := t.name(s.text)
	for value := range cookie.Candidates(v.r, name) {
		held, ok := t.open(name, value)
		if ok && subtle.ConstantTimeCompare([]byte(held.text), []byte(s.text)) == 1 {
			return s.fresh(v.now)
		}
	}
	return false
}

// untie clears the cookie of s.
func (t *attempts) untie(v *visit, s state) { t.clear(v.w, t.name(s.text)) }

// A browser that does not keep the session's cookie would be sent to WeChat again and again. So a
// finished login sets another cookie, for a minute, which counts the logins of this user. It
// contains a digest of the user, and a cookie of another user does not count: somebody may have
// put that into the browser to lock its user out.
const unkeptTime = time.Minute

// setUnkept sets the cookie that counts the logins of a user.
func (t *attempts) setUnkept(v *visit, user []byte, logins int) {
	value := binary.BigEndian.AppendUint32([]byte{byte(logins)}, uint32(v.now.Unix()))
	sealed, err := securecookie.EncodeMulti(t.unkept, append(value, user...), t.seal...)
	if err == nil { // otherwise this login is not counted
		http.SetCookie(v.w, newCookie(t.unkept, sealed, t.secure, int(t.unkeptLife()/time.Second)))
	}
}

// unkeptLogins returns how often this user has logged in within the last minute without keeping
// the session.
func (t *attempts) unkeptLogins(v *visit, user []byte) int {
	for sealed := range cookie.Candidates(v.r, t.unkept) {
		var value []byte
		if err := securecookie.DecodeMulti(t.unkept, sealed, &value, t.seal...); err != nil ||
			len(value) < 5 {
			continue
		}
		left := time.Unix(int64(binary.BigEndian.Uint32(value[1:])), 0)
		if bytes.Equal(value[5:], user) && v.now.Sub(left) < t.unkeptLife() {
			return int(value[0])
		}
	}
	return 0
}

// unkeptLife returns how long a login is counted. It is not longer than a session lasts, because
// after that the browser has dropped the session for a good reason.
func (t *attempts) unkeptLife() time.Duration { return min(unkeptTime, t.maxAge) }

// clearUnkept sets the count to zero.
func (t *attempts) clearUnkept(v *visit) {
	if cookie.Value(v.r, t.unkept) != "" {
		t.clear(v.w, t.unkept)
	}
}

func (t *attempts) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, newCookie(name, "", t.secure, -1))
}
