// Package cookie reads the Cookie header of a request. It finds the same cookies as
// [http.Request.Cookies], in the same order, but allocates nothing, because this is done with
// every request of a signed-in user.
//
// It trims ASCII blanks only. A browser lets any host of a domain set a cookie whose name is
// U+2000 and then "__Host-wx". A reader that also trimmed Unicode blanks would take that for a
// cookie that only this host can set.
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
	// maxTries is how many cookies of one name are tried, because each may take a command to
	// Redis.
	maxTries = 4
)

// Value returns the value of the first cookie of that name, or "" if there is none.
func Value(r *http.Request, name string) string {
	for n, value := range pairs(r) {
		if n == name && isToken(n) && valid(value) {
			return value
		}
	}
	return ""
}

// Candidates returns an iterator over the values of the cookies of that name. The caller takes the
// first good one, because browsers send two cookies of one name if they were set with different
// domains or paths, and the older one may come first. Empty values are left out. A value with
// bytes that a cookie must not have opens nothing, so it does not count towards maxTries.
//
// Of a name that begins with "__Host-" there cannot be two. In case somebody finds a way to set a
// second one, only the first is returned.
func Candidates(r *http.Request, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		tries := maxTries
		if strings.HasPrefix(name, "__Host-") {
			tries = 1
		}
		for n, value := range pairs(r) {
			switch {
			case n != name:
				continue
			case value == "":
				tries--
			case !yield(value):
				return
			case valid(value):
				// Checked last, because after a good session the caller does not go on.
				tries--
			}
			if tries == 0 {
				return
			}
		}
	}
}

// All returns an iterator over the names and values of all cookies.
func All(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, value := range pairs(r) {
			if isToken(name) && valid(value) && !yield(name, value) {
				return
			}
		}
	}
}

// pairs returns an iterator over what may be cookies, whatever bytes their names and values have.
func pairs(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		lines := r.Header["Cookie"]
		if tooMany(lines) {
			return
		}
		for _, line := range lines {
			for line != "" {
				var pair string
				pair, line = cut(line, ';')
				name, value := cut(textproto.TrimString(pair), '=')
				if !yield(textproto.TrimString(name), unquote(value)) {
					return
				}
			}
		}
	}
}

// cut returns what stands before and after the first sep. Without one, all stands before it. It is
// strings.Cut for a single byte, in half the time.
func cut(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// tooMany reports whether there are more than maxCookies cookies. In a short header there cannot
// be, so they are not counted.
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

// unquote returns a value without its quotes.
func unquote(value string) string {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1]
	}
	return value
}

// valid reports whether value has only bytes from 0x20 to 0x7e, without quote and backslash. The
// value of a session is long and read with every request, so eight bytes are checked in one step:
// bad then has the highest bit of each invalid byte set.
func valid(value string) bool {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	for ; len(value) >= 8; value = value[8:] {
		w := binary.LittleEndian.Uint64([]byte(value[:8]))
		quote, backslash := w^('"'*ones), w^('\\'*ones) // such a byte becomes 0
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
