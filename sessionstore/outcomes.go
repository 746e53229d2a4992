package sessionstore

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"
)

// Outcomes is an optional interface of a Store. With it, the callback of a login is handled once
// by all replicas together, although WeChat may call back twice. The login engine chooses keys and
// outcomes.
type Outcomes interface {
	// Reserve reserves key for ttl. ok is false if it is already reserved or has an outcome.
	Reserve(ctx context.Context, key string, ttl time.Duration) (ok bool, err error)
	// Outcome returns what SetOutcome stored. held is true if the key is reserved or has an
	// outcome; outcome is nil if it is only reserved.
	Outcome(ctx context.Context, key string) (outcome []byte, held bool, err error)
	// SetOutcome stores the outcome for ttl. A nil outcome ends the reservation.
	SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error
}

// sweepEvery is the time between two searches for expired outcomes, which are then dropped.
const sweepEvery = 10 * time.Second

// MemoryOutcomes are the [Outcomes] of one process. They drop what has expired, start no
// goroutine, and are safe for concurrent use.
type MemoryOutcomes struct {
	mu    sync.Mutex
	held  map[string]outcome
	sweep time.Time // when to search for expired ones next
}

type outcome struct {
	value  []byte // nil while only reserved
	expiry time.Time
}

// NewMemoryOutcomes returns outcomes that live as long as the process.
func NewMemoryOutcomes() *MemoryOutcomes {
	return &MemoryOutcomes{held: map[string]outcome{}}
}

// Reserve reserves key for ttl; see [Outcomes].
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
func (m *MemoryOutcomes) SetOutcome(
	_ context.Context, key string, value []byte, ttl time.Duration,
) error {
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

// put stores o. Every sweepEvery it also drops what has expired.
func (m *MemoryOutcomes) put(now time.Time, key string, o outcome) {
	if !now.Before(m.sweep) {
		maps.DeleteFunc(m.held, func(_ string, o outcome) bool { return !now.Before(o.expiry) })
		m.sweep = now.Add(sweepEvery)
	}
	m.held[key] = o
}
