package sessionstore

import (
	"context"
	"errors"
	"time"
)

// An Ender is a Store that can end all sessions of a user, in every browser. That takes a store on
// a server.
type Ender interface {
	// EndAll ends every session that was saved for subject, and also the logins of subject that
	// have begun: the Save of a new session whose [Login] began before fails with [ErrEnded]. The
	// store remembers for a minute that EndAll was called, so a login must not take longer.
	//
	// After an error the sessions may have been ended or not, and EndAll should be called again.
	// If the first call did end them, the repeat does not end sessions that began after it.
	EndAll(ctx context.Context, subject string) error
}

var (
	// ErrUnsupported is returned if sessions cannot be ended because the store is not an [Ender].
	ErrUnsupported = errors.New(
		"sessionstore: this store cannot end all sessions of a user: redisstore can",
	)

	// ErrEnded is returned by the Save of a new session if its user's sessions were ended after
	// the login had begun. Nothing is stored. A login that began within milliseconds after the end
	// may fail with it, too; the user can simply log in again.
	ErrEnded = errors.New("sessionstore: the user's sessions were ended during the login")
)

// A Login is the login for which a new session is saved.
type Login struct {
	Subject string    // identifies the user, for [Ender.EndAll]
	Began   time.Time // by time.Now of this process, before anything about the user was known
}

type loginKey struct{}

// WithLogin returns a context with the login, for the request that is given to the Save of a new
// session. A store that is an [Ender] reads it there.
func WithLogin(ctx context.Context, login Login) context.Context {
	return context.WithValue(ctx, loginKey{}, login)
}

// LoginFrom returns the login of [WithLogin]; false means that there is none.
func LoginFrom(ctx context.Context) (Login, bool) {
	login, ok := ctx.Value(loginKey{}).(Login)
	return login, ok
}
