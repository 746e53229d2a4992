package redisstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// A server is Redis as seen through one client, with a limit on every visit.
//
// A visit keeps the caller's deadline but is not cut short when the browser goes away: a logout should not depend on somebody
// waiting for it, and one read may serve several requests.
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
	ctx, cancel := s.limit(ctx)
	defer cancel()
	return guard(ctx, func() rueidis.RedisResult { return s.client.Do(ctx, command.Pin()) })
}

// doCache sends one command, unless its answer was cached within the last ttl. What is cached
// should not wait for a goroutine, so there is a guard only while Redis is silent.
func (s *server) doCache(ctx context.Context, command rueidis.Cacheable, ttl time.Duration) rueidis.RedisResult {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	send := func() rueidis.RedisResult { return s.client.DoCache(ctx, command.ToStaticTTL().Pin(), ttl) }
	var result rueidis.RedisResult
	if s.silent.Load() {
		result = guard(ctx, send)
	} else {
		result = send()
	}
	if !result.IsCacheHit() {
		s.silent.Store(result.NonRedisError() != nil)
	}
	return result
}

func (s *server) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(s.timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// guard gives up when ctx ends, whatever the client does: rueidis may wait for somebody else's
// attempt to connect, or for room in its queue, and watches no context meanwhile.
func guard(ctx context.Context, send func() rueidis.RedisResult) rueidis.RedisResult {
	answer := make(chan rueidis.RedisResult, 1)
	go func() { answer <- send() }() // ends when rueidis does, at most its own timeouts later
	select {
	case result := <-answer:
		return result
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
}
