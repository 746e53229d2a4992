// Package cookie reads the Cookie header of a request. It finds what [http.Request.Cookies] finds,
// in the same order, and allocates nothing: a signed-in request pays for it each time.
//
// Only ASCII blanks are trimmed. A browser lets any host of a domain set a cookie whose name is
// U+2000 and then "__Host-wx"; a reader that trims Unicode blanks takes it for a cookie that only
// this very host can set.
package cookie

import (
	"encoding/binary"
	"iter"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	// maxCookies is the number of cookies above which net/http reads none of them.
	maxCookies = 3000
	// maxTries bounds the cookies of one name that are looked at, as looking may cost a command.
	maxTries = 4
)

// Value returns the value of the first cookie of that name, or "" if there is none.
func Value(r *http.Request, name string) string {
	for _, value := range wellFormed(r, name) {
		return value
	}
	return ""
}

// Candidates yields the values that the cookie of that name may have, of which the first good one
// counts; an empty one says nothing. One with bytes that no cookie may have, which net/http passes
// over, is yielded and not counted: it opens nothing. Browsers send two cookies of one name if they
// were set with different domains or paths, and the stale one may come first.
//
// With the prefix "__Host-" there cannot be two. Should some way round the prefix be found, a second
// one is not given the chance to count where the first does not: only the first is yielded.
func Candidates(r *http.Request, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		tries := maxTries
		if strings.HasPrefix(name, "__Host-") {
			tries = 1
		}
		each(r.Header["Cookie"], name, func(_, value string) bool {
			switch {
			case value == "":
				tries--
			case !yield(value):
				return false
			case valid(value): // looked at last: a good session has been taken by then
				tries--
			}
			return tries > 0
		})
	}
}

// All yields the name and value of every cookie.
func All(r *http.Request) iter.Seq2[string, string] { return wellFormed(r, "") }

// wellFormed yields the cookies of that name, or of every name if it is "".
func wellFormed(r *http.Request, only string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		each(r.Header["Cookie"], only, func(name, value string) bool { return !valid(value) || yield(name, value) })
	}
}

// each yields the cookies of that name, or of every name if it is "", whatever bytes the values have.
func each(lines []string, only string, yield func(name, value string) bool) {
	if tooMany(lines) {
		return
	}
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, _ := strings.Cut(textproto.TrimString(pair), "=")
			name = textproto.TrimString(name)
			if only != "" && name != only || only == "" && !isToken(name) { // what is looked for is a token
				continue
			}
			if !yield(name, unquote(value)) {
				return
			}
		}
	}
}

// tooMany reports whether there are more than maxCookies. A short header need not be counted.
func tooMany(lines []string) bool {
	size, number := 0, 0
	for _, line := range lines {
		size += len(line) + 1
	}
	if size <= maxCookies {
		return false
	}
	for _, line := range lines {
		number += strings.Count(line, ";") + 1
	}
	return number > maxCookies
}

// unquote takes the quotes off a value.
func unquote(value string) string {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1]
	}
	return value
}

// valid reports whether value has only the bytes from 0x20 to 0x7e, without quote and backslash. A
// session's value is long and read with every request, so eight bytes are looked at in one step:
// of a byte that is not valid, bad has the highest bit set.
func valid(value string) bool {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	for ; len(value) >= 8; value = value[8:] {
		w := binary.LittleEndian.Uint64([]byte(value[:8]))
		quote, backslash := w^('"'*ones), w^('\\'*ones) // a byte that is one of them becomes 0
		bad := w | (w - ' '*ones) | (w + ones) | (quote-ones)&^quote | (backslash-ones)&^backslash
		if bad&highest != 0 {
			return false
		}
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// isToken reports whether name is a token of RFC 9110.
func isToken(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return name != ""
}
