package redisvisit

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
)

func newServer(t *testing.T, addr string, timeout time.Duration) *Server {
	t.Helper()
	client, _ := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true})
	require.NotNil(t, client, "no client")
	t.Cleanup(client.Close)
	return New(client, timeout)
}

func TestTroubleIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hangs trouble
		seems := func() bool { return hangs.at(time.Now()) }
		first := hangs.begin(time.Now())
		if second := hangs.begin(time.Now()); !first || second {
			t.Error("others do not look at the one that waits longest")
		}
		if time.Sleep(slow); seems() {
			t.Error("a read that takes 50 ms is trouble")
		}
		if time.Sleep(time.Millisecond); !seems() {
			t.Error("a read that takes longer is none")
		}
		if hangs.end(first); seems() {
			t.Error("its end does not end the trouble")
		}
		if hangs.heard(rueidis.NewErrorResult(errors.New("no answer"))); !seems() {
			t.Error("no answer is no trouble")
		}
		if hangs.heard(rueidis.RedisResult{}); seems() {
			t.Error("an answer does not end the trouble")
		}
	})
}

// A visit ends when its caller's time is up, and goes on when the caller has left.
func TestTimeOfAVisit(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	s := newServer(t, proxy.Addr, 5*time.Second)
	get := func(ctx context.Context) error {
		err := s.Do(ctx, s.Client.B().Get().Key("k").Build()).Error()
		if Missing(err) {
			return nil
		}
		return err
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	require.NoError(t, get(left), "a visit of a caller who has left")
	proxy.Delay(time.Second)
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := get(hurried); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 500*time.Millisecond {
		t.Errorf("a visit of a caller with 50 ms: %v after %v", err, time.Since(began))
	}
}

// What a server that hung carries out when it goes on is taken back, and nothing else.
func TestTakeBack(t *testing.T) {
	server := redistest.Start(t)
	s := newServer(t, server.Addr, 50*time.Millisecond)
	server.Do("SET", "mine", "me")
	server.Do("SET", "theirs", "somebody else")
	server.Pause()
	for _, key := range []string{"mine", "theirs"} {
		go s.TakeBack(t.Context(), key, "me", time.Minute)
	}
	server.Resume()
	server.Eventually("mine is gone", func() bool { return server.Do("GET", "mine") == "(nil)" })
	require.Equal(t, "somebody else", server.Do("GET", "theirs"))
}

// A flood that meets a Redis that hangs leaves no more work behind than a bound.
func TestTakingBackIsBounded(t *testing.T) {
	server := redistest.Start(t)
	s := newServer(t, server.Addr, 50*time.Millisecond)
	server.Pause()
	var gone sync.WaitGroup
	for range maxOwed {
		gone.Go(func() { s.TakeBack(t.Context(), "k", "me", time.Minute) })
	}
	for s.owed.Load() < maxOwed {
		runtime.Gosched()
	}
	s.TakeBack(t.Context(), "k", "me", time.Hour) // it does not wait
	server.Resume()
	gone.Wait()
	require.Zero(t, s.owed.Load(), "keys are owed for ever")
}

// A script's text is sent once, and again to a Redis that has forgotten it.
func TestScripts(t *testing.T) {
	server := redistest.Start(t)
	s := newServer(t, server.Addr, 5*time.Second)
	script := NewScript("return redis.call('INCR', KEYS[1])")
	for want := range int64(6) {
		if want == 3 {
			server.Do("SCRIPT", "FLUSH")
			server.Forget()
		}
		if got, err := s.Run(t.Context(), script, []string{"k"}).AsInt64(); got != want+1 || err != nil {
			t.Errorf("Run = %d, %v; want %d", got, err, want+1)
		}
	}
	if got := server.Commands(); got["EVAL"] != 1 || got["EVALSHA"] != 3 {
		t.Errorf("three runs cost %v", got)
	}
}
