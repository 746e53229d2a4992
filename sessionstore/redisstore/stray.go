package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A stray is an id of the right form without a proof by one of our keys. It may be of this
// package's first version, whose ids had no proof. Or it was made with a key that is no longer
// configured, or is invented. The first two may have a session, which must not be lost, so Redis
// is asked about strays. Invented ones must not cost much, however many come: they are read
// without the client's cache, and after a hundred without a session only one a second is tried. A
// stray that has a session is remembered, and then read like any other id.
type strays struct {
	mu    sync.Mutex
	known map[string]struct{} // the Redis keys of those with a session
	// Each try without a session moves this time on by a second, and it starts no earlier than
	// now. No stray is tried while it is 100 seconds or more ahead.
	paid time.Time
}

const (
	maxKnown   = 10_000 // about 2 MB
	strayPrice = time.Second
	strayDebt  = 100 * strayPrice
)

// loadStray returns the record under the key of a stray.
func (s *Store) loadStray(ctx context.Context, key string) (string, error) {
	known, try := s.strays.ask(key)
	switch {
	case known:
		return s.load(ctx, key)
	case !try:
		return "", sessionstore.ErrNotFound
	}
	sealed, err := s.loadPlain(ctx, key)
	s.strays.tell(key, err)
	return sealed, err
}

// ask reports whether key is known to have a session, and if not, whether Redis may be asked about
// it.
func (s *strays) ask(key string) (known, try bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known = s.known[key]
	return known, time.Until(s.paid) < strayDebt
}

// tell notes the result of a try.
func (s *strays) tell(key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, sessionstore.ErrNotFound):
		if now := time.Now(); s.paid.Before(now) {
			s.paid = now
		}
		s.paid = s.paid.Add(strayPrice)
	case err == nil:
		if s.known == nil {
			s.known = map[string]struct{}{}
		}
		// Any one is dropped to make room. If it comes again, it is tried again.
		for other := range s.known {
			if len(s.known) < maxKnown {
				break
			}
			delete(s.known, other)
		}
		s.known[key] = struct{}{}
	}
}
