// Package redisvisit sends commands to Redis for all packages of this module that use it.
//
//   - A call returns within the timeout, whatever Redis or the client does. The caller's deadline
//     holds as well, but the end of its request does not cancel the call: a logout must not depend
//     on a browser that waits for it, and one read may serve several requests.
//   - Commands are pinned. Otherwise, if a second attempt succeeds, rueidis would reuse the memory
//     of the command while the connection of the first attempt may still be writing it.
//   - After a change of a key that this process may have in memory, the call waits until Redis has
//     told the process of the change.
//   - A command that was sent to a server that hung may be executed when the server goes on. Its
//     effect is then undone.
//   - If Redis has become read-only, its name may already lead to another server. Its connections
//     are ended and the command is sent again.
package redisvisit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// maxOwed is how many calls of TakeBack may run at once, so that many requests during an outage do
// not fill the memory. Without a TakeBack a key ends after its ttl.
const maxOwed = 1000

// attemptTimeouts is how many timeouts an attempt may take, although its caller waits for one
// only. So a connection to a slow server gets ready for the next call.
const attemptTimeouts = 2

// A Server is a Redis server and its client. Make it with [New].
type Server struct {
	Client  rueidis.Client
	Timeout time.Duration // of one call

	troubled trouble
	dial     redial
	owed     atomic.Int64 // calls of TakeBack that are running
}

// New returns a server.
func New(client rueidis.Client, timeout time.Duration) *Server {
	return &Server{Client: client, Timeout: timeout}
}

// Missing reports whether err is not a failure but the answer that there is no such key, or that
// the condition of a SET was not met.
func Missing(err error) bool { return rueidis.IsRedisNil(err) }

// Quoteless returns err without the arguments of the command, which some servers quote: those of
// AUTH are the password.
func Quoteless(err error) error {
	text, _, quoted := strings.Cut(err.Error(), ", with args")
	if !quoted {
		return err
	}
	return errors.New(text)
}

// Do sends one command.
func (s *Server) Do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	command = command.Pin()
	return s.writing(ctx, func(ctx context.Context) rueidis.RedisResult {
		return s.Client.Do(ctx, command)
	})
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

// DoCache returns the answer to a command from the client's cache, or sends the command and keeps
// the answer there for ttl. It calls guard, which starts a goroutine, only if Redis seems to hang,
// because a cached answer should not wait for that.
func (s *Server) DoCache(
	ctx context.Context, command rueidis.Cacheable, ttl time.Duration,
) rueidis.RedisResult {
	command = command.Pin()
	send := func(ctx context.Context) rueidis.RedisResult {
		return s.Client.DoCache(ctx, command, ttl)
	}
	began := time.Now()
	if s.troubled.at(began) {
		result := s.guard(ctx, send)
		s.troubled.heard(result)
		return result
	}
	first := s.troubled.begin(began)
	limited := &patience{Context: ctx, deadline: s.deadline(ctx, began)}
	defer limited.end()
	result := send(limited) //nolint:contextcheck // the given one with a time limit
	s.troubled.end(first)
	s.troubled.heard(result)
	return result
}

// Announced waits until this process has got Redis' message about a change that it has made to
// key. Redis sends the message on the connection for reads, before the next answer there. So
// Announced waits for one more answer on it; then the next read returns the new value. If there is
// no answer, the connection is broken, and the values that were read on it are dropped.
func (s *Server) Announced(ctx context.Context, key string) {
	_ = s.DoCache(ctx, s.Client.B().Strlen().Key(key).Cache().ToStaticTTL(), 0).Error()
}

// TakeBack deletes key if its value is mine. It is for a command that has failed although Redis
// may have stored the value. It begins when that command cannot be executed any more, and tries
// until Redis answers or ttl is over, when the key has expired. If too many calls are running, it
// leaves that to the ttl.
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

// Drop deletes key if its value is mine.
func (s *Server) Drop(ctx context.Context, key, mine string) error {
	return s.Run(ctx, dropScript, []string{key}, mine).Error()
}

// guard returns in time, whatever the client does: rueidis may wait for another call's attempt to
// connect, or for room in its queue, without looking at the context.
func (s *Server) guard(
	ctx context.Context, send func(context.Context) rueidis.RedisResult,
) rueidis.RedisResult {
	answer := make(chan rueidis.RedisResult, 1)
	go func() {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx),
			attemptTimeouts*s.Timeout)
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

// deadline returns when a call that begins now must have returned.
func (s *Server) deadline(ctx context.Context, now time.Time) time.Time {
	end := now.Add(s.Timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		return deadline
	}
	return end
}

// A trouble finds out whether Redis seems to hang: if the last read that was not cached got no
// answer, or if a read has been waiting for one longer than slow.
type trouble struct {
	silent atomic.Bool
	// When one of the waiting reads began, in unix nanoseconds; 0 if none is known.
	waiting atomic.Int64
}

const slow = 50 * time.Millisecond

// at reports whether Redis seems to hang at now.
func (t *trouble) at(now time.Time) bool {
	waiting := t.waiting.Load()
	return t.silent.Load() || waiting != 0 && now.UnixNano()-waiting > int64(slow)
}

// begin notes that a read begins. It returns true if there was none, so that at looks at this one.
func (t *trouble) begin(now time.Time) bool {
	return t.waiting.Load() == 0 && t.waiting.CompareAndSwap(0, now.UnixNano())
}

// end notes that a read has ended. lookedAt is what begin has returned.
func (t *trouble) end(lookedAt bool) {
	if lookedAt {
		t.waiting.Store(0)
	}
}

// heard notes whether Redis has answered a read.
func (t *trouble) heard(result rueidis.RedisResult) {
	if silent := result.NonRedisError() != nil; !result.IsCacheHit() && silent != t.silent.Load() {
		t.silent.Store(silent)
	}
}

// A patience is a context with a deadline. It makes its timer only when Done is called, because a
// cached read does not need one. The deadline is set at the start, because rueidis may wait before
// it calls Done.
type patience struct {
	context.Context //nolint:containedctx // it is a context itself
	deadline        time.Time

	mu      sync.Mutex
	limited context.Context //nolint:containedctx // the context with the timer
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
