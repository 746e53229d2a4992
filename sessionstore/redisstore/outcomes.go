package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/redis/rueidis"

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
	err := s.redis.do(ctx, s.redis.client.B().Set().Key(key).Value(mine).Nx().Px(ttl).Build()).Error()
	if missing(err) {
		return false, nil
	}
	if _, refused := rueidis.IsRedisErr(err); err != nil && !refused {
		go s.drop(context.WithoutCancel(ctx), key, mine, ttl)
	}
	return err == nil, wrap("reserve a login", err)
}

// dropScript deletes a key that holds what the caller stored.
const dropScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// drop takes a reservation back of which nobody knows whether it was made: a server that hung
// carries out what it was sent when it goes on, and the visitor's next attempt should not wait for
// that. It begins when the attempt is surely over, and tries until Redis answers or the reservation
// would have ended.
func (s *Store) drop(ctx context.Context, key, mine string, ttl time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	next := time.NewTicker(attemptTimeouts * s.redis.timeout)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		err := s.redis.do(ctx, s.redis.client.B().Eval().Script(dropScript).Numkeys(1).Key(key).Arg(mine).Build()).Error()
		if err == nil || errors.Is(err, rueidis.ErrClosing) {
			return
		}
	}
}

// Outcome returns what SetOutcome stored, in one command; see [sessionstore.Outcomes].
func (s *Store) Outcome(ctx context.Context, key string) ([]byte, bool, error) {
	value, err := s.redis.do(ctx, s.redis.client.B().Get().Key(s.outcomeKey(key)).Build()).AsBytes()
	if missing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrap("read the outcome of a login", err)
	}
	if len(value) == 0 || string(value[:1]) != decided {
		return nil, true, nil
	}
	return value[1:], true, nil
}

// SetOutcome stores the outcome for ttl, in one command; nil releases. See [sessionstore.Outcomes].
func (s *Store) SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error {
	key = s.outcomeKey(key)
	if outcome == nil {
		return wrap("release a login", s.redis.do(ctx, s.redis.client.B().Del().Key(key).Build().ToRetryable()).Error())
	}
	set := s.redis.client.B().Set().Key(key).Value(decided + string(outcome)).Px(ttl).Build()
	return wrap("store the outcome of a login", s.redis.do(ctx, set.ToRetryable()).Error())
}

func (s *Store) outcomeKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return s.prefix + "o:" + encoding.EncodeToString(sum[:])
}
