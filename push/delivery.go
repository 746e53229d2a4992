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
	answerTime  = 4500 * time.Millisecond // WeChat waits for 5 s
	handlerTime = 60 * time.Second
	doneTime    = 24 * time.Hour
	// leaseTime is how long a reservation lasts; it is renewed after each third of that time. It
	// is shorter than answerTime: if the process that handles a message dies, a repeat that waits
	// for it in another process still has time to take over.
	leaseTime = 3 * time.Second
	// Between two questions whether another process has handled the message.
	pollTime = 100 * time.Millisecond
	seenTime = time.Second // for one call of Seen
)

// A job calls the callback with its message.
type job func(context.Context) (*Reply, error)

// A delivery is a message that is being handled in this process. Requests that bring the same
// message meanwhile share it.
type delivery struct {
	key      string
	name     string // the kind of message, for the log
	deadline time.Time
	stage    atomic.Int32
	done     chan struct{} // closed when the callback has returned and Seen knows it
	outcome  outcome       // set before done is closed
}

type outcome struct {
	reply *Reply
	err   error // nil: the answer is 200
}

// The stages of a delivery. They decide about the answer at the deadline.
const (
	arrived int32 = iota // nobody has started to handle it
	inHand               // the callback runs, in this process or in another one
	failed               // the callback has failed
)

var (
	errUnhandled = errors.New("push: not handled in time")
	errNoReturn  = errors.New("push: the callback ended its goroutine")
)

// deliver returns what to answer to the message m, before the deadline. It does the job, unless
// the message was handled before or is being handled.
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

// wait returns the outcome. At the deadline it returns success if the callback still runs, and
// otherwise an error, so that WeChat sends the message again.
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

// run handles d. It goes on after the request is answered.
func (h *Handler) run(ctx context.Context, d *delivery, do job) {
	if h.reserve(ctx, d) {
		d.outcome = h.handle(ctx, d, do)
	}
	h.mu.Lock()
	delete(h.running, d.key)
	h.mu.Unlock()
	close(d.done)
}

// reserve reports whether this process has to handle the message. If not, it was handled before,
// or another process is handling it, which reserve has waited for until the deadline.
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

// callSeen makes one call of Seen, with a time limit, and logs its failure.
func (h *Handler) callSeen(
	ctx context.Context, d *delivery, what string, call func(context.Context) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, seenTime)
	defer cancel()
	err := call(ctx)
	if err != nil {
		h.logger.WarnContext(ctx, "push: Seen failed, a repeat may be handled again",
			"call", what, "event", d.name, "error", err)
	}
	return err
}

// handle runs the job and tells Seen how it ended.
func (h *Handler) handle(ctx context.Context, d *delivery, do job) outcome {
	out := h.call(ctx, d, do)
	if out.err != nil {
		h.logger.ErrorContext(ctx, "push: callback failed",
			"event", d.name, "answered_before", d.late(), "error", out.err)
		_ = h.callSeen(ctx, d, "release", func(ctx context.Context) error {
			return h.seen.Release(ctx, d.key)
		})
		return out
	}
	_ = h.callSeen(ctx, d, "done", func(ctx context.Context) error {
		return h.seen.Done(ctx, d.key, doneTime)
	})
	if out.reply != nil && d.late() {
		h.logger.WarnContext(ctx, "push: reply came too late and is lost", "event", d.name)
	}
	return out
}

func (d *delivery) late() bool { return time.Now().After(d.deadline) }

// call runs the job, with its own time limit, and renews the reservation until the job returns.
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
			_ = h.callSeen(ctx, d, "extend", func(ctx context.Context) error {
				return h.seen.Extend(ctx, d.key, leaseTime)
			})
		}
	}
}

// Drain waits until no callback runs any more. If ctx ends before, it returns ctx's error. Call it
// after [http.Server.Shutdown]: a callback may still be running although its message is answered,
// and WeChat will not send that message again.
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
