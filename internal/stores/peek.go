// Package stores has what the session stores and the login engines of this module share, in
// addition to gorilla's interface.
package stores

import (
	"context"

	"github.com/gorilla/sessions"
)

// A Peeker is a store that reads a session in two steps: finding the sealed session, which is
// cheap, and opening it, which is costly. A caller that has opened the same sealed session before
// can leave out the second step. Get a Peeker with [PeekerOf].
type Peeker interface {
	sessions.Store

	// Itself returns the Peeker.
	Itself() sessions.Store
	// Peek returns the sealed session for the value of a cookie of that name, as it is stored now.
	// It need not be valid. Errors are those of the store's New.
	Peek(ctx context.Context, name, cookie string) (sealed string, err error)
	// OpenPeeked opens the sealed session that Peek has returned for the same name and cookie.
	// Errors are those of the store's New.
	OpenPeeked(ctx context.Context, name, cookie, sealed string) (map[any]any, error)
}

// PeekerOf returns store as a Peeker, if it is one itself. An app's own store often embeds one of
// ours, with a New that decides which sessions are accepted:
//
//	type denying struct{ *redisstore.Store }
//
//	func (d denying) New(r *http.Request, name string) (*sessions.Session, error) { … }
//
// Such a store has all methods of a Peeker, but they do not call its New, so it must not be used
// as one. It is recognized by Itself, which returns the embedded store.
func PeekerOf(store sessions.Store) (Peeker, bool) {
	p, ok := store.(Peeker)
	return p, ok && p.Itself() == store
}
