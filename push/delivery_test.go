package push_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

// An answer and how long it took.
type timed struct {
	*httptest.ResponseRecorder
	took time.Duration
}

// deliverAll sends every request at the same time and waits for all answers.
func deliverAll(h http.Handler, requests ...*http.Request) []timed {
	answers := make([]timed, len(requests))
	var wait sync.WaitGroup
	for i, r := range requests {
		wait.Go(func() {
			start := time.Now()
			answers[i] = timed{serve(h, r), time.Since(start)}
		})
	}
	wait.Wait()
	return answers
}

// drain fails the test if a callback runs for longer than limit.
func drain(t *testing.T, h *push.Handler, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := h.Drain(ctx); err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// counting is a config whose OnAny counts its calls before it does what it is told.
func counting(do func(ctx context.Context, call int32) (*push.Reply, error)) (push.Config, *atomic.Int32) {
	var calls atomic.Int32
	cfg := config()
	cfg.OnAny = func(ctx context.Context, _ *push.Message) (*push.Reply, error) { return do(ctx, calls.Add(1)) }
	return cfg, &calls
}

func nothing(context.Context, int32) (*push.Reply, error) { return nil, nil }

func sleeping(d time.Duration, err error) func(context.Context, int32) (*push.Reply, error) {
	return func(context.Context, int32) (*push.Reply, error) {
		time.Sleep(d)
		return nil, err
	}
}

// checkTimed wants an answer with a status after that time.
func checkTimed(t *testing.T, w timed, status int, took time.Duration) {
	t.Helper()
	checkAnswer(t, w.ResponseRecorder, status)
	require.Equal(t, took, w.took)
}

func checkCalls(t *testing.T, calls *atomic.Int32, want int32) {
	t.Helper()
	require.EqualValues(t, want, calls.Load())
}

func TestRepeatIsHandledOnce(t *testing.T) {
	for _, mode := range []push.Mode{push.Safe, push.Plain} {
		t.Run("one after another in "+mode.String()+" mode", func(t *testing.T) {
			cfg, calls := counting(nothing)
			cfg.Mode = mode
			h := newHandler(t, cfg)
			send := map[push.Mode]func(string) *http.Request{push.Safe: account.safe, push.Plain: account.plain}[mode]
			message := eventXML("e", "")
			for range 3 {
				checkAnswer(t, serve(h, send(message)), http.StatusOK)
			}
			checkCalls(t, calls, 1)
			checkAnswer(t, serve(h, send(eventXML("another", ""))), http.StatusOK)
			checkCalls(t, calls, 2)
		})
	}
	inBubble(t, "until it is stale", func(t *testing.T) {
		cfg, calls := counting(nothing)
		h := newHandler(t, cfg)
		message := eventXML("e", "")
		r := account.safe(message)
		for range 10 {
			checkAnswer(t, serve(h, account.safe(message)), http.StatusOK)
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Second)
		checkAnswer(t, serve(h, r), http.StatusForbidden)
		checkCalls(t, calls, 1)
	})
}

func TestParallelDeliveriesShareOneAnswer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		do     func(context.Context, int32) (*push.Reply, error)
		took   time.Duration
		status int
		reply  string
	}{
		{"quick", sleeping(0, nil), 0, http.StatusOK, ""},
		{"some seconds", sleeping(3*time.Second, nil), 3 * time.Second, http.StatusOK, ""},
		{"too slow", sleeping(30*time.Second, nil), 4500 * time.Millisecond, http.StatusOK, ""},
		{"fails", sleeping(time.Second, errors.New("no")), time.Second, http.StatusInternalServerError, ""},
		{"panics", func(context.Context, int32) (*push.Reply, error) {
			time.Sleep(time.Second)
			panic("no")
		}, time.Second, http.StatusInternalServerError, ""},
		{"replies", func(context.Context, int32) (*push.Reply, error) {
			time.Sleep(time.Second)
			return &push.Reply{Raw: []byte("<xml>hi</xml>")}, nil
		}, time.Second, http.StatusOK, "<xml>hi</xml>"},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			cfg, calls := counting(tt.do)
			h := newHandler(t, cfg)
			message := eventXML("e", "")
			requests := []*http.Request{account.safe(message), account.safe(message), account.safe(message)}
			for i, w := range deliverAll(h, requests...) {
				if tt.reply != "" {
					require.Equal(t, tt.reply, account.openReply(t, requests[i], w.ResponseRecorder))
				} else {
					checkAnswer(t, w.ResponseRecorder, tt.status)
				}
				require.Equal(t, tt.took, w.took)
			}
			checkCalls(t, calls, 1)
			drain(t, h, time.Minute)
		})
	}
}

func TestFailureIsDeliveredAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func() error
		log  string
	}{
		{"error", func() error { return errors.New("disk full") }, "disk full"},
		{"panic", func() error { panic("at the disco") }, "at the disco"},
		{"panic as net/http allows it", func() error { panic(http.ErrAbortHandler) }, "abort"},
		{"runtime panic", func() error { return []error{}[len(os.Args)] }, "out of range"},
		{"end of the goroutine", func() error { runtime.Goexit(); return nil }, "goroutine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			cfg, calls := counting(func(_ context.Context, call int32) (*push.Reply, error) {
				if call < 3 {
					return nil, tt.fail()
				}
				return nil, nil
			})
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			h := newHandler(t, cfg)
			message := eventJSON("e", "")
			for _, status := range []int{500, 500, 200, 200} {
				checkAnswer(t, serve(h, account.safe(message)), status)
			}
			checkCalls(t, calls, 3)
			if text := log.String(); strings.Count(text, "level=ERROR") != 2 || !strings.Contains(text, tt.log) {
				t.Errorf("log = %q, want %q twice", text, tt.log)
			}
		})
	}
	t.Run("of a callback for one event", func(t *testing.T) {
		cfg, calls := counting(nothing)
		fail := errors.New("no")
		cfg.OnMediaCheck = func(context.Context, *push.MediaCheck) error {
			calls.Add(1)
			return fail
		}
		h := newHandler(t, cfg)
		message := eventJSON("wxa_media_check", "")
		checkAnswer(t, serve(h, account.safe(message)), http.StatusInternalServerError)
		fail = nil
		checkAnswer(t, serve(h, account.safe(message)), http.StatusOK)
		checkAnswer(t, serve(h, account.safe(message)), http.StatusOK)
		checkCalls(t, calls, 2)
	})
}

