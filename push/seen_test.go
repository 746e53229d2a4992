package push_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/push"
)

// What the comment on push.Seen promises. Time passes in a bubble.
func TestSeenContract(t *testing.T) {
	const key, ttl = "aa", time.Minute
	reserve := func(s push.Seen) string {
		reserved, done, err := s.Reserve(t.Context(), key, ttl)
		if err != nil || (reserved && done) {
			return "broken"
		}
		return map[[2]bool]string{{true, false}: "reserved now", {false, true}: "done"}[[2]bool{reserved, done}]
	}
	for _, tt := range []struct {
		name string
		do   func(s push.Seen)
		want string // "" is reserved by somebody else
	}{
		{"unknown", func(push.Seen) {}, "reserved now"},
		{"reserved", func(s push.Seen) { reserve(s) }, ""},
		{"just before the end", func(s push.Seen) { reserve(s); time.Sleep(ttl - 1) }, ""},
		{"at the end", func(s push.Seen) { reserve(s); time.Sleep(ttl) }, "reserved now"},
		{"asking again is no extension", func(s push.Seen) { reserve(s); time.Sleep(ttl / 2); reserve(s); time.Sleep(ttl / 2) }, "reserved now"},
		{"extended", func(s push.Seen) {
			reserve(s)
			time.Sleep(ttl / 2)
			_ = s.Extend(t.Context(), key, ttl)
			time.Sleep(ttl - 1)
		}, ""},
		{"extended until", func(s push.Seen) {
			reserve(s)
			time.Sleep(ttl / 2)
			_ = s.Extend(t.Context(), key, ttl)
			time.Sleep(ttl)
		}, "reserved now"},
		{"an extension never shortens", func(s push.Seen) {
			reserve(s)
			_ = s.Extend(t.Context(), key, time.Second)
			time.Sleep(ttl / 2)
		}, ""},
		{"an extension reserves nothing", func(s push.Seen) { _ = s.Extend(t.Context(), key, ttl) }, "reserved now"},
		{"released", func(s push.Seen) { reserve(s); _ = s.Release(t.Context(), key) }, "reserved now"},
		{"another one released", func(s push.Seen) { reserve(s); _ = s.Release(t.Context(), "bb") }, ""},
		{"done", func(s push.Seen) { reserve(s); _ = s.Done(t.Context(), key, time.Hour); time.Sleep(time.Hour - 1) }, "done"},
		{"done until", func(s push.Seen) { reserve(s); _ = s.Done(t.Context(), key, time.Hour); time.Sleep(time.Hour) }, "reserved now"},
		{"done without reservation", func(s push.Seen) { _ = s.Done(t.Context(), key, time.Hour) }, "done"},
		{"done stays done when released", func(s push.Seen) { _ = s.Done(t.Context(), key, time.Hour); _ = s.Release(t.Context(), key) }, "done"},
		{"done stays done when extended", func(s push.Seen) { _ = s.Done(t.Context(), key, time.Hour); _ = s.Extend(t.Context(), key, ttl) }, "done"},
		{"done is not extended", func(s push.Seen) {
			_ = s.Done(t.Context(), key, time.Second)
			_ = s.Extend(t.Context(), key, ttl)
			time.Sleep(time.Second)
		}, "reserved now"},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			s := push.NewMemory(10)
			tt.do(s)
			require.Equal(t, tt.want, reserve(s))
		})
	}
	t.Run("one of many gets it", func(t *testing.T) {
		s := push.NewMemory(10)
		var got atomic.Int32
		webtest.AtOnce(50, func(int) {
			if reserved, _, _ := s.Reserve(t.Context(), key, ttl); reserved {
				got.Add(1)
			}
		})
		require.EqualValues(t, 1, got.Load())
	})
}

func TestMemoryIsBounded(t *testing.T) {
	s := push.NewMemory(100)
	for i := range 1000 {
		_ = s.Done(t.Context(), strconv.Itoa(i), time.Hour)
	}
	known := 0
	for i := range 1000 {
		if _, done, _ := s.Reserve(t.Context(), strconv.Itoa(i), 0); done {
			known++
		}
	}
	require.LessOrEqual(t, known, 100)
	// The loop above made reservations that end at once; the newest key is what was there last.
	_ = s.Done(t.Context(), "new", time.Hour)
	if _, done, _ := s.Reserve(t.Context(), "new", 0); !done {
		t.Error("the newest key is forgotten")
	}
}

// processes are handlers of one account that share a Seen.
func processes(t *testing.T, seen push.Seen, configs ...push.Config) []*push.Handler {
	t.Helper()
	var all []*push.Handler
	for _, cfg := range configs {
		cfg.Seen = seen
		all = append(all, newHandler(t, cfg))
	}
	return all
}

