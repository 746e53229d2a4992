package sessionstore

import (
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// Readable reports whether store is gorilla's cookie store without encryption, which would show a
// session to whoever holds its cookie. There equal sessions look equal; an encrypted one begins
// with random bytes.
func Readable(store sessions.Store) bool {
	cookies, ok := store.(*sessions.CookieStore)
	if !ok {
		return false
	}
	var sealed [3]string // the second may end once in between, and is part of the seal
	for i := range sealed {
		var err error
		if sealed[i], err = securecookie.EncodeMulti("wx", map[any]any{"x": []byte("x")}, cookies.Codecs...); err != nil {
			return len(cookies.Codecs) == 0
		}
	}
	return sealed[0] == sealed[1] || sealed[1] == sealed[2]
}
