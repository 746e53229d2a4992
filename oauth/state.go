package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/clock"
)

// A state is the parameter that WeChat sends back with a code. Its text is
//
//	"wx1" hex( 16 random | 4 issue time | 1 flags, restarts and scope | 16 of an HMAC over these )
//
// If the attempt's cookie is missing, the HMAC shows whether the state was made here or is forged,
// without anything being stored. It does not replace the cookie, which ties the state to one
// browser.
type state struct {
	login
	text   string
	issued time.Time
}

// A login is what a state says about its login.
type login struct {
	scope    Scope
	restarts int // how often it was restarted
	flags    loginFlags
}

// check reports whether the login only confirms the user of the present session.
func (l login) check() bool { return l.flags&flagCheck != 0 }

// kind returns the Kind of the login's events.
func (l login) kind() string {
	if l.check() {
		return "check"
	}
	return string(l.scope)
}

// The flags of a login. They are the upper half of the byte that also has restarts and scope.
type loginFlags byte

const (
	// flagCheck marks a login that asks WeChat, without asking the user, whether it is still the
	// same user.
	flagCheck loginFlags = 1 << 4

	// knownFlags are all flags. A state with another one is refused.
	knownFlags = flagCheck
)

const (
	statePrefix = "wx1"
	stateBody   = 16 + 4 + 1
	stateMAC    = 16
	stateLen    = len(statePrefix) + 2*(stateBody+stateMAC)
	stateLife   = 10 * time.Minute
	maxRestarts = 2 // two bits would allow 3
)

// scopeBits are the scopes by the two bits that a state has for them. The next two bits are the
// restarts.
//
//nolint:gochecknoglobals // a constant table
var scopeBits = [...]Scope{ScopeBase, ScopeUserInfo, ScopeLogin}

// issue makes a state for a login that begins now.
func (t *attempts) issue(l login, now time.Time) state {
	var b [stateBody]byte
	_, _ = rand.Read(b[:16]) // never fails
	s := state{login: l, issued: now.Truncate(time.Second)}
	binary.BigEndian.PutUint32(b[16:20], uint32(s.issued.Unix()))
	b[20] = byte(l.flags) | byte(l.restarts<<2) | byte(slices.Index(scopeBits[:], l.scope))
	mac := stateSum(t.keys[0], b[:])
	s.text = statePrefix + hex.EncodeToString(b[:]) + hex.EncodeToString(mac)
	return s
}

// stateForm reports whether a state parameter has the form of ours. If not, it belongs to the app.
func stateForm(text string) bool {
	return len(text) == stateLen && strings.HasPrefix(text, statePrefix) &&
		strings.Trim(text[len(statePrefix):], "0123456789abcdef") == ""
}

// parse returns the state with this text and whether it was made here, at any time.
func (t *attempts) parse(text string) (state, bool) {
	if !stateForm(text) {
		return state{}, false
	}
	raw, err := hex.DecodeString(text[len(statePrefix):])
	if err != nil {
		return state{}, false
	}
	body, mac := raw[:stateBody], raw[stateBody:]
	good := false
	for _, key := range t.keys {
		good = hmac.Equal(mac, stateSum(key, body)) || good
	}
	bits, flags := int(body[20]&3), loginFlags(body[20]&0xf0)
	if !good || bits >= len(scopeBits) || flags&^knownFlags != 0 {
		return state{}, false
	}
	return state{
		login:  login{scopeBits[bits], int(body[20] >> 2 & 3), flags},
		text:   text,
		issued: time.Unix(int64(binary.BigEndian.Uint32(body[16:20])), 0),
	}, true
}

// fresh reports whether s was issued within 10 minutes.
func (s state) fresh(now time.Time) bool {
	age := now.Sub(s.issued)
	return age < stateLife && age > -clock.Skew
}

func stateSum(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:stateMAC]
}
