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
	// cachedFor is how long a process uses a value that it has read, even if Redis' message that
	// the value has changed gets lost.
	cachedFor = time.Minute
)

var (
	_ core.Cache  = (*Cache)(nil)
	_ core.Leaser = (*Cache)(nil)
)

// A Cache is a [core.Cache] and a [core.Leaser] in Redis. Make it with [New]; it is safe for
// concurrent use. A value that was read lately is taken from memory, since Redis tells its readers
// when it changes. An error means that Redis did not answer within a second, or answered with an
// error.
type Cache struct {
	redis  *redisvisit.Server
	prefix string
	leases atomic.Int32 // held by this process
}

// New returns a cache that uses client, which the caller closes. All keys in Redis begin with
// prefix, which may be empty; if it is that of the session store, one permission in Redis is
// enough for both. New does not ask Redis, so Redis may be started later.
func New(client rueidis.Client, prefix string) *Cache {
	return &Cache{redis: redisvisit.New(client, timeout), prefix: prefix}
}

// Get returns the value stored under key. While this process holds a lease, it reads from Redis
// and not from memory: it is about to decide whether to fetch, and the message about what the
// holder before has stored may not have arrived yet.
func (c *Cache) Get(ctx context.Context, key string) (string, bool, error) {
	ctx = context.WithoutCancel(ctx) // one read may be shared by several callers
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

// Set stores value for ttl, in place of an older one. The next Get of this process returns it.
func (c *Cache) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	ctx, key = context.WithoutCancel(ctx), c.valueKey(key)
	set := c.redis.Client.B().Set().Key(key).Value(value).Px(max(ttl, time.Millisecond)).Build()
	if err := c.redis.Do(ctx, set.ToRetryable()).Error(); err != nil {
		return wrap("write", err)
	}
	c.redis.Announced(ctx, key)
	return nil
}

// Lease takes the lease of key for ttl; see [core.Leaser]. If release is called after ttl, it does
// not end the lease of the next holder.
func (c *Cache) Lease(
	ctx context.Context, key string, ttl time.Duration,
) (release func(), ok bool, err error) {
	ctx, key = context.WithoutCancel(ctx), c.prefix+"l:"+key
	owner := rand.Text()
	set := c.redis.Client.B().Set().Key(key).Value(owner).Nx().Px(ttl).Build()
	err = c.redis.Do(ctx, set).Error()
	if redisvisit.Missing(err) {
		return nil, false, nil
	}
	if err != nil {
		if _, refused := rueidis.IsRedisErr(err); !refused {
			// Redis may have given the lease although its answer was lost. Without this all
			// processes would wait for a holder that does not know of it.
			go c.redis.TakeBack(ctx, key, owner, ttl)
		}
		return nil, false, wrap("lease", err)
	}
	c.leases.Add(1)
	return sync.OnceFunc(func() {
		c.leases.Add(-1)
		_ = c.redis.Drop(ctx, key, owner) // if this fails, the lease ends after its ttl
	}), true, nil
}

func (c *Cache) valueKey(key string) string { return c.prefix + "c:" + key }

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rediscache: cannot %s: %w", op, redisvisit.Quoteless(err))
}
