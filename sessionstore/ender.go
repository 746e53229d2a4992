package sessionstore

import (
	"context"
	"errors"
	"time"
)

// An Ender is an optional interface of a Store that can end all sessions of one user, wherever they
// are. Only a store on a server can: a cookie is with the browser.
type Ender interface {
	// EndAll ends every session that was saved for subject, and makes sure that a login under way
	// does not outlive it: the Save of a new session whose [Login] began before is refused with
	// [ErrEnded]. What that needs in the store is gone after a minute, so logins must not take longer.
	//
	// After an error nobody knows whether it has taken effect, and it should be called again. A
	// repeat does not end what began after a first call that did take effect.
	EndAll(ctx context.Context, subject string) error
}

var (
	// ErrUnsupported is returned where sessions cannot be ended because the store is no [Ender].
	ErrUnsupported = errors.New("sessionstore: sessions in cookies cannot be ended: keep them on a server")

	// ErrEnded is returned by the Save of a new session if its user's sessions were ended while the
	// login was under way. Nothing is stored. It may be returned as well to a login that began within
	// milliseconds after; the user can simply log in again.
	ErrEnded = errors.New("sessionstore: the user's sessions were ended during the login")
)

// A Login says for whom a new session is saved.
type Login struct {
	Subject string    // what [Ender.EndAll] is called with; two users never have the same
	Began   time.Time // as time.Now said in this process, when nothing about the user was known yet
}

type loginKey struct{}

// WithLogin returns the context of a request for the Save of a new session. A store that is an
// [Ender] reads it there.
func WithLogin(ctx context.Context, login Login) context.Context {
	return context.WithValue(ctx, loginKey{}, login)
}

// LoginFrom returns what [WithLogin] stored; false means that the session belongs to nobody known.
func LoginFrom(ctx context.Context) (Login, bool) {
	login, ok := ctx.Value(loginKey{}).(Login)
	return login, ok
}
