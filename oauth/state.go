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

// A state is the value that WeChat hands back with a code:
//
//	"wx1" hex( 16 random bytes | 4 issue time | 1 flags, restarts and scope | 16 of an HMAC over all that )
//
// The HMAC tells a state of ours whose cookie was lost from a forged one, without storing
// anything. It never replaces the attempt cookie, which ties the state to one browser.
type state struct {
	login
	text   string
	issued time.Time
}

// A login is what the user is sent to WeChat for.
type login struct {
	scope    Scope
	restarts int // that it took so far
	flags    loginFlags
}

// check reports whether the login confirms the user of a session that there is.
func (l login) check() bool { return l.flags&flagCheck != 0 }

// kind names the login in events.
func (l login) kind() string {
	if l.check() {
		return "check"
	}
	return string(l.scope)
}

// The flags say what else a login is for. They are the upper half of the byte they share.
type loginFlags byte

const (
	// flagCheck is of a login that asks WeChat, silently, whether it is still the same user.
	flagCheck loginFlags = 1 << 4

	// knownFlags are those that a state may have: what nobody knows is refused.
	knownFlags = flagCheck
)

const (
	statePrefix = "wx1"
	stateBody   = 16 + 4 + 1
	stateMAC    = 16
	stateLen    = len(statePrefix) + 2*(stateBody+stateMAC)
	stateLife   = 10 * time.Minute
	maxRestarts = 2 // the bits hold one more
)

// scopeBits are how a state writes its scope, in two bits; two more are the restarts.
var scopeBits = [...]Scope{ScopeBase, ScopeUserInfo, ScopeLogin} //nolint:gochecknoglobals // a constant table

// issue makes the state of a login that begins now.
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

// stateForm reports whether a state parameter has the form of ours. All others are the app's own.
func stateForm(text string) bool {
	return len(text) == stateLen && strings.HasPrefix(text, statePrefix) && strings.Trim(text[len(statePrefix):], "0123456789abcdef") == ""
}

// parse opens a state that we made, whatever its age.
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
