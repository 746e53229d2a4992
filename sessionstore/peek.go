package sessionstore

import (
	"context"

	"github.com/gorilla/sessions"
)

// A Peeker is an optional interface of a Store whose reading has a cheap and a costly half: finding
// the sealed session, and opening it. Who has opened the same sealed session a moment ago can do
// without the costly half.
type Peeker interface {
	// Itself returns the Peeker. Of a store that embeds one it gives the embedded one: such a store
	// may read sessions in a way of its own, and is not peeked into.
	Itself() sessions.Store
	// Peek returns the sealed session that the value of a cookie of that name stands for, as it is
	// stored now. It need not be good. An error is one of New: see [Anonymous].
	Peek(ctx context.Context, name, cookie string) (sealed string, err error)
	// OpenPeeked opens what Peek returned for the same name and cookie. An error is one of New.
	OpenPeeked(ctx context.Context, name, cookie, sealed string) (map[any]any, error)
}
