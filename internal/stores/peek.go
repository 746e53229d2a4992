// Package stores is what our session stores and login engines agree on beyond gorilla's interface.
package stores

import (
	"context"

	"github.com/gorilla/sessions"
)

// A Peeker is a store whose reading has a cheap and a costly half: finding the sealed session, and
// opening it. Who has opened the same sealed session a moment ago can do without the costly half.
// Get one from a store by [PeekerOf].
type Peeker interface {
	sessions.Store

	// Itself returns the Peeker.
	Itself() sessions.Store
	// Peek returns the sealed session that the value of a cookie of that name stands for, as it is
	// stored now. It need not be good. An error is one of the store's New.
	Peek(ctx context.Context, name, cookie string) (sealed string, err error)
	// OpenPeeked opens what Peek returned for the same name and cookie. An error is one of the
	// store's New.
	OpenPeeked(ctx context.Context, name, cookie, sealed string) (map[any]any, error)
}

// PeekerOf returns store as a Peeker, if it is one itself. A store of an app's own often embeds one
// of ours, to decide in a New of its own which sessions it lets pass:
//
//	type denying struct{ *redisstore.Store }
//
//	func (d denying) New(r *http.Request, name string) (*sessions.Session, error) { … }
//
// It has all methods of a Peeker from what it embeds, and whoever peeked into it would go past its
// New. Asked who it is, it names the embedded one.
func PeekerOf(store sessions.Store) (Peeker, bool) {
	p, ok := store.(Peeker)
	return p, ok && p.Itself() == store
}
