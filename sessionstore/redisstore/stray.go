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
	// now. No try may move it more than 100 seconds ahead.
	paid   time.Time
	trying int           // how many tries have no result yet
	ended  chan struct{} // closed when one of them gets it; nil if nobody waits for that
}

const (
	maxKnown   = 10_000 // about 2 MB
	strayPrice = time.Second
	strayDebt  = 100 * strayPrice
)

// loadStray returns the record under the key of a stray.
func (s *Store) loadStray(ctx context.Context, key string) (string, error) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.redis.Timeout)
	defer cancel()
	known, try, err := s.strays.ask(limited, key)
	switch {
	case err != nil:
		return "", wrap("read a session", err)
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
// it; then the caller must tell the result. The error is that of ctx.
func (s *strays) ask(ctx context.Context, key string) (known, try bool, err error) {
	for {
		known, try, ended := s.askNow(key)
		if ended == nil {
			return known, try, nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return false, false, ctx.Err()
		}
	}
}

// askNow is ask, except where that depends on the tries that have no result yet: one that finds a
// session costs nothing. It then returns a channel that is closed after the next result.
func (s *strays) askNow(key string) (known, try bool, ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[key]; known {
		return true, false, nil
	}
	debt := max(time.Until(s.paid), 0) + strayPrice
	switch {
	case debt > strayDebt:
		return false, false, nil
	case debt+time.Duration(s.trying)*strayPrice <= strayDebt:
		s.trying++
		return false, true, nil
	}
	if s.ended == nil {
		s.ended = make(chan struct{})
	}
	return false, false, s.ended
}

// tell notes the result of a try.
func (s *strays) tell(key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trying--
	if s.ended != nil {
		close(s.ended)
		s.ended = nil
	}
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
