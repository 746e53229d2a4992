package core

import (
	"context"
	"sync"
	"time"
)

// A Cache keeps the app access token and the JS-SDK ticket. Its methods are called concurrently.
// Values contain their own expiry, so a cache may return old ones. If it fails or takes 2 seconds,
// that is logged and the program goes on without it. Values are secrets: keep the cache as private
// as the AppSecret.
type Cache interface {
	// Get returns the value stored under key; ok is false if there is none.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set stores value under key, in place of an older one, for about ttl.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
}

// A Leaser is an optional interface of a [Cache] that several processes share. The process that
// holds the lease fetches the token, and the others wait until it has stored it.
type Leaser interface {
	// Lease takes the lease of key for ttl. ok is false if another process holds it. The holder
	// calls release once, when it is done; if it dies, the lease ends after ttl. release is called
	// only if ok is true and err is nil.
	Lease(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error)
}

// NewMemoryCache returns a [Cache] in this process, safe for concurrent use. A value whose ttl is
// over is dropped only when it is asked for, so the cache is for few keys. This module uses two
// for each account.
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
