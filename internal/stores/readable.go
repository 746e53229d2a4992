package stores

import (
	"reflect"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// Readable reports whether the cookies of store show the content of a session: whether it is
// gorilla's cookie store without encryption, or embeds one, as the store of gin-contrib/sessions
// does.
//
// The codecs do not say whether they encrypt. But encryption begins with random bytes, so that the
// same session is sealed differently each time. Without encryption the results within a second are
// the same.
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
	// At least two of three are sealed within the same second, which is a part of the value.
	var sealed [3]string
	for i := range sealed {
		var err error
		if sealed[i], err = securecookie.EncodeMulti("wx", map[any]any{"x": []byte("x")},
			cookies.Codecs...); err != nil {
			return len(cookies.Codecs) == 0
		}
	}
	return sealed[0] == sealed[1] || sealed[1] == sealed[2]
}
