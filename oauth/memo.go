package oauth

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// A memo remembers sessions that were opened a moment ago, so that the next request need not open
// them again. It is asked only with what the store holds now, so with sessions on a server a logout
// counts at once.
//
// When it is full any entry makes room: none is worth more than the opening of a session, and a
// list in the order of use would cost each request more than it saves.
type memo struct {
	size int

	mu      sync.RWMutex
	entries map[string]*memoEntry // by the session cookie's value
}

// A memoEntry is in one piece: with thousands of users most of a hit is waiting for memory.
type memoEntry struct {
	sealed string // what record was opened from, byte by byte
	until  time.Time
	record record // without tokens
	user   core.User
}

// memoTime is the longest that a session is not opened again.
const memoTime = time.Minute

func newMemo(size int) *memo { return &memo{size: size, entries: map[string]*memoEntry{}} }

// get returns the record, without tokens, that sealed was opened to under this cookie.
func (m *memo) get(cookie, sealed string, now time.Time) (*record, bool) {
	m.mu.RLock()
	e, ok := m.entries[cookie]
	m.mu.RUnlock()
	if !ok || e.sealed != sealed || !now.Before(e.until) {
		return nil, false
	}
	return &e.record, true
}

// put remembers rec until memoTime, or the session's end if that comes first.
func (m *memo) put(cookie, sealed string, rec *record, now, end time.Time) {
	until := now.Add(memoTime)
	if end.Before(until) {
		until = end
	}
	key := strings.Clone(cookie) // it may be part of a whole header
	if sealed == cookie {
		sealed = key
	}
	e := &memoEntry{
		sealed: sealed, until: until, record: record{profileAt: rec.profileAt, serial: rec.serial},
		user: *rec.user,
	}
	e.record.user = &e.user
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.entries {
		if len(m.entries) < m.size {
			break
		}
		delete(m.entries, other)
	}
	m.entries[key] = e
}

// forget drops a session that logs out, under all cookies that it has had; nil is nobody's.
func (m *memo) forget(rec *record) {
	if m == nil || rec == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.entries, func(_ string, e *memoEntry) bool {
		return e.record.id() == rec.id()
	})
}
