package redisstore

import (
	"context"
	"errors"
	"fmt"
)

// An Error says that Redis did not do what it was asked: it is down, slow, full, read-only, or
// does not let us in. The session may well be there, so nothing should be cleared after it.
type Error struct {
	Op  string // what was tried, such as "read a session"
	Err error  // what the client said
}

// Error says what was tried and what the client said. Of a record that cannot be one of ours it names
// the key in Redis; a session's content is never in it.
func (e *Error) Error() string { return fmt.Sprintf("redisstore: cannot %s: %v", e.Op, e.Err) }

// Is matches the two errors of a context. Err is not unwrapped beyond that, because a missing Unix
// socket would match [io/fs.ErrNotExist], which means "no such session" to gorilla's users.
func (e *Error) Is(target error) bool {
	return (target == context.DeadlineExceeded || target == context.Canceled) && errors.Is(e.Err, target)
}

// wrap makes an outage of what the client returned; op says what was tried.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Err: err}
}
