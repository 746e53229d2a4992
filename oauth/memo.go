package oauth

import (
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A memo remembers session cookies that were opened a moment ago, so that the next request with
// the same bytes need not open them again. It serves the cookie store only: with sessions on a
// server a logout must count at once.
type memo struct {
	entries *lru.Cache[string, memoEntry] // by cookie value
}

type memoEntry struct {
	rec   *record
	until time.Time
}

// memoTime is the longest that a cookie is not looked at again.
const memoTime = time.Minute

func newMemo(size int) (*memo, error) {
	entries, err := lru.New[string, memoEntry](size)
	return &memo{entries}, err
}

// get returns the record, without tokens, that value was opened to.
func (m *memo) get(value string) (*record, bool) {
	if m == nil || value == "" {
		return nil, false
	}
	e, ok := m.entries.Get(value)
	if !ok || !time.Now().Before(e.until) {
		return nil, false
	}
	return e.rec, true
}

// put remembers rec until memoTime, or the session's end if that comes first.
func (m *memo) put(value string, rec *record, end time.Time) {
	if m == nil || value == "" {
		return
	}
	until := time.Now().Add(memoTime)
	if end.Before(until) {
		until = end
	}
	m.entries.Add(strings.Clone(value), memoEntry{rec, until}) // a clone: value may be part of a whole header
}

// forget drops a cookie that logs out.
func (m *memo) forget(value string) {
	if m != nil {
		m.entries.Remove(value)
	}
}

// cookieValue finds a cookie in the request as it was sent, without parsing the others.
func cookieValue(r *http.Request, name string) string {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			part = strings.TrimSpace(part)
			if len(part) > len(name) && part[len(name)] == '=' && part[:len(name)] == name {
				return part[len(name)+1:]
			}
		}
	}
	return ""
}
