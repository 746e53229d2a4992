package oauth

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A lobby is where desktops wait for their tickets: one goroutine looks for all of them, and ends
// when nobody waits. A desktop that waits costs a few hundred bytes here.
type lobby struct {
	look func(ctx context.Context, held []ticket) (ticketState, error)

	mu      sync.Mutex
	waiting map[*waiter]struct{}
	servers map[*http.Server]struct{} // that tell when they shut down
	close   context.CancelFunc        // ends the goroutine; nil while nobody waits
}

// A waiter is told once when its tickets are no longer in the state that it has seen.
type waiter struct {
	held []ticket
	seen ticketState
	news chan ticketState
}

func (w *waiter) tell(state ticketState) {
	select {
	case w.news <- state:
	default: // told already, and about to leave
	}
}

const (
	lobbyPause = 500 * time.Millisecond // between two rounds
	lobbyRound = 10 * time.Second       // the longest that a round may take
)

// wait returns the first state of the tickets that is not seen, or seen when ctx is over.
func (l *lobby) wait(ctx context.Context, held []ticket, seen ticketState) ticketState {
	l.open(ctx)
	w := &waiter{held: held, seen: seen, news: make(chan ticketState, 1)}
	l.enter(w)
	defer l.leave(w)
	select {
	case state := <-w.news:
		return state
	case <-ctx.Done():
		return seen
	}
}

// open sees to it that nobody waits on a server that shuts down: a poll would hold it up.
func (l *lobby) open(ctx context.Context) {
	server, ok := ctx.Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.servers[server]; !known {
		if l.servers == nil {
			l.servers = map[*http.Server]struct{}{}
		}
		l.servers[server] = struct{}{}
		server.RegisterOnShutdown(l.dismiss)
	}
}

// dismiss tells everybody what they know, so that they ask again elsewhere.
func (l *lobby) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.waiting {
		w.tell(w.seen)
	}
}

func (l *lobby) enter(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		var ctx context.Context
		ctx, l.close = context.WithCancel(context.Background())
		l.waiting = map[*waiter]struct{}{}
		go l.run(ctx)
	}
	l.waiting[w] = struct{}{}
}

func (l *lobby) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, w)
	if len(l.waiting) == 0 {
		l.close()
	}
}

// run looks for everybody, round after round.
func (l *lobby) run(ctx context.Context) {
	next := time.NewTicker(lobbyPause)
	defer next.Stop()
	var round []*waiter
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		round = slices.AppendSeq(round[:0], maps.Keys(l.waiting))
		l.mu.Unlock()
		l.lookFor(ctx, round)
		clear(round)
	}
}

func (l *lobby) lookFor(ctx context.Context, round []*waiter) {
	ctx, cancel := context.WithTimeout(ctx, lobbyRound)
	defer cancel()
	for _, w := range round {
		state, err := l.look(ctx, w.held)
		if err != nil {
			return // the store is away: everybody waits on, as a poll that ends asks it once more
		}
		if state != w.seen {
			w.tell(state)
		}
	}
}