func TestSlowCallback(t *testing.T) {
	inBubble(t, "a repeat later than the answer is answered at once", func(t *testing.T) {
		cfg, calls := counting(sleeping(30*time.Second, nil))
		h := newHandler(t, cfg)
		message := eventXML("e", "")
		deliverAll(h, account.safe(message))
		for _, wait := range []time.Duration{0, 5 * time.Second, 30 * time.Second} {
			time.Sleep(wait)
			checkTimed(t, deliverAll(h, account.safe(message))[0], http.StatusOK, 0)
		}
		checkCalls(t, calls, 1)
	})
	inBubble(t, "a repeat before the answer gets it at the same time", func(t *testing.T) {
		cfg, calls := counting(sleeping(30*time.Second, nil))
		h := newHandler(t, cfg)
		message := eventXML("e", "")
		go serve(h, account.safe(message))
		time.Sleep(3 * time.Second)
		checkTimed(t, deliverAll(h, account.safe(message))[0], http.StatusOK, 1500*time.Millisecond)
		drain(t, h, time.Minute)
		checkCalls(t, calls, 1)
	})
	inBubble(t, "a late failure is logged, and a repeat handled", func(t *testing.T) {
		var log bytes.Buffer
		cfg, calls := counting(func(_ context.Context, call int32) (*push.Reply, error) {
			if call == 1 {
				time.Sleep(10 * time.Second)
				return nil, errors.New("too bad")
			}
			return nil, nil
		})
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		h := newHandler(t, cfg)
		message := eventXML("e", "")
		checkAnswer(t, serve(h, account.safe(message)), http.StatusOK)
		drain(t, h, time.Minute)
		if text := log.String(); !strings.Contains(text, "too bad") || !strings.Contains(text, "answered_before=true") {
			t.Errorf("log = %q", text)
		}
		checkAnswer(t, serve(h, account.safe(message)), http.StatusOK)
		checkCalls(t, calls, 2)
	})
	inBubble(t, "a late reply is logged", func(t *testing.T) {
		var log bytes.Buffer
		cfg, _ := counting(func(context.Context, int32) (*push.Reply, error) {
			time.Sleep(10 * time.Second)
			return &push.Reply{Text: "hi"}, nil
		})
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		h := newHandler(t, cfg)
		checkAnswer(t, serve(h, account.safe(eventXML("e", ""))), http.StatusOK)
		drain(t, h, time.Minute)
		require.Contains(t, log.String(), "level=WARN")
	})
	inBubble(t, "its context ends after 60 seconds, not with the request", func(t *testing.T) {
		type key struct{}
		start := time.Now()
		var ended time.Duration
		var value any
		cfg, _ := counting(func(ctx context.Context, _ int32) (*push.Reply, error) {
			value = ctx.Value(key{})
			<-ctx.Done()
			ended = time.Since(start)
			return nil, ctx.Err()
		})
		h := newHandler(t, cfg)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
		checkAnswer(t, serve(h, account.safe(eventXML("e", "")).WithContext(ctx)), http.StatusOK)
		cancel() // as net/http does when the answer is written
		drain(t, h, 2*time.Minute)
		require.Equal(t, time.Minute, ended)
		require.Equal(t, "trace", value)
	})
	inBubble(t, "the time for the body counts", func(t *testing.T) {
		cfg, _ := counting(sleeping(10*time.Second, nil))
		h := newHandler(t, cfg)
		r := account.safe(eventXML("e", ""))
		r.Body = slowBody{r.Body, 2 * time.Second}
		checkTimed(t, deliverAll(h, r)[0], http.StatusOK, 4500*time.Millisecond)
		drain(t, h, time.Minute)
	})
	inBubble(t, "a body that comes too late is handled", func(t *testing.T) {
		cfg, calls := counting(sleeping(time.Second, nil))
		h := newHandler(t, cfg)
		r := account.safe(eventXML("e", ""))
		r.Body = slowBody{r.Body, 5 * time.Second}
		serve(h, r) // nobody is there to read the answer
		drain(t, h, time.Minute)
		checkCalls(t, calls, 1)
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		startClock()
		cfg, calls := counting(sleeping(20*time.Second, nil))
		h := newHandler(t, cfg)
		drain(t, h, time.Nanosecond) // nothing runs
		for _, name := range []string{"a", "b"} {
			go serve(h, account.safe(eventXML(name, "")))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, h.Drain(ctx), context.DeadlineExceeded)
		start := time.Now()
		drain(t, h, time.Minute)
		require.Equal(t, 10*time.Second, time.Since(start))
		checkCalls(t, calls, 2)
	})
}

// A slowBody keeps its reader waiting.
type slowBody struct {
	io.ReadCloser
	wait time.Duration
}

func (b slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		time.Sleep(b.wait)
	}
	return n, err
}
