package oauth

import (
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A memo remembers sessions that were opened a moment ago, so that the next request need not open
// them again. It is asked only with what the store holds now, so with sessions on a server a logout
// counts at once.
type memo struct {
	entries *lru.Cache[string, memoEntry] // by the session cookie's value
}

type memoEntry struct {
	sealed string // what rec was opened from, byte by byte
	rec    *record
	until  time.Time
}

// memoTime is the longest that a session is not opened again.
const memoTime = time.Minute

func newMemo(size int) (*memo, error) {
	entries, err := lru.New[string, memoEntry](size)
	return &memo{entries}, err
}

// get returns the record, without tokens, that sealed was opened to under this cookie.
func (m *memo) get(cookie, sealed string) (*record, bool) {
	e, ok := m.entries.Get(cookie)
	if !ok || e.sealed != sealed || !time.Now().Before(e.until) {
		return nil, false
	}
	return e.rec, true
}

// put remembers rec until memoTime, or the session's end if that comes first.
func (m *memo) put(cookie, sealed string, rec *record, end time.Time) {
	until := time.Now().Add(memoTime)
	if end.Before(until) {
		until = end
	}
	key := strings.Clone(cookie) // it may be part of a whole header
	if sealed == cookie {
		sealed = key
	}
	m.entries.Add(key, memoEntry{sealed, rec.withoutTokens(), until})
}

// forget drops a cookie that logs out.
func (m *memo) forget(cookie string) {
	if m != nil {
		m.entries.Remove(cookie)
	}
}
