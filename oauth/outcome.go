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

// outcomes make sure that a task is done only once, although several requests, at several
// replicas, ask for it. An example is the exchange of a code, since WeChat may call back twice
// with it. Replicas share outcomes if the store can do that.
type outcomes struct {
	store   sessionstore.Outcomes
	seal    []securecookie.Codec // seals outcomes, which contain a session's cookie or tokens
	logger  *slog.Logger
	flights flights
}

func newOutcomes(cfg Config, store sessions.Store) (*outcomes, error) {
	o := &outcomes{
		store: cfg.Outcomes, logger: cfg.Logger, flights: flights{byKey: map[string]*flight{}},
	}
	if o.store == nil {
		o.store, _ = store.(sessionstore.Outcomes)
	}
	if o.store == nil {
		o.store = sessionstore.NewMemoryOutcomes()
		if cfg.Desk != nil {
			cfg.Logger.Warn("wxoauth: Desk works within one process only: " +
				"with more replicas set Outcomes, or a Store that has them")
		}
	}
	var err error
	o.seal, err = cfg.codecs("outcome")
	return o, err
}

const (
	workTime    = 8 * time.Second  // time limit of a task
	reserveTime = 10 * time.Second // of a reservation: how long others wait if its process has died
	waitTime    = 12 * time.Second // for a task of another process

	// The pauses between two looks at the task of another process. They get longer.
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// outcomeKey returns the key of the task with this purpose for a secret.
func outcomeKey(purpose, secret string) string {
	sum := sha256.Sum256([]byte(purpose + secret))
	return hex.EncodeToString(sum[:16])
}

// A task is something to do once.
type task struct {
	key        string
	maxWaiters int           // how many requests of a process may wait for it
	keep       time.Duration // how long the same outcome is returned again
}

// once returns the outcome of work. For each task work runs once, however many requests ask for it
// at all replicas. In each process one request asks the store, and the others wait for that one.
// If work fails, the next request tries again. ctx limits both work and waiting. It should not end
// with a request, because other requests may wait for the same work.
func (o *outcomes) once(
	ctx context.Context, t task, work func(context.Context) ([]byte, error),
) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	one, leads := o.flights.join(t, time.Now())
	switch {
	case one == nil:
		return nil, newFailure(KindLimited, errCrowded)
	case !leads:
		return one.wait(ctx)
	}
	// This is the error if work panics, as OnLogin may.
	one.err = newFailure(KindCode, errors.New("an earlier callback broke off"))
	defer func() { o.flights.land(t, one, time.Now()) }()
	one.result, one.err = o.lead(ctx, t, work)
	return one.result, one.err
}

// lead does the work, or waits for the process that does it.
func (o *outcomes) lead(
	ctx context.Context, t task, work func(context.Context) ([]byte, error),
) ([]byte, error) {
	pause, held := firstPause, false
	failure := func(op string, err error) *Failure {
		// The store may notice the end of ctx a moment before ctx does.
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

// run does the work, after this process has made the reservation.
func (o *outcomes) run(
	ctx context.Context, t task, work func(context.Context) ([]byte, error),
) (result []byte, err error) {
	defer func() { // also when OnLogin panics
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		var sealed []byte
		if err == nil && result != nil {
			sealed = o.sealed(t.key, result)
		}
		if err := o.store.SetOutcome(ctx, t.key, sealed, t.keep); err != nil {
			o.logger.WarnContext(ctx, "wxoauth: the outcome of a login cannot be stored",
				"error", err)
		}
	}()
	working, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	return work(working)
}

// sealed returns an outcome as it is stored, sealed for its key.
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

// spend marks key as used for the time life, and reports whether it was not used before.
func (o *outcomes) spend(ctx context.Context, key string, life time.Duration) (bool, error) {
	unused, err := o.store.Reserve(ctx, spentKey(key), life)
	if err != nil {
		return false, storeFailure("write", err)
	}
	return unused, nil
}

// unspend removes the mark, because the use has failed.
func (o *outcomes) unspend(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := o.store.SetOutcome(ctx, spentKey(key), nil, 0); err != nil {
		o.logger.WarnContext(ctx, "wxoauth: a login that failed cannot be released", "error", err)
	}
}

func spentKey(key string) string { return key + " spent" }
