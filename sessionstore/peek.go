package sessionstore

import (
	"net/http"
	"strings"
)

// A Peeker is an optional interface of a Store whose reading has a cheap and a costly half: finding
// the sealed session, and opening it. Who has opened the same sealed session a moment ago can do
// without the costly half.
type Peeker interface {
	// Peek returns the sealed session of the request as it is stored now, or "" if there is none.
	// It need not be good. An error is one of New: see [Anonymous].
	Peek(r *http.Request, name string) (sealed string, err error)
	// OpenPeeked opens what Peek returned for the same request and name. An error is one of New.
	OpenPeeked(r *http.Request, name, sealed string) (map[any]any, error)
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
