package redisstore

import (
	"cmp"
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
)

// The states of a message in Redis. An unknown message has no key.
const (
	beingHandled = "r"
	handled      = "d"
)

// Both scripts change only a message that is being handled.
//
//nolint:gochecknoglobals // constants, but their hashes are computed
var (
	extendScript = redisvisit.NewScript(`local state = redis.call('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if state == 'r' and left < tonumber(ARGV[1]) then
	return redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 0`)
	releaseScript = redisvisit.NewScript(`if redis.call('GET', KEYS[1]) == 'r' then
	return redis.call('DEL', KEYS[1])
end
return 0`)
)

// SeenConfig describes how pushed messages are remembered. The zero value is fine.
type SeenConfig struct {
	Prefix  string        // of all keys in Redis; default "wx:"
	Timeout time.Duration // for one command; default 0.8 s
}

// A Seen remembers for all replicas which pushed messages were handled. It is a push.Seen, which
// describes the methods, for push.Config. Errors are of type [*Error].
type Seen struct {
	redis  *redisvisit.Server
	prefix string
}

// NewSeen returns a Seen that uses client, which the caller closes. The error joins all faults of
// cfg. NewSeen does not ask Redis, so Redis may be started later.
func NewSeen(client rueidis.Client, cfg SeenConfig) (*Seen, error) {
	if err := faultsOf("SeenConfig", client, cfg.Timeout).Err(); err != nil {
		return nil, err
	}
	server := redisvisit.New(client, cmp.Or(cfg.Timeout, defaultTimeout))
	return &Seen{redis: server, prefix: cmp.Or(cfg.Prefix, defaultPrefix)}, nil
}

// Reserve reserves an unknown key for ttl, or returns that it is done.
func (s *Seen) Reserve(
	ctx context.Context, key string, ttl time.Duration,
) (reserved, done bool, err error) {
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

// Extend lets a reservation last until ttl from now, if it would end earlier.
func (s *Seen) Extend(ctx context.Context, key string, ttl time.Duration) error {
	return wrap("extend a reservation", s.redis.Run(ctx, extendScript, []string{s.key(key)},
		milliseconds(ttl)).Error())
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
