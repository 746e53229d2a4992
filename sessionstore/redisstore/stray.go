package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A stray is an id that proves itself by no key of ours: it is from before ids had a proof, or its
// key was taken out of the configuration since, or somebody made it up. Nobody who has a session may
// be logged out, so strays are looked for, in a way that costs little however many are made up: they
// are read past the client's cache, and after a hundred that led nowhere one more is tried each
// second. Those that led to a session are known from then on, and read like any other.
type strays struct {
	mu    sync.Mutex
	known map[string]struct{} // keys in Redis
	paid  time.Time           // until when the tries that led nowhere are paid for, at one a second
}

const (
	maxKnown   = 10_000 // about 2 MB
	strayPrice = time.Second
	strayDebt  = 100 * strayPrice
)

// loadStray reads the record under the key of a stray.
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

// ask reports whether key is that of a known session, and whether an unknown one may be looked for.
func (s *strays) ask(key string) (known, try bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known = s.known[key]
	return known, time.Until(s.paid) < strayDebt
}

// tell notes what came of a try.
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
		for other := range s.known { // any makes room: it only costs a command more
			if len(s.known) < maxKnown {
				break
			}
			delete(s.known, other)
		}
		s.known[key] = struct{}{}
	}
}
