package sessionstore

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"
)

// Outcomes is optional on a Store: it lets the callback of one login be handled once in a whole
// fleet, since WeChat may call back twice. Keys and outcomes are chosen by the login engine.
type Outcomes interface {
	// Reserve claims key for ttl. ok is false while somebody else holds it or an outcome is stored.
	Reserve(ctx context.Context, key string, ttl time.Duration) (ok bool, err error)
	// Outcome returns what SetOutcome stored. held tells whether the key is reserved or has an
	// outcome; outcome is nil while it is only reserved.
	Outcome(ctx context.Context, key string) (outcome []byte, held bool, err error)
	// SetOutcome stores the outcome for ttl; a nil outcome releases the reservation.
	SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error
}

// sweepEvery is how often expired outcomes are dropped from memory.
const sweepEvery = 10 * time.Second

// MemoryOutcomes are the [Outcomes] of one process. They hold what is not expired and little
// more, own no goroutine, and are safe for concurrent use.
type MemoryOutcomes struct {
	mu    sync.Mutex
	held  map[string]outcome
	sweep time.Time // when to look for expired ones next
}

type outcome struct {
	value  []byte // nil while only reserved
	expiry time.Time
}

// NewMemoryOutcomes returns outcomes that live as long as the process.
func NewMemoryOutcomes() *MemoryOutcomes {
	return &MemoryOutcomes{held: map[string]outcome{}}
}

// Reserve claims key for ttl; see [Outcomes].
func (m *MemoryOutcomes) Reserve(_ context.Context, key string, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Before(m.held[key].expiry) {
		return false, nil
	}
	m.put(now, key, outcome{expiry: now.Add(ttl)})
	return true, nil
}

// Outcome returns what SetOutcome stored; see [Outcomes].
func (m *MemoryOutcomes) Outcome(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.held[key]
	if !time.Now().Before(o.expiry) {
		return nil, false, nil
	}
	return bytes.Clone(o.value), true, nil
}

// SetOutcome stores the outcome for ttl; see [Outcomes].
func (m *MemoryOutcomes) SetOutcome(_ context.Context, key string, value []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value == nil {
		delete(m.held, key)
		return nil
	}
	now := time.Now()
	m.put(now, key, outcome{value: bytes.Clone(value), expiry: now.Add(ttl)})
	return nil
}

// put stores o, and now and then drops what has expired.
func (m *MemoryOutcomes) put(now time.Time, key string, o outcome) {
	if !now.Before(m.sweep) {
		maps.DeleteFunc(m.held, func(_ string, o outcome) bool { return !now.Before(o.expiry) })
		m.sweep = now.Add(sweepEvery)
	}
	m.held[key] = o
}
