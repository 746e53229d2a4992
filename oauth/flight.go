package oauth

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// flights are the works that are under way in this process, and the results of a while ago. Whoever
// asks for the same work meanwhile gets the same result, and costs the store nothing.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

// A flight is one work. Its fields but waiters are final once landed is closed.
type flight struct {
	landed  chan struct{}
	result  []byte
	err     error
	waiters int
	until   time.Time // when a result is forgotten; zero: under way
}

// maxResults bounds the results that are remembered, each 2 kB at most. Beyond it the store is asked.
const maxResults = 4096

// join returns the flight of a task, and whether the caller leads it, which means to do the work and
// to land it. nil: too many wait for it already.
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
	if f.byKey == nil {
		f.byKey = map[string]*flight{}
	}
	one = &flight{landed: make(chan struct{})}
	f.byKey[t.key] = one
	return one, true
}

// land ends a flight. Its result is remembered for a while, its failure is not.
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

// makeRoom forgets results: those that are over, and if that is not enough any.
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

// wait returns the result of a flight that somebody else leads.
func (one *flight) wait(ctx context.Context) ([]byte, error) {
	select {
	case <-one.landed:
		return one.result, one.err
	case <-ctx.Done():
		return nil, errStillRunning()
	}
}

// errStillRunning is the failure of a wait that is over.
func errStillRunning() *Failure {
	return &Failure{Status: http.StatusGatewayTimeout, Kind: KindUpstream, Err: errors.New("an earlier request for the same is still running")}
}
