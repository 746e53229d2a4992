// Package redisvisit calls at Redis in the one way of this library, whatever is kept there.
//
//   - A visit takes no longer than the server's timeout, whatever Redis or the client does. It keeps the
//     caller's deadline, but is not cut short when the caller leaves: a logout should not depend on a
//     browser that waits for it, and one read may serve several requests.
//   - Commands are pinned. After a second attempt that went well rueidis would use the memory of a
//     command again, while the connection of the first attempt may still be writing it.
//   - Whoever changes what this process may have read waits until the process has been told.
//   - What was sent to a server that hung may be carried out when it goes on: it is taken back.
//   - A Redis that has become read-only may not be the one any more that its name leads to: its
//     connections are given up, and the command sent once more.
package redisvisit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// maxOwed bounds how many keys are to be taken back at once: a flood that meets a Redis that hangs
// should not fill the memory. Beyond it keys end by themselves.
const maxOwed = 1000

// attemptTimeouts is how many timeouts an attempt has, while its caller waits for one. So a
// connection to a slow server comes about, and serves the next visit.
const attemptTimeouts = 2

// A Server is Redis as seen through one client. Make it with [New].
type Server struct {
	Client  rueidis.Client
	Timeout time.Duration // of one visit

	troubled trouble
	dial     redial
	owed     atomic.Int64 // keys that are to be taken back
}

// New returns a server.
func New(client rueidis.Client, timeout time.Duration) *Server {
	return &Server{Client: client, Timeout: timeout}
}

// Missing reports whether err is Redis' answer that there is no such key, or that a condition of a
// SET did not hold, rather than a failure.
func Missing(err error) bool { return rueidis.IsRedisNil(err) }

// Do sends one command.
func (s *Server) Do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	command = command.Pin()
	return s.writing(ctx, func(ctx context.Context) rueidis.RedisResult { return s.Client.Do(ctx, command) })
}

// DoBoth sends two commands in one round trip, and returns the first error.
func (s *Server) DoBoth(ctx context.Context, first, second rueidis.Completed) error {
	first, second = first.Pin(), second.Pin()
	return s.writing(ctx, func(ctx context.Context) rueidis.RedisResult {
		results := s.Client.DoMulti(ctx, first, second)
		if results[0].Error() != nil {
			return results[0]
		}
		return results[1]
	}).Error()
}

// DoCache sends one command, unless its answer is in the client's cache, where it stays for ttl. What
// is cached does not wait for a goroutine: there is a guard only while Redis is in trouble.
func (s *Server) DoCache(ctx context.Context, command rueidis.Cacheable, ttl time.Duration) rueidis.RedisResult {
	command = command.Pin()
	send := func(ctx context.Context) rueidis.RedisResult { return s.Client.DoCache(ctx, command, ttl) }
	began := time.Now()
	if s.troubled.at(began) {
		result := s.guard(ctx, send)
		s.troubled.heard(result)
		return result
	}
	first := s.troubled.begin(began)
	limited := &patience{Context: ctx, deadline: s.deadline(ctx, began)}
	defer limited.end()
	result := send(limited) //nolint:contextcheck // it is the given one, with a limit
	s.troubled.end(first)
	s.troubled.heard(result)
	return result
}

// Announced waits until this process knows of a change that it has made to key. Redis announces the
// change on the connection that reads are made on, and only there: one answer more from it means that
// the announcement has come, so the next read here finds the new state. If there is no such answer the
// connection is broken, and what was read on it is forgotten.
func (s *Server) Announced(ctx context.Context, key string) {
	_ = s.DoCache(ctx, s.Client.B().Strlen().Key(key).Cache().ToStaticTTL(), 0).Error()
}

// TakeBack deletes key if it holds mine, of which nobody knows whether it was stored. It begins when
// the attempt to store it is surely over, and tries until Redis answers, or for ttl, when the key
// would have ended by itself. Beyond a thousand at once it leaves that to the key.
func (s *Server) TakeBack(ctx context.Context, key, mine string, ttl time.Duration) {
	defer s.owed.Add(-1)
	if s.owed.Add(1) > maxOwed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ttl)
	defer cancel()
	next := time.NewTicker(attemptTimeouts * s.Timeout)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		if err := s.Drop(ctx, key, mine); err == nil || errors.Is(err, rueidis.ErrClosing) {
			return
		}
	}
}

// Drop deletes key if it holds mine.
func (s *Server) Drop(ctx context.Context, key, mine string) error {
	return s.Run(ctx, dropScript, []string{key}, mine).Error()
}

// guard gives up in time, whatever the client does: rueidis may wait for somebody else's attempt
// to connect, or for room in its queue, and watches no context meanwhile.
func (s *Server) guard(ctx context.Context, send func(context.Context) rueidis.RedisResult) rueidis.RedisResult {
	answer := make(chan rueidis.RedisResult, 1)
	go func() {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeouts*s.Timeout)
		defer cancel()
		answer <- send(attempt)
	}()
	limited, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.deadline(ctx, time.Now()))
	defer cancel()
	select {
	case result := <-answer:
		return result
	case <-limited.Done():
		return rueidis.NewErrorResult(limited.Err())
	}
}

// deadline is when a visit that begins now has to be over.
func (s *Server) deadline(ctx context.Context, now time.Time) time.Time {
	end := now.Add(s.Timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		return deadline
	}
	return end
}

// A trouble says whether Redis seems to hang: the last cold read had no answer, or a read has been
// waiting for one longer than slow.
type trouble struct {
	silent  atomic.Bool
	waiting atomic.Int64 // unix nanoseconds of when one of those who wait began; 0: nobody is known to
}

const slow = 50 * time.Millisecond

// at reports whether Redis seems to hang at now.
func (t *trouble) at(now time.Time) bool {
	waiting := t.waiting.Load()
	return t.silent.Load() || waiting != 0 && now.UnixNano()-waiting > int64(slow)
}

// begin notes that a read waits from now on, and reports whether it is the one that others look at.
func (t *trouble) begin(now time.Time) bool {
	return t.waiting.Load() == 0 && t.waiting.CompareAndSwap(0, now.UnixNano())
}

// end notes that a read waits no longer.
func (t *trouble) end(lookedAt bool) {
	if lookedAt {
		t.waiting.Store(0)
	}
}

// heard notes whether Redis has answered.
func (t *trouble) heard(result rueidis.RedisResult) {
	if silent := result.NonRedisError() != nil; !result.IsCacheHit() && silent != t.silent.Load() {
		t.silent.Store(silent)
	}
}

// A patience is a context with a limit whose timer is made when somebody first waits: what is cached
// needs none. The time itself runs from the start, as rueidis may wait before it asks.
type patience struct {
	context.Context //nolint:containedctx // it is a context itself
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
