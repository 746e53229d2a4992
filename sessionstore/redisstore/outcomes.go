package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
	"github.com/wxoauth/wxoauth/sessionstore"
)

var _ sessionstore.Outcomes = (*Store)(nil)

// The two states of an outcome in Redis: the first byte of the value.
const (
	reserved = "r" // followed by a random mark of who reserved it
	decided  = "d" // followed by the outcome
)

// Reserve reserves key for all replicas, in one command; see [sessionstore.Outcomes].
func (s *Store) Reserve(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	key, mine := s.outcomeKey(key), reserved+rand.Text()
	set := s.redis.Client.B().Set().Key(key).Value(mine).Nx().Px(ttl).Build()
	err := s.changeOutcome(ctx, key, set)
	if redisvisit.Missing(err) {
		return false, nil
	}
	if _, refused := rueidis.IsRedisErr(err); err != nil && !refused {
		// Redis may have reserved the key although its answer was lost. Without this the next
		// attempt would wait for a reservation that nobody uses.
		go s.redis.TakeBack(ctx, key, mine, ttl)
	}
	return err == nil, wrap("reserve a login", err)
}

// Outcome returns what SetOutcome stored; see [sessionstore.Outcomes]. The answer is kept in
// memory until Redis says that it has changed, so thousands can wait for it without a command
// each. Do not ask for keys that strangers can invent, as they would fill the client's cache.
func (s *Store) Outcome(ctx context.Context, key string) ([]byte, bool, error) {
	key = s.outcomeKey(key)
	var result rueidis.RedisResult
	if get := s.redis.Client.B().Get().Key(key); s.tracking && s.watched.add(key) {
		// Or until the key expires, if that is earlier.
		result = s.redis.DoCache(ctx, get.Cache(), cachedFor)
	} else {
		result = s.redis.Do(ctx, get.Build())
	}
	value, err := result.ToString()
	if redisvisit.Missing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrap("read the outcome of a login", err)
	}
	if outcome, ok := strings.CutPrefix(value, decided); ok {
		return []byte(outcome), true, nil
	}
	return nil, true, nil
}

// SetOutcome stores the outcome for ttl, in one command; nil ends the reservation. See
// [sessionstore.Outcomes].
func (s *Store) SetOutcome(
	ctx context.Context, key string, outcome []byte, ttl time.Duration,
) error {
	key = s.outcomeKey(key)
	b := s.redis.Client.B()
	if outcome == nil {
		return wrap("release a login", s.changeOutcome(ctx, key,
			b.Del().Key(key).Build().ToRetryable()))
	}
	set := b.Set().Key(key).Value(decided + string(outcome)).Px(ttl).Build().ToRetryable()
	return wrap("store the outcome of a login", s.changeOutcome(ctx, key, set))
}

// changeOutcome sends a command that changes the value of key. If this process may have the old
// value in memory, it waits until Redis has told it of the change.
func (s *Store) changeOutcome(ctx context.Context, key string, command rueidis.Completed) error {
	err := s.redis.Do(ctx, command).Error()
	if s.watched.remove(key) {
		err = s.announced(ctx, key, err)
	}
	return err
}

// A watchlist contains the keys that may be in the client's cache. Its size is limited: a key that
// does not fit is not read through the cache.
type watchlist struct {
	mu    sync.Mutex
	keys  map[string]time.Time // when each was asked for last
	sweep time.Time            // when to remove next those that have left the cache
}

const (
	maxWatched = 100_000 // about 15 MB, and as much in the client's cache
	sweepEvery = cachedFor / 4
)

// add adds key and reports whether there was room for it.
func (l *watchlist) add(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.After(l.sweep) {
		maps.DeleteFunc(l.keys, func(_ string, asked time.Time) bool {
			return now.Sub(asked) > cachedFor
		})
		l.sweep = now.Add(sweepEvery)
	}
	if l.keys == nil {
		l.keys = map[string]time.Time{}
	}
	if _, ok := l.keys[key]; !ok && len(l.keys) >= maxWatched {
		return false
	}
	l.keys[key] = now
	return true
}

// remove removes key and reports whether it was there.
func (l *watchlist) remove(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.keys[key]
	delete(l.keys, key)
	return ok
}

func (s *Store) outcomeKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return s.prefix + "o:" + encoding.EncodeToString(sum[:])
}
