package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// RunOutcomes tests the [sessionstore.Outcomes] of a store. Each call of newOutcomes must return
// empty ones. It does not test that they end after their ttl: the store's own tests, which know
// its clock, must do that.
func RunOutcomes(t *testing.T, newOutcomes func(t *testing.T) sessionstore.Outcomes) {
	t.Helper()
	t.Run("a reservation keeps others out", func(t *testing.T) {
		o := newOutcomes(t)
		wantOutcome(t, o, "", false)
		wantReserve(t, o, true)
		wantReserve(t, o, false)
		wantOutcome(t, o, "", true)
	})
	t.Run("an outcome keeps others out", func(t *testing.T) {
		o := newOutcomes(t)
		wantReserve(t, o, true)
		setOutcome(t, o, []byte("done"))
		wantReserve(t, o, false)
		wantOutcome(t, o, "done", true)
	})
	t.Run("a later outcome replaces the earlier", func(t *testing.T) {
		o := newOutcomes(t)
		setOutcome(t, o, []byte("first"))
		setOutcome(t, o, []byte("second"))
		wantOutcome(t, o, "second", true)
	})
	t.Run("a nil outcome releases", func(t *testing.T) {
		o := newOutcomes(t)
		wantReserve(t, o, true)
		setOutcome(t, o, nil)
		wantOutcome(t, o, "", false)
		wantReserve(t, o, true)
	})
	t.Run("any bytes are kept", func(t *testing.T) {
		o := newOutcomes(t)
		for _, outcome := range []string{"\x00", "\r\n+OK\r\n", "\xff\xfe", "登录"} {
			setOutcome(t, o, []byte(outcome))
			wantOutcome(t, o, outcome, true)
		}
	})
	t.Run("callers keep their bytes", func(t *testing.T) {
		o := newOutcomes(t)
		mine := []byte("done")
		setOutcome(t, o, mine)
		clear(mine)
		got, _, _ := o.Outcome(t.Context(), state)
		clear(got)
		wantOutcome(t, o, "done", true)
	})
	t.Run("one key says nothing of another", func(t *testing.T) {
		o := newOutcomes(t)
		wantReserve(t, o, true)
		if got, held, err := o.Outcome(t.Context(), state+"2"); got != nil || held || err != nil {
			t.Errorf("Outcome of a key that was never reserved = %q, %t, %v", got, held, err)
		}
	})
	t.Run("one of many gets the reservation", func(t *testing.T) {
		o := newOutcomes(t)
		var winners atomic.Int32
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if ok, _ := o.Reserve(t.Context(), state, time.Minute); ok {
					winners.Add(1)
				}
			})
		}
		callers.Wait()
		if winners.Load() != 1 {
			t.Errorf("%d of 20 hold the reservation", winners.Load())
		}
	})
}

// state is the key of the outcomes in these tests.
const state = "wx1state"

func wantReserve(t *testing.T, o sessionstore.Outcomes, want bool) {
	t.Helper()
	if ok, err := o.Reserve(t.Context(), state, time.Minute); ok != want || err != nil {
		t.Errorf("Reserve = %t, %v; want %t", ok, err, want)
	}
}

func setOutcome(t *testing.T, o sessionstore.Outcomes, outcome []byte) {
	t.Helper()
	if err := o.SetOutcome(t.Context(), state, outcome, time.Minute); err != nil {
		t.Errorf("SetOutcome(%q): %v", outcome, err)
	}
}

// wantOutcome checks the stored outcome; want is "" if there must be none.
func wantOutcome(t *testing.T, o sessionstore.Outcomes, want string, wantHeld bool) {
	t.Helper()
	got, held, err := o.Outcome(t.Context(), state)
	if string(got) != want || (got == nil) != (want == "") || held != wantHeld || err != nil {
		t.Errorf("Outcome = %q, %t, %v; want %q, %t", got, held, err, want, wantHeld)
	}
}
