package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
)

// An Error means that Redis did not do what it was asked: it is down, slow, full or read-only, or
// refuses the login. The session may still exist, so nothing must be cleared.
type Error struct {
	Op  string // what was tried, such as "read a session"
	Err error  // the error of the client, without what the server quotes of a command
}

// Error returns what was tried and the error of the client. For a record that this package cannot
// have written it names the key in Redis. It never shows the content of a session.
func (e *Error) Error() string { return fmt.Sprintf("redisstore: cannot %s: %v", e.Op, e.Err) }

// Is reports whether Err is the target, for the two errors of a context only. There is no Unwrap,
// because a missing Unix socket would match [io/fs.ErrNotExist], which programs that use gorilla
// take for a missing session.
func (e *Error) Is(target error) bool {
	return (target == context.DeadlineExceeded || target == context.Canceled) &&
		errors.Is(e.Err, target)
}

// wrap makes an [*Error] of the client's error; op is what was tried.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Err: redisvisit.Quoteless(err)}
}
