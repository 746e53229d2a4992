package redisstore

import (
	"cmp"
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
)

// The states of a message in Redis. An unknown one has no key.
const (
	beingHandled = "r"
	handled      = "d"
)

// Both scripts leave alone what is not, or no longer, being handled.
//
//nolint:gochecknoglobals // constants but for their sums
var (
	extendScript = redisvisit.NewScript(`if redis.call('GET', KEYS[1]) == 'r' and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
	return redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 0`)
	releaseScript = redisvisit.NewScript(`if redis.call('GET', KEYS[1]) == 'r' then
	return redis.call('DEL', KEYS[1])
end
return 0`)
)

// SeenConfig says how pushed messages are remembered. The zero value will do.
type SeenConfig struct {
	Prefix  string        // of all keys in Redis; default "wx:"
	Timeout time.Duration // for one visit to Redis; default 0.8 s
}

// A Seen remembers for a whole fleet which pushed messages were handled: give it to push.Config,
// whose own Seen says what the methods promise. Errors are of type [*Error].
type Seen struct {
	redis  *redisvisit.Server
	prefix string
}

// NewSeen returns a memory that uses client, which stays the caller's to close. All faults of cfg are
// joined. It does not visit Redis, so it works before Redis does.
func NewSeen(client rueidis.Client, cfg SeenConfig) (*Seen, error) {
	if err := faultsOf("SeenConfig", client, cfg.Timeout).Err(); err != nil {
		return nil, err
	}
	server := redisvisit.New(client, cmp.Or(cfg.Timeout, defaultTimeout))
	return &Seen{redis: server, prefix: cmp.Or(cfg.Prefix, defaultPrefix)}, nil
}

// Reserve claims an unknown key for ttl, or says that it is done.
func (s *Seen) Reserve(ctx context.Context, key string, ttl time.Duration) (reserved, done bool, err error) {
	set := s.redis.Client.B().Set().Key(s.key(key)).Value(beingHandled).Nx().Px(ttl).Build()
	err = s.redis.Do(ctx, set).Error()
	if err == nil {
		return true, false, nil
	}
	if !redisvisit.Missing(err) {
		return false, false, wrap("reserve a message", err)
	}
	state, err := s.redis.Do(ctx, s.redis.Client.B().Get().Key(s.key(key)).Build()).ToString()
	if err != nil && !redisvisit.Missing(err) {
		return false, false, wrap("look for a message", err)
	}
	return false, state == handled, nil
}

// Extend lets a reservation last ttl from now, if it would end earlier.
func (s *Seen) Extend(ctx context.Context, key string, ttl time.Duration) error {
	return wrap("extend a reservation", s.redis.Run(ctx, extendScript, []string{s.key(key)}, milliseconds(ttl)).Error())
}

// Done makes the key done for ttl.
func (s *Seen) Done(ctx context.Context, key string, ttl time.Duration) error {
	set := s.redis.Client.B().Set().Key(s.key(key)).Value(handled).Px(ttl).Build()
	return wrap("note a message", s.redis.Do(ctx, set.ToRetryable()).Error())
}

// Release makes a reserved key unknown.
func (s *Seen) Release(ctx context.Context, key string) error {
	return wrap("release a message", s.redis.Run(ctx, releaseScript, []string{s.key(key)}).Error())
}

func (s *Seen) key(key string) string { return s.prefix + "p:" + key }
