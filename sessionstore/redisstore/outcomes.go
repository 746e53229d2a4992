package redisstore

import (
	"context"
	"time"

	"github.com/wxoauth/wxoauth/sessionstore"
)

var _ sessionstore.Outcomes = (*Store)(nil)

// The two states of an outcome in Redis, told apart by the first byte.
const (
	reserved = "r"
	decided  = "d" // and the outcome
)

// Reserve claims key for the whole fleet, in one command; see [sessionstore.Outcomes].
func (s *Store) Reserve(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	err := s.redis.do(ctx, s.redis.client.B().Set().Key(s.outcomeKey(key)).Value(reserved).Nx().Px(ttl).Build()).Error()
	if missing(err) {
		return false, nil
	}
	return err == nil, wrap("reserve a login", err)
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

func (s *Store) outcomeKey(key string) string { return s.prefix + "o:" + digest([]byte(key)) }
