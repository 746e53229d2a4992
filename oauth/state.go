package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// A state is the value that WeChat hands back with a code:
//
//	"wx1" hex( 16 random bytes | 4 issue time | 1 restarts and scope | 16 of an HMAC over all that )
//
// The HMAC tells a state of ours whose cookie was lost from a forged one, without storing
// anything. It never replaces the attempt cookie, which ties the state to one browser.
type state struct {
	text     string
	issued   time.Time
	restarts int
	scope    Scope
}

const (
	statePrefix = "wx1"
	stateBody   = 16 + 4 + 1
	stateMAC    = 16
	stateLen    = len(statePrefix) + 2*(stateBody+stateMAC)
	stateLife   = 10 * time.Minute
	maxRestarts = 2
)

// scopeBits are how a state writes its scope; restarts take the higher bits.
var scopeBits = [...]Scope{ScopeBase, ScopeUserInfo, ScopeLogin} //nolint:gochecknoglobals // a constant table

func (a *Auth) newState(scope Scope, restarts int) state {
	var b [stateBody]byte
	_, _ = rand.Read(b[:16]) // never fails
	s := state{issued: time.Now().Truncate(time.Second), restarts: restarts, scope: scope}
	binary.BigEndian.PutUint32(b[16:20], uint32(s.issued.Unix()))
	for bits, one := range scopeBits {
		if one == scope {
			b[20] = byte(restarts<<2 | bits)
		}
	}
	mac := stateSum(a.stateKeys[0], b[:])
	s.text = statePrefix + hex.EncodeToString(b[:]) + hex.EncodeToString(mac)
	return s
}

// ourState reports whether a state parameter claims to be ours.
func ourState(text string) bool { return strings.HasPrefix(text, statePrefix) }

// parseState opens a state that we made, whatever its age.
func (a *Auth) parseState(text string) (state, bool) {
	if len(text) != stateLen || !ourState(text) || text != strings.ToLower(text) {
		return state{}, false
	}
	raw, err := hex.DecodeString(text[len(statePrefix):])
	if err != nil {
		return state{}, false
	}
	body, mac := raw[:stateBody], raw[stateBody:]
	good := false
	for _, key := range a.stateKeys {
		good = hmac.Equal(mac, stateSum(key, body)) || good
	}
	bits := int(body[20] & 3)
	if !good || bits >= len(scopeBits) {
		return state{}, false
	}
	return state{
		text:     text,
		issued:   time.Unix(int64(binary.BigEndian.Uint32(body[16:20])), 0),
		restarts: int(body[20] >> 2),
		scope:    scopeBits[bits],
	}, true
}

// fresh reports whether s was issued within 10 minutes. Replicas' clocks may differ by one.
func (s state) fresh() bool {
	age := time.Since(s.issued)
	return age < stateLife && age > -time.Minute
}

func stateSum(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:stateMAC]
}
