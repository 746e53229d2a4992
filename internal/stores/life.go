package stores

import (
	"math"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
)

// defaultMaxAge is how long a session lives that says nothing else, in seconds: 30 days.
const defaultMaxAge = 30 * 24 * 60 * 60

// Expiry is when a session saved now ends, given the MaxAge of its options in seconds. A MaxAge
// of 0 leaves the life of the cookie to the browser, and 30 days to the session.
func Expiry(maxAge int) time.Time {
	if maxAge == 0 {
		maxAge = defaultMaxAge
	}
	return time.Unix(time.Now().Unix()+min(int64(maxAge), math.MaxUint32), 0)
}

// DefaultOptions are the options of a new session: Path=/, HttpOnly, Secure, SameSite=Lax and 30
// days. Those of gorilla's own stores are neither HttpOnly nor SameSite.
func DefaultOptions() sessions.Options {
	return sessions.Options{Path: "/", MaxAge: defaultMaxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
}
