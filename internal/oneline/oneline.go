// Package oneline takes control characters out of texts that are one line by nature: names,
// places, what stands on a card. WeChat passes on what users typed, and escapes in JSON what would
// break a log line or a terminal. What changes the direction of writing is one of them: it turns
// round the words behind the name as well.
package oneline

import (
	"reflect"
	"strings"
	"unicode"
)

// Text returns text with a space in place of each control character, line end and change of direction.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || '\u2028' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			return ' '
		}
		return r
	}, text)
}

// All makes one line of every text in what p points to: in fields, elements and values of maps.
func All(p any) { clean(reflect.ValueOf(p)) }

func clean(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no text
	case reflect.String:
		if v.CanSet() {
			v.SetString(Text(v.String()))
		}
	case reflect.Pointer:
		clean(v.Elem())
	case reflect.Interface:
		if v.CanSet() && !v.IsNil() {
			v.Set(cleaned(v.Elem()))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			clean(field)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			v.SetMapIndex(key, cleaned(value))
		}
	}
}

// cleaned returns a clean copy of what cannot be changed in its place.
func cleaned(v reflect.Value) reflect.Value {
	changed := reflect.New(v.Type()).Elem()
	changed.Set(v)
	clean(changed)
	return changed
}
