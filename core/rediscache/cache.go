package rediscache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
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
	client rueidis.Client
	prefix string
	leases atomic.Int32 // held by this process
}

// New returns a cache that uses client, which stays the caller's to close. All keys in Redis begin
// with prefix, which may be empty; with the prefix of the session store, one permission in Redis
// covers both. It does not visit Redis, so it works before Redis does.
func New(client rueidis.Client, prefix string) *Cache { return &Cache{client: client, prefix: prefix} }

// Get returns the value stored under key. Whoever holds a lease is about to decide whether to
// fetch, and reads from Redis itself: news of what the holder before stored may still be on the way.
func (c *Cache) Get(ctx context.Context, key string) (string, bool, error) {
	ctx, cancel := limit(ctx)
	defer cancel()
	var result rueidis.RedisResult
	if get := c.client.B().Get().Key(c.valueKey(key)); c.leases.Load() > 0 {
		result = c.client.Do(ctx, get.Build().Pin())
	} else {
		result = c.client.DoCache(ctx, get.Cache().Pin(), cachedFor)
	}
	value, err := result.ToString()
	if rueidis.IsRedisNil(err) {
		return "", false, nil
	}
	return value, err == nil, wrap("read", err)
}

// Set stores value for ttl, in place of an older one.
func (c *Cache) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	ctx, cancel := limit(ctx)
	defer cancel()
	key = c.valueKey(key)
	set := c.client.B().Set().Key(key).Value(value).Px(max(ttl, time.Millisecond)).Build()
	if err := c.client.Do(ctx, set.ToRetryable().Pin()).Error(); err != nil {
		return wrap("write", err)
	}
	// Redis announces the change on the connection that this process reads on. One answer more
	// from it means that the announcement has come, so the next Get here finds the new value.
	_ = c.client.DoCache(ctx, c.client.B().Strlen().Key(key).Cache().ToStaticTTL().Pin(), 0).Error()
	return nil
}

// releaseScript deletes a lease that is still the caller's.
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// Lease claims key for ttl; see [core.Leaser]. A lease that was lost to its ttl is not taken from
// the next holder by a late release.
func (c *Cache) Lease(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error) {
	limited, cancel := limit(ctx)
	defer cancel()
	key = c.prefix + "l:" + key
	owner := rand.Text()
	err = c.client.Do(limited, c.client.B().Set().Key(key).Value(owner).Nx().Px(ttl).Build().Pin()).Error()
	if rueidis.IsRedisNil(err) {
		return nil, false, nil
	}
	if err != nil {
		if _, refused := rueidis.IsRedisErr(err); !refused {
			go c.drop(context.WithoutCancel(ctx), key, owner, ttl)
		}
		return nil, false, wrap("lease", err)
	}
	c.leases.Add(1)
	return sync.OnceFunc(func() {
		c.leases.Add(-1)
		_ = c.release(ctx, key, owner) // if it fails, the ttl ends the lease
	}), true, nil
}

func (c *Cache) release(ctx context.Context, key, owner string) error {
	ctx, cancel := limit(ctx)
	defer cancel()
	return c.client.Do(ctx, c.client.B().Eval().Script(releaseScript).Numkeys(1).Key(key).Arg(owner).Build().Pin()).Error()
}

// drop takes a lease back of which nobody knows whether it was given: a server that hung carries
// out what it was sent when it goes on, and the fleet should not wait for a lease without a holder.
// It tries until Redis answers, or for as long as the lease would last.
func (c *Cache) drop(ctx context.Context, key, owner string, ttl time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	next := time.NewTicker(timeout)
	defer next.Stop()
	for ctx.Err() == nil {
		if err := c.release(ctx, key, owner); err == nil || errors.Is(err, rueidis.ErrClosing) {
			return
		}
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

func (c *Cache) valueKey(key string) string { return c.prefix + "c:" + key }

// limit bounds one visit to Redis. It is not cut short when the caller leaves, because one read
// may serve several callers. Commands are pinned for the same kind of reason: rueidis would use
// their memory again while a broken connection may still be writing them.
func limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), timeout)
}

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rediscache: cannot %s: %w", op, err)
}
