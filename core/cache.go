package core

import (
	"context"
	"sync"
	"time"
)

// A Cache keeps the app access token and the JS-SDK ticket. Its methods are called concurrently.
// Values hold their own expiry, so a cache that returns old values does no harm, and one that
// fails is logged and passed by, as is one that takes 2 seconds. Values are secrets: keep the
// cache as private as the AppSecret.
type Cache interface {
	// Get returns the value stored under key; ok is false when there is none.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set stores value under key, in place of an older one, for about ttl.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
}

// A Leaser is an optional interface of a [Cache] shared by several processes: the one that
// holds the lease fetches, the others wait for what it stores.
type Leaser interface {
	// Lease claims key for ttl. ok is false while another holder has it. The holder calls
	// release once, when done; a holder that dies loses the lease after ttl. release is not called
	// unless ok is true and err is nil.
	Lease(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error)
}

// NewMemoryCache returns a [Cache] in this process, safe for concurrent use. A value is dropped
// when it is asked for after its ttl, so the cache is for few keys, such as ours: two per
// account.
func NewMemoryCache() Cache { return &memoryCache{entries: map[string]memoryEntry{}} }

type memoryCache struct {
	unprintable
	mu      sync.Mutex
	entries map[string]memoryEntry
}

type memoryEntry struct {
	value   string
	expires time.Time
}

func (m *memoryCache) Get(_ context.Context, key string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if ok && !time.Now().Before(e.expires) {
		delete(m.entries, key)
		return "", false, nil
	}
	return e.value, ok, nil
}

func (m *memoryCache) Set(_ context.Context, key, value string, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[key] = memoryEntry{value, time.Now().Add(ttl)}
	return nil
}
