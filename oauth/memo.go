package oauth

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// A memo keeps sessions that were opened a moment ago, so that the next request need not decrypt
// them again. The sealed session is read from the store all the same, so with sessions on a server
// a logout takes effect at once.
//
// If it is full, any entry is dropped. That costs no more than opening one session again, and
// keeping the entries in the order of their use would cost more with every request.
type memo struct {
	size int

	mu      sync.RWMutex
	entries map[string]*memoEntry // by the value of the session's cookie
}

// A memoEntry contains record and user themselves and no pointers to them. With thousands of users
// they are not in the processor's cache, and following each pointer would take longer than the
// rest of get.
type memoEntry struct {
	sealed string // the sealed session from which record was opened; "" if the cookie is that
	until  time.Time
	record record // without tokens
	user   core.User
}

// memoTime is how long an entry is used.
const memoTime = time.Minute

func newMemo(size int) *memo { return &memo{size: size, entries: map[string]*memoEntry{}} }

// get returns the record, without tokens, to which sealed was opened for this cookie.
func (m *memo) get(cookie, sealed string, now time.Time) (*record, bool) {
	m.mu.RLock()
	e, ok := m.entries[cookie]
	m.mu.RUnlock()
	if !ok || !now.Before(e.until) {
		return nil, false
	}
	if sealed != e.sealed && (e.sealed != "" || sealed != cookie) {
		return nil, false
	}
	return &e.record, true
}

// put keeps rec for memoTime, or until the session's end if that is earlier.
func (m *memo) put(cookie, sealed string, rec *record, now, end time.Time) {
	until := now.Add(memoTime)
	if end.Before(until) {
		until = end
	}
	// A copy, because cookie may be a part of the whole header, which would stay in memory.
	key := strings.Clone(cookie)
	if sealed == cookie {
		sealed = ""
	}
	e := &memoEntry{
		sealed: sealed, until: until, record: record{profileAt: rec.profileAt, serial: rec.serial},
		user: *rec.user,
	}
	e.record.user = &e.user
	m.mu.Lock()
	defer m.mu.Unlock()
	makeRoom(m.entries, m.size)
	m.entries[key] = e
}

// makeRoom deletes any entries of a map until there are fewer than size.
func makeRoom[K comparable, V any](entries map[K]V, size int) {
	for key := range entries {
		if len(entries) < size {
			return
		}
		delete(entries, key)
	}
}

// forget drops a session that was logged out, for all cookies that it has had. rec may be nil.
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
