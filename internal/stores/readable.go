package stores

import (
	"reflect"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// Readable reports whether store would show a session to whoever holds its cookie: whether it is
// gorilla's cookie store without encryption, or embeds one as the store of gin-contrib/sessions does.
//
// The codecs do not tell whether they encrypt. But encryption begins with random bytes, so that equal
// sessions look different, whereas without it they look equal, for as long as a second lasts.
func Readable(store sessions.Store) bool {
	cookies, ok := store.(*sessions.CookieStore)
	if outer := reflect.Indirect(reflect.ValueOf(store)); !ok && outer.Kind() == reflect.Struct {
		if field := outer.FieldByName("CookieStore"); field.IsValid() && field.CanInterface() {
			cookies, _ = reflect.TypeAssert[*sessions.CookieStore](field)
		}
	}
	if cookies == nil {
		return false
	}
	var sealed [3]string // two of three are of the same second, which is part of what is sealed
	for i := range sealed {
		var err error
		if sealed[i], err = securecookie.EncodeMulti("wx", map[any]any{"x": []byte("x")}, cookies.Codecs...); err != nil {
			return len(cookies.Codecs) == 0
		}
	}
	return sealed[0] == sealed[1] || sealed[1] == sealed[2]
}