func TestSeveralProcesses(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second func(context.Context, int32) (*push.Reply, error)
		status        [2]int
		took          time.Duration // of the second
		calls         [2]int32
	}{
		{"the second waits for the first", sleeping(2*time.Second, nil), nothing, [2]int{200, 200}, 1100 * time.Millisecond, [2]int32{1, 0}},
		{"the second takes over from one that failed", sleeping(2*time.Second, errors.New("no")), nothing, [2]int{500, 200}, 1100 * time.Millisecond, [2]int32{1, 1}},
		{"both fail", sleeping(2*time.Second, errors.New("no")), sleeping(0, errors.New("no")), [2]int{500, 500}, 1100 * time.Millisecond, [2]int32{1, 1}},
		{"the first is slow", sleeping(30*time.Second, nil), nothing, [2]int{200, 200}, 4500 * time.Millisecond, [2]int32{1, 0}},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			first, firstCalls := counting(tt.first)
			second, secondCalls := counting(tt.second)
			both := processes(t, push.NewMemory(10), first, second)
			message := eventXML("e", "")
			answered := make(chan timed, 1)
			go func() { answered <- deliverAll(both[0], account.safe(message))[0] }()
			time.Sleep(950 * time.Millisecond) // it looks again at 2.05 s
			w := deliverAll(both[1], account.safe(message))[0]
			checkAnswer(t, (<-answered).ResponseRecorder, tt.status[0])
			checkAnswer(t, w.ResponseRecorder, tt.status[1])
			require.LessOrEqual(t, w.took, tt.took)
			require.GreaterOrEqual(t, w.took, tt.took-100*time.Millisecond)
			drain(t, both[0], time.Minute)
			drain(t, both[1], time.Minute)
			checkCalls(t, firstCalls, tt.calls[0])
			checkCalls(t, secondCalls, tt.calls[1])
			// A later repeat is known wherever it arrives.
			if tt.status[1] == 200 {
				checkAnswer(t, serve(both[0], account.safe(message)), http.StatusOK)
				checkCalls(t, firstCalls, tt.calls[0])
			}
		})
	}
	inBubble(t, "the second takes over from one that died", func(t *testing.T) {
		dying := &spySeen{Seen: push.NewMemory(10)}
		cfg, calls := counting(nothing)
		h := processes(t, dying, cfg)[0]
		message := eventXML("e", "")
		// The dead process has reserved the message and does not renew that.
		dying.before = func(key string) { _, _, _ = dying.Seen.Reserve(t.Context(), key, 3*time.Second) }
		w := deliverAll(h, account.safe(message))[0]
		checkAnswer(t, w.ResponseRecorder, http.StatusOK)
		require.LessOrEqual(t, w.took, 3100*time.Millisecond)
		checkCalls(t, calls, 1)
	})
}

// A spySeen notes what is asked of it, and can be made to fail or hang.
type spySeen struct {
	push.Seen
	mu     sync.Mutex
	notes  []string
	before func(key string) // the first Reserve
	broken map[string]bool  // calls that fail
	hangs  bool             // calls wait for their context to end
}

func (s *spySeen) call(ctx context.Context, name string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, name+" "+ttl.String())
	if s.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.broken[name] {
		return errors.New("connection refused")
	}
	return nil
}

func (s *spySeen) Reserve(ctx context.Context, key string, ttl time.Duration) (reserved, done bool, err error) {
	if err := s.call(ctx, "reserve", ttl); err != nil {
		return false, false, err
	}
	if s.before != nil {
		s.before(key)
		s.before = nil
	}
	return s.Seen.Reserve(ctx, key, ttl)
}

func (s *spySeen) Extend(ctx context.Context, key string, ttl time.Duration) error {
	return errors.Join(s.call(ctx, "extend", ttl), s.Seen.Extend(ctx, key, ttl))
}

func (s *spySeen) Done(ctx context.Context, key string, ttl time.Duration) error {
	if err := s.call(ctx, "done", ttl); err != nil {
		return err
	}
	return s.Seen.Done(ctx, key, ttl)
}

func (s *spySeen) Release(ctx context.Context, key string) error {
	if err := s.call(ctx, "release", 0); err != nil {
		return err
	}
	return s.Seen.Release(ctx, key)
}

func TestWhatSeenIsAsked(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(context.Context, int32) (*push.Reply, error)
		want []string
	}{
		{"success is done for a day", nothing, []string{"reserve 3s", "done 24h0m0s"}},
		{"failure is never done", sleeping(0, errors.New("no")), []string{"reserve 3s", "release 0s"}},
		{"a running callback renews", sleeping(3500*time.Millisecond, nil), []string{"reserve 3s", "extend 3s", "extend 3s", "extend 3s", "done 24h0m0s"}},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			spy := &spySeen{Seen: push.NewMemory(10)}
			cfg, _ := counting(tt.do)
			h := processes(t, spy, cfg)[0]
			serve(h, account.safe(eventXML("e", "")))
			drain(t, h, time.Minute)
			require.Equal(t, tt.want, spy.notes)
		})
	}
}

// While Seen fails, messages are handled all the same, and answered in time.
func TestSeenOutage(t *testing.T) {
	all := map[string]bool{"reserve": true, "extend": true, "done": true, "release": true}
	for _, tt := range []struct {
		name   string
		spy    *spySeen
		do     func(context.Context, int32) (*push.Reply, error)
		status int
		within time.Duration
	}{
		{"down", &spySeen{broken: all}, sleeping(2*time.Second, nil), http.StatusOK, 2 * time.Second},
		{"down, and the callback fails", &spySeen{broken: all}, sleeping(0, errors.New("no")), http.StatusInternalServerError, 0},
		{"hangs", &spySeen{hangs: true}, nothing, http.StatusOK, 2 * time.Second},
		{"hangs, and the callback fails", &spySeen{hangs: true}, sleeping(0, errors.New("no")), http.StatusInternalServerError, 2 * time.Second},
		{"hangs, and the callback fails at the last moment", &spySeen{hangs: true}, sleeping(3400*time.Millisecond, errors.New("no")), http.StatusInternalServerError, 4500 * time.Millisecond},
		{"done cannot be noted", &spySeen{broken: map[string]bool{"done": true}}, nothing, http.StatusOK, 0},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			tt.spy.Seen = push.NewMemory(10)
			cfg, calls := counting(tt.do)
			h := processes(t, tt.spy, cfg)[0]
			w := deliverAll(h, account.safe(eventXML("e", "")))[0]
			checkAnswer(t, w.ResponseRecorder, tt.status)
			require.LessOrEqual(t, w.took, tt.within)
			drain(t, h, time.Minute)
			checkCalls(t, calls, 1)
		})
	}
}
