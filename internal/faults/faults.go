// Package faults collects what is wrong with a configuration, in the same form for all packages:
// "oauth: Config.Keys[0] is shorter than 32 bytes". No fault shows a value.
package faults

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// minKeySize is in bytes.
const minKeySize = 32

// A List is what is wrong with one configuration.
type List struct {
	of  string
	all []error
}

// In returns an empty list. of is the beginning of its faults, such as "oauth: Config." for a
// struct, or "sessionstore: " for the arguments of a function.
func In(of string) *List { return &List{of: of} }

// If adds a fault if bad is true. The problem continues a sentence that begins with the field.
func (l *List) If(bad bool, field, problem string) {
	if bad {
		l.all = append(l.all, errors.New(l.of+field+" "+problem))
	}
}

// Err joins all faults. It is nil if there are none.
func (l *List) Err() error { return errors.Join(l.all...) }

// Account checks the fields AppID and Secret. in is "", or the field that contains them, with a
// dot.
func (l *List) Account(in, appID, secret string) {
	l.text(in+"AppID", appID)
	l.text(in+"Secret", secret)
}

func (l *List) text(field, value string) {
	l.If(value == "", field, "is missing")
	l.If(value != strings.TrimFunc(value, unseen), field, "has blanks or a line end round it")
}

// unseen reports whether r is invisible, so that it is easily copied by mistake.
func unseen(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// Keys checks a field that must have at least one key.
func (l *List) Keys(field string, keys [][]byte) {
	l.If(len(keys) == 0, field, "is missing: one random key of 32 bytes is enough")
	for i, key := range keys {
		l.If(len(key) < minKeySize, fmt.Sprintf("%s[%d]", field, i),
			fmt.Sprintf("is shorter than %d bytes", minKeySize))
	}
}

// FilledKeys is [List.Keys], and finds keys that nobody has filled.
func (l *List) FilledKeys(field string, keys [][]byte) {
	l.Keys(field, keys)
	for i, key := range keys {
		blank := len(key) >= minKeySize && len(bytes.Trim(key, "\x00")) == 0
		l.If(blank, fmt.Sprintf("%s[%d]", field, i), "is all zero bytes: fill it from crypto/rand")
	}
}

// URL checks the address of a server, which may be empty.
func (l *List) URL(field, raw string) { l.If(raw != "" && !IsURL(raw), field, NotURL) }

// NotURL is the problem of a field for which [IsURL] returns false.
const NotURL = "is not an http(s) URL"

// IsURL reports whether raw is an absolute http or https URL without user, query or fragment.
func IsURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && !strings.ContainsAny(raw, "?#")
}

// Duration checks a time, which must be 0 for the default, or not shorter than least. A shorter
// one is usually a mistake: 30 means 30 nanoseconds and not 30 seconds.
func (l *List) Duration(field string, d, least time.Duration) {
	l.If(d < 0, field, "is negative")
	l.If(0 < d && d < least, field, fmt.Sprintf("is under %v: a plain number counts "+
		"nanoseconds, write 30 * time.Minute", least))
}
