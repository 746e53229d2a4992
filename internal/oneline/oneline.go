// Package oneline removes control characters from texts of one line: names, places, the text on a
// card. WeChat passes on what users have typed, and in JSON control characters can be escaped; in
// a log or on a terminal they do harm. The characters that change the direction of writing are
// removed as well, because they also change the text after the name.
package oneline

import (
	"reflect"
	"strings"
	"unicode"
)

// Text returns text with a space in place of each control character, line end and change of
// direction.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || '\u2028' <= r && r <= '\u202e' ||
			'\u2066' <= r && r <= '\u2069' {
			return ' '
		}
		return r
	}, text)
}

// All does the same to all texts in what p points to: in fields, elements and values of maps.
func All(p any) { clean(reflect.ValueOf(p)) }

func clean(v reflect.Value) {
	// What is not exported cannot be changed. Only an embedded struct may have exported fields.
	if !v.CanInterface() && v.Kind() != reflect.Struct {
		return
	}
	switch v.Kind() { //nolint:exhaustive // the other kinds contain no text
	case reflect.String:
		v.SetString(Text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
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

// cleaned returns a clean copy of a value that cannot be changed in place.
func cleaned(v reflect.Value) reflect.Value {
	changed := reflect.New(v.Type()).Elem()
	changed.Set(v)
	clean(changed)
	return changed
}
