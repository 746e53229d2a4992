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

// The two states of an outcome in Redis, told apart by the first byte.
const (
	reserved = "r" // and a mark of who reserved it
	decided  = "d" // and the outcome
)

// Reserve claims key for the whole fleet, in one command; see [sessionstore.Outcomes].
func (s *Store) Reserve(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	key, mine := s.outcomeKey(key), reserved+rand.Text()
	err := s.changeOutcome(ctx, key, s.redis.Client.B().Set().Key(key).Value(mine).Nx().Px(ttl).Build())
	if redisvisit.Missing(err) {
		return false, nil
	}
	if _, refused := rueidis.IsRedisErr(err); err != nil && !refused {
		go s.redis.TakeBack(ctx, key, mine, ttl) // or the visitor's next attempt waits for it
	}
	return err == nil, wrap("reserve a login", err)
}

// Outcome returns what SetOutcome stored; see [sessionstore.Outcomes]. To ask again costs no command
// while nothing changes, so that thousands can wait. Whoever asks for keys that strangers make up
// fills the client's cache.
func (s *Store) Outcome(ctx context.Context, key string) ([]byte, bool, error) {
	key = s.outcomeKey(key)
	var result rueidis.RedisResult
	if get := s.redis.Client.B().Get().Key(key); s.tracking && s.watched.add(key) {
		result = s.redis.DoCache(ctx, get.Cache(), cachedFor) // or less: as long as Redis keeps it
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

// SetOutcome stores the outcome for ttl, in one command; nil releases. See [sessionstore.Outcomes].
func (s *Store) SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error {
	key = s.outcomeKey(key)
	b := s.redis.Client.B()
	if outcome == nil {
		return wrap("release a login", s.changeOutcome(ctx, key, b.Del().Key(key).Build().ToRetryable()))
	}
	set := b.Set().Key(key).Value(decided + string(outcome)).Px(ttl).Build().ToRetryable()
	return wrap("store the outcome of a login", s.changeOutcome(ctx, key, set))
}

// changeOutcome sends a command that changes what is stored under key. If somebody here has asked for
// it lately, who asks next is told of the change.
func (s *Store) changeOutcome(ctx context.Context, key string, command rueidis.Completed) error {
	err := s.redis.Do(ctx, command).Error()
	if s.watched.remove(key) {
		err = s.announced(ctx, key, err)
	}
	return err
}

// A watchlist holds the keys that the client's cache may know. It is bounded: what does not fit is
// not cached.
type watchlist struct {
	mu    sync.Mutex
	keys  map[string]time.Time // when each was asked for last
	sweep time.Time            // when to look next for those that no cache holds any more
}

const (
	maxWatched = 100_000 // about 15 MB, and as much in the client's cache
	sweepEvery = cachedFor / 4
)

// add notes that somebody asks for key, if there is room.
func (l *watchlist) add(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.After(l.sweep) {
		maps.DeleteFunc(l.keys, func(_ string, asked time.Time) bool { return now.Sub(asked) > cachedFor })
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

// remove forgets key, and reports whether it was there.
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
