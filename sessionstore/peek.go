package sessionstore

import (
	"context"
	"net/http"
	"strings"

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

// CookieValue returns the value of the request's first cookie of that name as it was sent, or "".
// It looks at no other cookie.
func CookieValue(r *http.Request, name string) string {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = strings.TrimSpace(pair)
			if len(pair) > len(name) && pair[len(name)] == '=' && pair[:len(name)] == name {
				return pair[len(name)+1:]
			}
		}
	}
	return ""
}
