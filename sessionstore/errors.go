package sessionstore

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/gorilla/securecookie"
)

var (
	// ErrNotFound is returned by a store on a server if it does not have the session: it was
	// ended, has expired, or never existed. The visitor is not signed in then. Any other error of
	// such a store is an outage.
	ErrNotFound = errors.New("sessionstore: no such session")

	// ErrTooLarge is returned for a session that does not fit into a cookie.
	ErrTooLarge = errors.New("sessionstore: a cookie holds at most 4096 bytes")
)

// Anonymous reports whether err, returned by New or Get of any gorilla store, means that the
// visitor has no session. A nil error is one of these. Otherwise the session could not be read,
// and nothing must be saved or cleared, because the session may still exist.
func Anonymous(err error) bool {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, http.ErrNoCookie) ||
		errors.Is(err, fs.ErrNotExist) {
		return true
	}
	bad, ok := errors.AsType[securecookie.Error](err)
	// If a cookie is too long, the error of securecookie is none of its three kinds.
	return ok && (bad.IsDecode() || !bad.IsUsage() && !bad.IsInternal())
}
