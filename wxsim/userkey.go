package wxsim

import (
	"slices"
	"strings"
	"time"
)

const (
	userKeyLife = time.Hour
	userKeys    = 3 // handed out at a time
)

// A userKey is a key for data that a mini program keeps about a user on the phone.
type userKey struct {
	key, iv string
	version int
	madeAt  time.Time
}

// userEncryptKeys is /wxa/business/getuserencryptkey: the newest three keys, newest first. A new
// one is made if the last one has expired.
func userEncryptKeys(w *world, r *request) answer {
	v, refused := signedBy(w, r)
	if refused != 0 {
		return r.refuse(refused)
	}
	if n := len(v.keys); n == 0 || w.now.Sub(v.keys[n-1].madeAt) >= userKeyLife {
		version := 1
		if n > 0 {
			version += v.keys[n-1].version
		}
		v.keys = append(v.keys, userKey{newSessionKey(), randomHex(16), version, w.now})
		v.keys = v.keys[max(0, len(v.keys)-userKeys):]
	}
	list := make([]string, 0, userKeys)
	for _, k := range slices.Backward(v.keys) {
		left := max(0, userKeyLife-w.now.Sub(k.madeAt))
		list = append(list, object("encrypt_key", k.key, "version", k.version,
			"expire_in", int(left/time.Second), "iv", k.iv, "create_time", k.madeAt.Unix()))
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "key_info_list",
		rawJSON("["+strings.Join(list, ",")+"]")))
}
