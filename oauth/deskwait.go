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

// A lobby holds the desktops that wait for their tickets. One goroutine looks up the tickets of
// all, and ends when nobody waits.
//
// net/http needs about 30 kB for a waiting request: two stacks and three buffers. So the lobby
// hijacks the connection if it can and writes the answer itself, which takes a tenth of that. With
// HTTP/2, and with a ResponseWriter that cannot be hijacked, the request waits.
type lobby struct {
	look func(ctx context.Context, held []ticket) (ticketState, error)

	mu      sync.Mutex
	waiting map[*waiter]struct{}
	servers map[*http.Server]struct{} // which call dismiss when they shut down
	close   context.CancelFunc        // ends the goroutine; nil if nobody waits
}

// A waiter is a poll that waits. It is answered once: when the state of its tickets changes, or
// when its time is over.
type waiter struct {
	held  []ticket
	seen  ticketState
	until time.Time
	tell  func(ticketState, error)
}

const (
	lobbyPause = 500 * time.Millisecond // between two rounds
	lobbyRound = 10 * time.Second       // time limit of a round
	lobbySpare = time.Second            // between an answer and the deadline of its request
	tellTime   = time.Second            // time limit for writing an answer of 300 bytes

	// maxTaken is how many connections the lobby hijacks at a time. It does not notice that a
	// browser has hung up, so a client could otherwise use up all connections. Further requests
	// wait as ordinary ones, which end with their connection.
	maxTaken = 20_000
)

// answer answers v with the state of the tickets as soon as it differs from seen, and at pollEnd
// in any case.
func (l *lobby) answer(v *visit, held []ticket, seen ticketState) {
	rw := v.w // kept apart, because v must not be used after this call: visits are on the stack
	w := &waiter{held: held, seen: seen, until: pollEnd(v.r, time.Now())}
	l.watch(v.r)
	if conn := l.takeOver(v); conn != nil {
		h := rw.Header().Clone()
		// Not by the goroutine that looks: a client that reads nothing would hold up all others.
		w.tell = func(state ticketState, err error) { go answerOn(conn, h, state, err) }
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

// pollEnd returns when a poll that begins now is answered at the latest: after deskPoll, or just
// before the app would cut it off, by a timeout middleware or by the WriteTimeout of its server.
func pollEnd(r *http.Request, now time.Time) time.Time {
	wait := deskPoll
	if deadline, ok := r.Context().Deadline(); ok {
		wait = min(wait, deadline.Sub(now)-lobbySpare)
	}
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if ok && server.WriteTimeout > 0 {
		wait = min(wait, server.WriteTimeout-lobbySpare)
	}
	return now.Add(wait)
}

// takeOver hijacks the connection of v. It returns nil if that is not possible, or if a middleware
// has said that it encodes the answer, as gin-contrib/gzip does: an answer that is written past it
// would not be encoded.
func (l *lobby) takeOver(v *visit) (conn net.Conn) {
	l.mu.Lock()
	full := len(l.waiting) >= maxTaken
	l.mu.Unlock()
	if _, ok := v.r.Context().Value(http.ServerContextKey).(*http.Server); full || !ok ||
		v.r.ProtoMajor != 1 || v.w.Header().Get("Content-Encoding") != "" || !hijackable(v.w) {
		return nil
	}
	defer func() {
		if recover() != nil { // gin's Hijack panics if the writer behind it has no such method
			conn = nil
		}
	}()
	conn, _, err := http.NewResponseController(v.w).Hijack()
	if err != nil {
		return nil
	}
	return conn
}

// hijackable reports whether the innermost writer can be hijacked. gin's in front of it has the
// method in any case, and once it was called in vain, takes the answer for written and sends 200.
func hijackable(w http.ResponseWriter) bool {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			_, ok = w.(http.Hijacker)
			return ok
		}
		w = outer.Unwrap()
	}
}

// answerOn writes the answer of writeState to a hijacked connection and closes it.
func answerOn(conn net.Conn, h http.Header, state ticketState, err error) {
	defer conn.Close() //nolint:errcheck // the desktop polls again in any case
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	status, body := stateAnswer(h, state, err)
	answer := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Close: true,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	_ = conn.SetWriteDeadline(time.Now().Add(tellTime))
	_ = answer.Write(conn) // fails only if the browser has hung up
}

// watch makes the server of r call dismiss when it shuts down. Otherwise a waiting poll would
// delay the shutdown, or be cut off.
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

// dismiss answers all waiters with the state that they have, so that they poll again and reach
// another server.
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

// leave removes w and reports whether it was still waiting.
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

// tell answers w, unless that has been done.
func (l *lobby) tell(w *waiter, state ticketState, err error) {
	if l.leave(w) {
		w.tell(state, err)
	}
}

// run looks up the tickets of all waiters, round after round.
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

// lookFor looks up the tickets of all waiters of a round. After the first error of the store the
// other waiters just go on waiting.
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
	_, _ = io.WriteString(w, body) // fails only if the browser has hung up
}

// stateAnswer returns the answer to a poll; err is an error of the store, or nil.
func stateAnswer(h http.Header, state ticketState, err error) (status int, body string) {
	h.Set("Content-Type", answers.TypeJSON)
	if err != nil {
		h.Set("Retry-After", "2")
		return http.StatusServiceUnavailable, `{"error":"` + string(KindStore) + "\"}\n"
	}
	return http.StatusOK, `{"state":"` + string(state) + "\"}\n"
}
