package seal

// An Error says that a sealed value was not made by us, or is no longer good. It is a
// [github.com/gorilla/securecookie.Error], which is how gorilla's users tell such values from real
// faults.
type Error string

func (e Error) Error() string { return "sessionstore: " + string(e) }

// IsUsage reports false: nobody has used a store in a wrong way.
func (Error) IsUsage() bool { return false }

// IsDecode reports true.
func (Error) IsDecode() bool { return true }

// IsInternal reports false: nothing has failed.
func (Error) IsInternal() bool { return false }

// Cause returns nil.
func (Error) Cause() error { return nil }
