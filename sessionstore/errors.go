package sessionstore

import "errors"

var (
	// ErrNotFound is returned by a store that has no such session: it ended, expired, or never
	// was. The visitor is anonymous then, whereas any other failure is an outage.
	ErrNotFound = errors.New("sessionstore: no such session")

	// ErrTooLarge is returned for a session that does not fit into a cookie.
	ErrTooLarge = errors.New("sessionstore: a cookie holds at most 4096 bytes")
)

// A decodeError says that a sealed value was not made by us, or is no longer good. It is a
// [securecookie.Error], which is how gorilla's users tell such values from real faults.
type decodeError string

func (e decodeError) Error() string  { return "sessionstore: " + string(e) }
func (decodeError) IsUsage() bool    { return false }
func (decodeError) IsDecode() bool   { return true }
func (decodeError) IsInternal() bool { return false }
func (decodeError) Cause() error     { return nil }
