package rediscache

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/redisvisit"
)

const (
	timeout = time.Second // for one command
	// cachedFor bounds how long a process goes on with what it read, should Redis' word that it
	// has changed get lost.
	cachedFor = time.Minute
)

var (
	_ core.Cache  = (*Cache)(nil)
	_ core.Leaser = (*Cache)(nil)
)

// A Cache is a [core.Cache] and a [core.Leaser] in Redis. Make it with [New]; it is safe for
// concurrent use. A value that was read lately costs no command, since Redis tells its readers when
// it changes. An error means that Redis did not answer within a second, or not well.
type Cache struct {
	redis  *redisvisit.Server
	prefix string
	leases atomic.Int32 // held by this process
}

// New returns a cache that uses client, which stays the caller's to close. All keys in Redis begin
// with prefix, which may be empty; with the prefix of the session store, one permission in Redis
// covers both. It does not visit Redis, so it works before Redis does.
func New(client rueidis.Client, prefix string) *Cache {
	return &Cache{redis: redisvisit.New(client, timeout), prefix: prefix}
}

// Get returns the value stored under key. Whoever holds a lease is about to decide whether to
// fetch, and reads from Redis itself: news of what the holder before stored may still be on the
// way.
func (c *Cache) Get(ctx context.Context, key string) (string, bool, error) {
	ctx = context.WithoutCancel(ctx) // one read may serve several callers
	var result rueidis.RedisResult
	if get := c.redis.Client.B().Get().Key(c.valueKey(key)); c.leases.Load() > 0 {
		result = c.redis.Do(ctx, get.Build())
	} else {
		result = c.redis.DoCache(ctx, get.Cache(), cachedFor)
	}
	value, err := result.ToString()
	if redisvisit.Missing(err) {
		return "", false, nil
	}
	return value, err == nil, wrap("read", err)
}

// Set stores value for ttl, in place of an older one. The next Get here finds it.
func (c *Cache) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	ctx, key = context.WithoutCancel(ctx), c.valueKey(key)
	set := c.redis.Client.B().Set().Key(key).Value(value).Px(max(ttl, time.Millisecond)).Build()
	if err := c.redis.Do(ctx, set.ToRetryable()).Error(); err != nil {
		return wrap("write", err)
	}
	c.redis.Announced(ctx, key)
	return nil
}

// Lease claims key for ttl; see [core.Leaser]. A lease that was lost to its ttl is not taken from
// the next holder by a late release.
func (c *Cache) Lease(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error) {
	ctx, key = context.WithoutCancel(ctx), c.prefix+"l:"+key
	owner := rand.Text()
	err = c.redis.Do(ctx, c.redis.Client.B().Set().Key(key).Value(owner).Nx().Px(ttl).Build()).Error()
	if redisvisit.Missing(err) {
		return nil, false, nil
	}
	if err != nil {
		if _, refused := rueidis.IsRedisErr(err); !refused {
			go c.redis.TakeBack(ctx, key, owner, ttl) // or the fleet waits for a lease without a holder
		}
		return nil, false, wrap("lease", err)
	}
	c.leases.Add(1)
	return sync.OnceFunc(func() {
		c.leases.Add(-1)
		_ = c.redis.Drop(ctx, key, owner) // if it fails, the ttl ends the lease
	}), true, nil
}

func (c *Cache) valueKey(key string) string { return c.prefix + "c:" + key }

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rediscache: cannot %s: %w", op, err)
}
