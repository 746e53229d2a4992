package oauth

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// flights are the tasks that this process is doing, and the results of the latest ones. A request
// that needs the same task gets the same result, without another question to the store.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

// A flight is a task that is being done or was done. After landed is closed, its fields do not
// change, except waiters.
type flight struct {
	landed  chan struct{}
	result  []byte
	err     error
	waiters int
	until   time.Time // when the result is dropped; zero while the task is being done
}

// maxResults is how many results are kept, each 2 kB at most. If there are more, some are dropped,
// and the store is asked instead.
const maxResults = 4096

// join returns the flight of a task. If leads is true, the caller must do the task and call land.
// join returns nil if too many wait for the task.
func (f *flights) join(t task, now time.Time) (one *flight, leads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one = f.byKey[t.key]; one != nil && (one.until.IsZero() || now.Before(one.until)) {
		if one.until.IsZero() {
			if one.waiters >= t.maxWaiters {
				return nil, false
			}
			one.waiters++
		}
		return one, false
	}
	one = &flight{landed: make(chan struct{})}
	f.byKey[t.key] = one
	return one, true
}

// land ends a flight. A result is kept for t.keep, a failure is not kept.
func (f *flights) land(t task, one *flight, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.err != nil {
		delete(f.byKey, t.key)
	} else {
		one.until = now.Add(t.keep)
		f.makeRoom(now)
	}
	close(one.landed)
}

// makeRoom drops the results whose time is over, and if that is not enough, any others.
func (f *flights) makeRoom(now time.Time) {
	if len(f.byKey) <= maxResults {
		return
	}
	for key, one := range f.byKey {
		if !one.until.IsZero() && (!now.Before(one.until) || len(f.byKey) > maxResults/2) {
			delete(f.byKey, key)
		}
	}
}

// wait waits for a flight that another request leads and returns its result.
func (one *flight) wait(ctx context.Context) ([]byte, error) {
	select {
	case <-one.landed:
		return one.result, one.err
	case <-ctx.Done():
		return nil, errStillRunning()
	}
}

// errStillRunning returns the failure of a wait that took too long.
func errStillRunning() *Failure {
	return &Failure{
		Status: http.StatusGatewayTimeout, Kind: KindUpstream,
		Err: errors.New("an earlier request for the same is still running"),
	}
}
