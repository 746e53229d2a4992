package stores

import (
	"math"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
)

// defaultMaxAge is how long a session lasts by default, in seconds: 30 days.
const defaultMaxAge = 30 * 24 * 60 * 60

// Expiry returns when a session that is saved now ends. maxAge is the MaxAge of its options, in
// seconds; with 0 the cookie ends with the browser, and the session after 30 days.
func Expiry(maxAge int) time.Time {
	if maxAge == 0 {
		maxAge = defaultMaxAge
	}
	return time.Unix(time.Now().Unix()+min(int64(maxAge), math.MaxUint32), 0)
}

// DefaultOptions returns the options of a new session: Path=/, HttpOnly, Secure, SameSite=Lax and
// 30 days. Those of gorilla's own stores are neither HttpOnly nor SameSite.
func DefaultOptions() sessions.Options {
	return sessions.Options{
		Path: "/", MaxAge: defaultMaxAge, HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode,
	}
}
