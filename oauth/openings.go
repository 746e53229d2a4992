package oauth

import (
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// openings count how often each user has lately opened or answered codes of desktops in this
// process, or was handed over. Making codes and handovers is free, and WeChat does not limit them.
// But each one that is opened takes a few keys in the store until it expires, so this must be
// limited.
type openings struct {
	mu    sync.Mutex
	known map[string]opening // by user
}

type opening struct {
	count int
	until time.Time
}

const (
	maxOpened  = 1000   // by one user, within the time in which a code is good
	maxOpeners = 10_000 // users, in about 1 MB; if there are more, any one is dropped
)

// take counts one more and reports whether that is within the limit.
func (o *openings) take(u *core.User, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	who := u.AppID + " " + u.OpenID
	one := o.known[who]
	if !now.Before(one.until) {
		one = opening{until: now.Add(ticketLife)}
	}
	if one.count >= maxOpened {
		return false
	}
	one.count++
	if o.known == nil {
		o.known = map[string]opening{}
	}
	makeRoom(o.known, maxOpeners)
	o.known[who] = one
	return true
}
