package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// outcomes see to it that the fleet does once what may be done only once, such as the exchange of a
// code, which WeChat makes a browser ask for twice. Replicas share them if the store can do that.
type outcomes struct {
	store   sessionstore.Outcomes
	seal    []securecookie.Codec // an outcome holds a session's cookie, or tokens
	logger  *slog.Logger
	flights flights
}

func newOutcomes(cfg Config, store sessions.Store) (*outcomes, error) {
	o := &outcomes{store: cfg.Outcomes, logger: cfg.Logger}
	if o.store == nil {
		o.store, _ = store.(sessionstore.Outcomes)
	}
	if o.store == nil {
		o.store = sessionstore.NewMemoryOutcomes()
		if cfg.Desk != nil {
			cfg.Logger.Warn("wxoauth: Desk works within one process only: with more replicas set Outcomes, or a Store that has them")
		}
	}
	var err error
	o.seal, err = cfg.codecs("outcome")
	return o, err
}

const (
	workTime    = 8 * time.Second  // the longest that a work may take
	reserveTime = 10 * time.Second // a process that died with a reservation blocks nobody longer
	waitTime    = 12 * time.Second // for somebody else's work

	// Somebody else's work is looked for after a pause, which grows.
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// outcomeKey is the key of what is done once for a secret.
func outcomeKey(purpose, secret string) string {
	sum := sha256.Sum256([]byte(purpose + secret))
	return hex.EncodeToString(sum[:16])
}

// A task is what is done once.
type task struct {
	key        string
	maxWaiters int           // that wait for it in a process
	keep       time.Duration // who asks again within this time gets the same outcome
}

// once returns the outcome of work, which runs once for a task, however often and at whichever
// replica it is asked for. In each process one asks the store, the others wait for that one. If work
// fails, the next to ask tries again. ctx bounds work and wait; it should not end with a request, as
// others may wait for the same.
func (o *outcomes) once(ctx context.Context, t task, work func(context.Context) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	one, leads := o.flights.join(t, time.Now())
	switch {
	case one == nil:
		return nil, newFailure(KindLimited, errCrowded)
	case !leads:
		return one.wait(ctx)
	}
	one.err = newFailure(KindCode, errors.New("an earlier callback broke off")) // OnLogin may panic
	defer func() { o.flights.land(t, one, time.Now()) }()
	one.result, one.err = o.lead(ctx, t, work)
	return one.result, one.err
}

// lead does the work, or waits for the replica that does.
func (o *outcomes) lead(ctx context.Context, t task, work func(context.Context) ([]byte, error)) ([]byte, error) {
	pause, held := firstPause, false
	failure := func(op string, err error) *Failure {
		// The context itself may be told of its end a moment later than the store.
		if end, _ := ctx.Deadline(); pause > firstPause && !time.Now().Before(end) {
			return errStillRunning()
		}
		return storeFailure(op, err)
	}
	for ; ; pause = min(2*pause, lastPause) {
		if !held {
			mine, err := o.store.Reserve(ctx, t.key, reserveTime)
			if err != nil {
				return nil, failure("write", err)
			}
			if mine {
				return o.run(ctx, t, work)
			}
		}
		var sealed []byte
		var err error
		if sealed, held, err = o.store.Outcome(ctx, t.key); err != nil {
			return nil, failure("read", err)
		}
		if sealed != nil {
			return o.open(t.key, sealed)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errStillRunning()
		}
	}
}

// run does the work, for which this process holds the reservation.
func (o *outcomes) run(ctx context.Context, t task, work func(context.Context) ([]byte, error)) (result []byte, err error) {
	defer func() { // also when OnLogin panics
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		var sealed []byte
		if err == nil && result != nil {
			sealed = o.sealed(t.key, result)
		}
		if err := o.store.SetOutcome(ctx, t.key, sealed, t.keep); err != nil {
			o.logger.WarnContext(ctx, "wxoauth: the outcome of a login cannot be stored", "error", err)
		}
	}()
	working, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	return work(working)
}

// sealed writes an outcome for the store, tied to its key.
func (o *outcomes) sealed(key string, result []byte) []byte {
	sealed, err := securecookie.EncodeMulti(key, result, o.seal...)
	if err != nil {
		return nil
	}
	return []byte(sealed)
}

func (o *outcomes) open(key string, sealed []byte) (result []byte, err error) {
	if securecookie.DecodeMulti(key, string(sealed), &result, o.seal...) != nil {
		return nil, newFailure(KindCode, errors.New("the login's outcome does not open"))
	}
	return result, nil
}

// spend marks what may be used once in its life, and reports whether it was unused.
func (o *outcomes) spend(ctx context.Context, key string, life time.Duration) (bool, error) {
	unused, err := o.store.Reserve(ctx, spentKey(key), life)
	if err != nil {
		return false, storeFailure("write", err)
	}
	return unused, nil
}

// unspend takes the mark back: nothing came of it.
func (o *outcomes) unspend(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := o.store.SetOutcome(ctx, spentKey(key), nil, 0); err != nil {
		o.logger.WarnContext(ctx, "wxoauth: a login that failed cannot be released", "error", err)
	}
}

func spentKey(key string) string { return key + " spent" }
