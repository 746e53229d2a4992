// Package faults collects what is wrong with a configuration, and says it in one form for all
// packages: "oauth: Config.Keys[0] is shorter than 32 bytes". No fault shows a value.
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

// In begins the faults of a struct, such as "oauth: Config.", or of a function's arguments, such as
// "sessionstore: ".
func In(of string) *List { return &List{of: of} }

// If notes the problem of a field where bad is true. The problem is the rest of a sentence that
// begins with the field.
func (l *List) If(bad bool, field, problem string) {
	if bad {
		l.all = append(l.all, errors.New(l.of+field+" "+problem))
	}
}

// Err joins all faults. It is nil if there are none.
func (l *List) Err() error { return errors.Join(l.all...) }

// Account looks at the fields AppID and Secret. in is "" or the field that holds them, with a dot.
func (l *List) Account(in, appID, secret string) {
	l.text(in+"AppID", appID)
	l.text(in+"Secret", secret)
}

func (l *List) text(field, value string) {
	l.If(value == "", field, "is missing")
	l.If(value != strings.TrimFunc(value, unseen), field, "has blanks or a line end round it")
}

// unseen reports whether a person who copies a value does not see r.
func unseen(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// Keys looks at a field that must hold at least one key.
func (l *List) Keys(field string, keys [][]byte) {
	l.If(len(keys) == 0, field, "is missing: one random key of 32 bytes is enough")
	for i, key := range keys {
		l.If(len(key) < minKeySize, fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("is shorter than %d bytes", minKeySize))
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

// URL looks at the address of a server, which may be left out.
func (l *List) URL(field, raw string) { l.If(raw != "" && !IsURL(raw), field, NotURL) }

// NotURL is the problem of a field that [IsURL] does not like.
const NotURL = "is not an http(s) URL"

// IsURL reports whether raw is an absolute http or https URL without user, query or fragment.
func IsURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(raw, "?#")
}

// Duration looks at a time that is 0 for its default, or else at least least. Who writes 30 for
// 30 seconds has written 30 nanoseconds.
func (l *List) Duration(field string, d, least time.Duration) {
	l.If(d < 0, field, "is negative")
	l.If(0 < d && d < least, field, fmt.Sprintf("is under %v: a plain number counts nanoseconds, write 30 * time.Minute", least))
}
