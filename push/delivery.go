package push

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	answerTime  = 4500 * time.Millisecond // WeChat waits 5 s
	handlerTime = 60 * time.Second
	doneTime    = 24 * time.Hour
	// A reservation is renewed thrice in its life. It is shorter than answerTime, so that a repeat
	// that waits for a process that has died takes over.
	leaseTime = 3 * time.Second
	pollTime  = 100 * time.Millisecond // between two looks at a message that another process has
	seenTime  = time.Second            // for one call of Seen
)

// A job is the callback with its message.
type job func(context.Context) (*Reply, error)

// A delivery is a message in hand in this process. All requests that bring the message while it
// is in hand share one.
type delivery struct {
	key      string
	name     string // of the event, for the log
	deadline time.Time
	stage    atomic.Int32
	done     chan struct{} // closed when the callback has returned and that is noted
	outcome  outcome       // to be read after done
}

type outcome struct {
	reply *Reply
	err   error // nil is answered 200
}

// The stages tell what to answer at the deadline.
const (
	arrived int32 = iota // nobody has started to handle it
	inHand               // this process or another one runs the callback
	failed               // the callback has failed
)

var (
	errUnhandled = errors.New("push: not handled in time")
	errNoReturn  = errors.New("push: the callback ended its goroutine")
)

// deliver has the job done, unless the message was handled before or is in hand already, and
// returns what to answer, by deadline.
func (h *Handler) deliver(ctx context.Context, m *Message, deadline time.Time, do job) outcome {
	sum := sha256.Sum256(m.Raw)
	key := hex.EncodeToString(sum[:])

	h.mu.Lock()
	d, ok := h.running[key]
	if !ok {
		d = &delivery{key: key, name: m.name(), deadline: deadline, done: make(chan struct{})}
		h.running[key] = d
		go h.run(context.WithoutCancel(ctx), d, do)
	}
	h.mu.Unlock()
	return d.wait()
}

// wait returns the outcome, or at the deadline what is known by then.
func (d *delivery) wait() outcome {
	timer := time.NewTimer(time.Until(d.deadline))
	defer timer.Stop()
	select {
	case <-d.done:
		return d.outcome
	case <-timer.C:
	}
	if d.stage.Load() == inHand {
		return outcome{}
	}
	return outcome{err: errUnhandled}
}

// run owns d until it is done. It is not bound to the request.
func (h *Handler) run(ctx context.Context, d *delivery, do job) {
	if h.reserve(ctx, d) {
		d.outcome = h.handle(ctx, d, do)
	}
	h.mu.Lock()
	delete(h.running, d.key)
	h.mu.Unlock()
	close(d.done)
}

// reserve reports whether the message is for this process to handle. If not, it was handled
// before, or another process has it in hand and will have answered by now.
func (h *Handler) reserve(ctx context.Context, d *delivery) bool {
	for {
		var mine, done bool
		err := h.callSeen(ctx, d, "reserve", func(ctx context.Context) (err error) {
			mine, done, err = h.seen.Reserve(ctx, d.key, leaseTime)
			return err
		})
		if err != nil || mine {
			return true
		}
		if done {
			return false
		}
		d.stage.Store(inHand)
		if time.Until(d.deadline) < pollTime {
			return false
		}
		<-time.After(pollTime)
	}
}

// callSeen bounds one call of Seen and logs its failure.
func (h *Handler) callSeen(ctx context.Context, d *delivery, what string, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, seenTime)
	defer cancel()
	err := call(ctx)
	if err != nil {
		h.logger.WarnContext(ctx, "push: Seen failed, a repeat may be handled again", "call", what, "event", d.name, "error", err)
	}
	return err
}

// handle runs the job and notes how it ended.
func (h *Handler) handle(ctx context.Context, d *delivery, do job) outcome {
	out := h.call(ctx, d, do)
	if out.err != nil {
		h.logger.ErrorContext(ctx, "push: callback failed", "event", d.name, "answered_before", d.late(), "error", out.err)
		_ = h.callSeen(ctx, d, "release", func(ctx context.Context) error { return h.seen.Release(ctx, d.key) })
		return out
	}
	_ = h.callSeen(ctx, d, "done", func(ctx context.Context) error { return h.seen.Done(ctx, d.key, doneTime) })
	if out.reply != nil && d.late() {
		h.logger.WarnContext(ctx, "push: reply came too late and is lost", "event", d.name)
	}
	return out
}

func (d *delivery) late() bool { return time.Now().After(d.deadline) }

// call runs the job with a time of its own and renews the reservation until it returns.
func (h *Handler) call(ctx context.Context, d *delivery, do job) outcome {
	d.stage.Store(inHand)
	ended := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, handlerTime)
		defer cancel()
		out := outcome{err: errNoReturn}
		defer func() {
			if p := recover(); p != nil {
				out = outcome{err: fmt.Errorf("push: panic: %v\n%s", p, debug.Stack())}
			}
			if out.err != nil {
				d.stage.Store(failed)
			}
			ended <- out
		}()
		out.reply, out.err = do(ctx)
	}()

	renew := time.NewTicker(leaseTime / 3)
	defer renew.Stop()
	for {
		select {
		case out := <-ended:
			return out
		case <-renew.C:
			_ = h.callSeen(ctx, d, "extend", func(ctx context.Context) error { return h.seen.Extend(ctx, d.key, leaseTime) })
		}
	}
}

// Drain waits until no callback runs any more, or ctx ends: then the error is ctx's. Call it after
// [http.Server.Shutdown]: a callback may still be running although its message is answered, and
// WeChat will not send that one again.
func (h *Handler) Drain(ctx context.Context) error {
	for {
		d := h.anyRunning()
		if d == nil {
			return nil
		}
		select {
		case <-d.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *Handler) anyRunning() *delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.running {
		return d
	}
	return nil
}
