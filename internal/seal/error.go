package seal

// An Error means that a sealed value was not made with our keys, or has expired. It is a
// [github.com/gorilla/securecookie.Error], by which programs that use gorilla distinguish bad
// values from failures.
type Error string

func (e Error) Error() string { return "sessionstore: " + string(e) }

// IsUsage returns false: the store was not used wrongly.
func (Error) IsUsage() bool { return false }

// IsDecode returns true.
func (Error) IsDecode() bool { return true }

// IsInternal returns false: nothing has failed.
func (Error) IsInternal() bool { return false }

// Cause returns nil.
func (Error) Cause() error { return nil }
