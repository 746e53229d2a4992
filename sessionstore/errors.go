package sessionstore

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/gorilla/securecookie"
)

var (
	// ErrNotFound is returned by a store that has no such session: it ended, expired, or never
	// was. The visitor is anonymous then, whereas any other failure is an outage.
	ErrNotFound = errors.New("sessionstore: no such session")

	// ErrTooLarge is returned for a session that does not fit into a cookie.
	ErrTooLarge = errors.New("sessionstore: a cookie holds at most 4096 bytes")
)

// Anonymous reports whether err, as returned by the New or Get of any gorilla store, means that
// the visitor has no session, as opposed to a session that could not be read now. After any other
// error nothing must be saved or cleared: the session may be there again a moment later.
func Anonymous(err error) bool {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, http.ErrNoCookie) || errors.Is(err, fs.ErrNotExist) {
		return true
	}
	bad, ok := errors.AsType[securecookie.Error](err)
	// For a cookie that is too long securecookie's error is of no kind at all.
	return ok && (bad.IsDecode() || !bad.IsUsage() && !bad.IsInternal())
}
