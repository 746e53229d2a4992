package redisstore

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// The states of a message in Redis. An unknown one has no key.
const (
	beingHandled = "r"
	handled      = "d"
)

// Both scripts leave alone what is not, or no longer, being handled.
const (
	extendScript = `if redis.call('GET', KEYS[1]) == 'r' and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
	return redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 0`
	releaseScript = `if redis.call('GET', KEYS[1]) == 'r' then
	return redis.call('DEL', KEYS[1])
end
return 0`
)

// A Seen remembers for a whole fleet which pushed messages were handled: give it to push.Config,
// whose own Seen says what the methods promise. Errors are of type [*Error].
type Seen struct {
	redis  *server
	prefix string
}

// NewSeen returns a memory that uses client, which stays the caller's to close. All keys in Redis
// begin with prefix.
func NewSeen(client rueidis.Client, prefix string) *Seen {
	return &Seen{redis: &server{client: client, timeout: defaultTimeout}, prefix: prefix}
}

// Reserve claims an unknown key for ttl, or says that it is done.
func (s *Seen) Reserve(ctx context.Context, key string, ttl time.Duration) (reserved, done bool, err error) {
	set := s.redis.client.B().Set().Key(s.key(key)).Value(beingHandled).Nx().Px(ttl).Build()
	err = s.redis.do(ctx, set).Error()
	if err == nil {
		return true, false, nil
	}
	if !missing(err) {
		return false, false, wrap("reserve a message", err)
	}
	state, err := s.redis.do(ctx, s.redis.client.B().Get().Key(s.key(key)).Build()).ToString()
	if err != nil && !missing(err) {
		return false, false, wrap("look for a message", err)
	}
	return false, state == handled, nil
}

// Extend lets a reservation last ttl from now, if it would end earlier.
func (s *Seen) Extend(ctx context.Context, key string, ttl time.Duration) error {
	eval := s.redis.client.B().Eval().Script(extendScript).Numkeys(1).Key(s.key(key))
	return wrap("extend a reservation", s.redis.do(ctx, eval.Arg(strconv.FormatInt(ttl.Milliseconds(), 10)).Build()).Error())
}

// Done makes the key done for ttl.
func (s *Seen) Done(ctx context.Context, key string, ttl time.Duration) error {
	set := s.redis.client.B().Set().Key(s.key(key)).Value(handled).Px(ttl).Build()
	return wrap("note a message", s.redis.do(ctx, set.ToRetryable()).Error())
}

// Release makes a reserved key unknown.
func (s *Seen) Release(ctx context.Context, key string) error {
	eval := s.redis.client.B().Eval().Script(releaseScript).Numkeys(1).Key(s.key(key)).Build()
	return wrap("release a message", s.redis.do(ctx, eval).Error())
}

func (s *Seen) key(key string) string { return s.prefix + "p:" + key }
