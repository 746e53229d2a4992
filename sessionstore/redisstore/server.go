package redisstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// A server is Redis as seen through one client, with a limit on every visit.
//
// A visit keeps the caller's deadline but is not cut short when the browser goes away: a logout
// should not depend on somebody waiting for it, and one read may serve several requests.
//
// Commands are pinned, because rueidis would use their memory again after a second attempt that
// went well, while the connection of the first may still be writing them.
type server struct {
	client  rueidis.Client
	timeout time.Duration
	silent  atomic.Bool // the last cold read had no answer
}

// do sends one command.
func (s *server) do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	return s.guard(ctx, func(ctx context.Context) rueidis.RedisResult { return s.client.Do(ctx, command.Pin()) })
}

// doBoth sends two commands in one round trip, and returns the first error.
func (s *server) doBoth(ctx context.Context, first, second rueidis.Completed) error {
	return s.guard(ctx, func(ctx context.Context) rueidis.RedisResult {
		results := s.client.DoMulti(ctx, first.Pin(), second.Pin())
		if results[0].Error() != nil {
			return results[0]
		}
		return results[1]
	}).Error()
}

// doCache sends one command, unless its answer was cached within the last ttl. What is cached
// should not wait for a goroutine, so there is a guard only while Redis is silent.
func (s *server) doCache(ctx context.Context, command rueidis.Cacheable, ttl time.Duration) rueidis.RedisResult {
	send := func(ctx context.Context) rueidis.RedisResult {
		return s.client.DoCache(ctx, command.Pin(), ttl)
	}
	var result rueidis.RedisResult
	if s.silent.Load() {
		result = s.guard(ctx, send)
	} else {
		limited := &patience{Context: ctx, deadline: s.deadline(ctx)}
		defer limited.end()
		result = send(limited) //nolint:contextcheck // it is the given one, with a limit
	}
	if !result.IsCacheHit() {
		s.silent.Store(result.NonRedisError() != nil)
	}
	return result
}

// attemptTimeouts is how many timeouts an attempt has, while its caller waits for one.
const attemptTimeouts = 2

// guard gives up in time, whatever the client does: rueidis may wait for somebody else's attempt
// to connect, or for room in its queue, and watches no context meanwhile. The attempt itself has
// twice as long, so that a connection to a slow server comes about and serves the next visit.
func (s *server) guard(ctx context.Context, send func(context.Context) rueidis.RedisResult) rueidis.RedisResult {
	answer := make(chan rueidis.RedisResult, 1)
	go func() {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeouts*s.timeout)
		defer cancel()
		answer <- send(attempt)
	}()
	limited, cancel := s.limit(ctx)
	defer cancel()
	select {
	case result := <-answer:
		return result
	case <-limited.Done():
		return rueidis.NewErrorResult(limited.Err())
	}
}

// limit is how long the caller waits.
func (s *server) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(context.WithoutCancel(ctx), s.deadline(ctx))
}

// deadline is when a visit that begins now has to be over.
func (s *server) deadline(ctx context.Context) time.Time {
	end := time.Now().Add(s.timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		return deadline
	}
	return end
}

// A patience is the context that limit gives, but its timer is made when somebody first waits: what
// is cached needs none. The time itself runs from the start, as rueidis may wait before it asks.
type patience struct {
	context.Context //nolint:containedctx // it is one
	deadline        time.Time

	mu      sync.Mutex
	limited context.Context //nolint:containedctx // as above
	cancel  context.CancelFunc
}

func (p *patience) begin() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limited == nil {
		p.limited, p.cancel = context.WithDeadline(context.WithoutCancel(p.Context), p.deadline)
	}
	return p.limited
}

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

func (p *patience) Deadline() (time.Time, bool) { return p.deadline, true }
func (p *patience) Done() <-chan struct{}       { return p.begin().Done() }
func (p *patience) Err() error                  { return p.begin().Err() }
