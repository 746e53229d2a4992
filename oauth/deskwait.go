package oauth

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// A lobby is where desktops wait for their tickets: one goroutine looks for all of them, and ends
// when nobody waits.
//
// net/http keeps about 30 kB for a request that waits: two stacks and three buffers. So the lobby
// takes over the connection where it can, and answers there itself; then a desktop that waits costs
// a tenth of that. Over HTTP/2, and through a ResponseWriter that gives no connection away, the
// request waits.
type lobby struct {
	look func(ctx context.Context, held []ticket) (ticketState, error)

	mu      sync.Mutex
	waiting map[*waiter]struct{}
	servers map[*http.Server]struct{} // that tell when they shut down
	close   context.CancelFunc        // ends the goroutine; nil while nobody waits
}

// A waiter is told once: when its tickets are no longer in the state that it has seen, or when its
// time is over.
type waiter struct {
	held  []ticket
	seen  ticketState
	until time.Time
	tell  func(ticketState, error)
}

const (
	lobbyPause = 500 * time.Millisecond // between two rounds
	lobbyRound = 10 * time.Second       // the longest that a round may take
	tellTime   = time.Second            // to write an answer of 300 bytes

	// maxTaken bounds the connections that the lobby holds, as it does not notice a browser that hangs
	// up. Beyond it the requests wait, and end with their connections.
	maxTaken = 20_000
)

// answer tells v the first state of the tickets that is not seen, or the one that they are in after
// deskPoll.
func (l *lobby) answer(v *visit, held []ticket, seen ticketState) {
	rw := v.w // what outlives this call may not hold v: visits live on the stack
	w := &waiter{held: held, seen: seen, until: time.Now().Add(deskPoll)}
	l.watch(v.r)
	if conn := l.takeOver(v); conn != nil {
		h := rw.Header().Clone()
		w.tell = func(state ticketState, err error) { answerOn(conn, h, state, err) }
		l.enter(w)
		return
	}
	news := make(chan func(), 1)
	w.tell = func(state ticketState, err error) { news <- func() { writeState(rw, state, err) } }
	l.enter(w)
	select {
	case answer := <-news:
		answer()
	case <-v.r.Context().Done():
		l.leave(w)
	}
}

// takeOver returns the connection of v, or nil where it cannot be had.
func (l *lobby) takeOver(v *visit) (conn net.Conn) {
	l.mu.Lock()
	full := len(l.waiting) >= maxTaken
	l.mu.Unlock()
	if _, ok := v.r.Context().Value(http.ServerContextKey).(*http.Server); full || !ok || v.r.ProtoMajor != 1 {
		return nil
	}
	defer func() {
		if recover() != nil { // gin asks the writer behind its own without looking whether it can
			conn = nil
		}
	}()
	conn, _, err := http.NewResponseController(v.w).Hijack()
	if err != nil {
		return nil
	}
	return conn
}

// answerOn writes what writeState writes to a connection that was taken over, and closes it.
func answerOn(conn net.Conn, h http.Header, state ticketState, err error) {
	defer conn.Close() //nolint:errcheck // the desktop asks again
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	status, body := stateAnswer(h, state, err)
	answer := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Close: true,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	_ = conn.SetWriteDeadline(time.Now().Add(tellTime))
	_ = answer.Write(conn) // the browser hung up
}

// watch sees to it that nobody waits on a server that shuts down: a poll would hold it up, or be cut.
func (l *lobby) watch(r *http.Request) {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
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
	all := slices.Collect(maps.Keys(l.waiting))
	l.mu.Unlock()
	for _, w := range all {
		l.tell(w, w.seen, nil)
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

// leave reports whether w was waiting until now.
func (l *lobby) leave(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.waiting[w]; !ok {
		return false
	}
	delete(l.waiting, w)
	if len(l.waiting) == 0 {
		l.close()
	}
	return true
}

// tell tells w, unless somebody else has done so.
func (l *lobby) tell(w *waiter, state ticketState, err error) {
	if l.leave(w) {
		w.tell(state, err)
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

// lookFor looks for each of a round. While the store is away the others are not kept from waiting on.
func (l *lobby) lookFor(ctx context.Context, round []*waiter) {
	ctx, cancel := context.WithTimeout(ctx, lobbyRound)
	defer cancel()
	var away error
	for _, w := range round {
		state := w.seen
		if away == nil {
			if state, away = l.look(ctx, w.held); away != nil {
				state = w.seen
			}
		}
		if state != w.seen || !time.Now().Before(w.until) {
			l.tell(w, state, away)
		}
	}
}

func writeState(w http.ResponseWriter, state ticketState, err error) {
	status, body := stateAnswer(w.Header(), state, err)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the browser hung up
}

// stateAnswer returns the answer to a poll; err means that the store is away.
func stateAnswer(h http.Header, state ticketState, err error) (status int, body string) {
	h.Set("Content-Type", answers.TypeJSON)
	if err != nil {
		h.Set("Retry-After", "2")
		return http.StatusServiceUnavailable, `{"error":"` + string(KindStore) + "\"}\n"
	}
	return http.StatusOK, `{"state":"` + string(state) + "\"}\n"
}
