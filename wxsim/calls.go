package wxsim

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	logLength   = 1000     // calls remembered
	logBody     = 16 << 10 // bytes remembered of a body and of an answer
	countedURLs = 1000     // different paths counted
)

// A Call is one request to WeChat and its answer. Long bodies are cut at 16 kB.
type Call struct {
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    url.Values  `json:"query,omitempty"`
	Form     url.Values  `json:"form,omitempty"` // of a form body
	Header   http.Header `json:"header,omitempty"`
	Body     []byte      `json:"-"`
	Status   int         `json:"status"`             // 0: the connection was dropped
	Location string      `json:"location,omitempty"` // where a page sent the browser
	Answer   []byte      `json:"-"`
	Code     int         `json:"code"` // errcode or the number of an error page; 0 is success
	At       time.Time   `json:"at"`   // when it was answered, by the simulator's clock
}

// calls counts and records the calls.
type calls struct {
	mu     sync.Mutex
	counts map[string]int
	log    []Call        // a ring once it is full
	next   int           // where the next one goes in a full ring
	total  int           // calls recorded so far, including dropped ones
	news   chan struct{} // closed by the next call; nil if nobody waits
}

// A numberedCall is a call with its number, counted from the start.
type numberedCall struct {
	Call

	Number int `json:"number"`
}

func (c *calls) count(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	if _, known := c.counts[path]; known || len(c.counts) < countedURLs {
		c.counts[path]++
	}
}

func (c *calls) record(r *request, a answer, now time.Time) {
	call := Call{
		Method: r.Method, Path: r.URL.Path, Query: r.query, Form: r.form(),
		Header: r.Header.Clone(),
		Body:   bytes.Clone(r.body[:min(len(r.body), logBody)]),
		Status: a.status, Location: a.header.Get("Location"),
		Answer: bytes.Clone(a.body[:min(len(a.body), logBody)]),
		Code:   a.code,
		At:     now,
	}
	if a.dropped {
		call.Status, call.Answer = 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total++
	if c.news != nil {
		close(c.news)
		c.news = nil
	}
	if len(c.log) < logLength {
		c.log = append(c.log, call)
		return
	}
	c.log[c.next] = call
	c.next = (c.next + 1) % logLength
}

// all returns the calls, oldest first. The caller holds mu.
func (c *calls) all() []Call { return slices.Concat(c.log[c.next:], c.log[:c.next]) }

// latest returns the last n calls, newest first.
func (c *calls) latest(n int) []numberedCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := c.all()
	log = log[max(0, len(log)-n):]
	slices.Reverse(log)
	numbered := make([]numberedCall, len(log))
	for i, call := range log {
		numbered[i] = numberedCall{call, c.total - i}
	}
	return numbered
}

// since returns all calls whose number is higher than after, oldest first, and a channel that is
// closed when the next call is recorded.
func (c *calls) since(after int) ([]numberedCall, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news == nil {
		c.news = make(chan struct{})
	}
	log := c.all()
	var numbered []numberedCall
	for i, call := range log {
		if number := c.total - len(log) + i + 1; number > after {
			numbered = append(numbered, numberedCall{call, number})
		}
	}
	return numbered, c.news
}

func (c *calls) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts, c.log, c.next = nil, nil, 0
}

// Calls returns how often a path was called, whatever the answer: an API such as "/sns/userinfo" or
// a page such as "/connect/oauth2/authorize".
func (s *Server) Calls(path string) int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return s.calls.counts[path]
}

// Log returns the last 1,000 calls, oldest first.
func (s *Server) Log() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return s.calls.all()
}

// Restart sets everything back as [New] has made it: users, codes, tokens, followers, switches,
// limits and the clock. Made-up appids, secrets and openids stay the same. Calls, faults and the
// cookies of the phones are dropped.
func (s *Server) Restart() {
	s.Reset()
	s.phone.forget()
	s.change(func(w *world) {
		w.clock.offset.Store(0)
		w.now = w.clock.now()
		w.begin()
	})
}

// Reset drops counters, log and faults. Users, codes and tokens are kept.
func (s *Server) Reset() {
	s.calls.reset()
	s.faults.reset()
}
