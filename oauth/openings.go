package oauth

import (
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// openings count how often each user has opened or answered codes of desktops here lately, or was
// handed over. Codes and handovers cost nothing to make, and WeChat is not asked about them; one
// that is opened costs the store a few keys for as long as it lives.
type openings struct {
	mu    sync.Mutex
	known map[string]opening // by user
}

type opening struct {
	count int
	until time.Time
}

const (
	maxOpened  = 1000   // by one user, within the life of a code
	maxOpeners = 10_000 // users, about 1 MB; beyond it any is forgotten
)

// take counts once more, and returns false if that is too often.
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
	for other := range o.known {
		if len(o.known) < maxOpeners {
			break
		}
		delete(o.known, other)
	}
	o.known[who] = one
	return true
}
