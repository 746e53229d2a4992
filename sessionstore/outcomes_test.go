package sessionstore_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/storetest"
)

func TestMemoryOutcomes(t *testing.T) {
	storetest.RunOutcomes(t, func(*testing.T) sessionstore.Outcomes { return sessionstore.NewMemoryOutcomes() })
}

// held tells whether the key is reserved or has an outcome.
func held(t *testing.T, o *sessionstore.MemoryOutcomes, key string) bool {
	t.Helper()
	_, held, err := o.Outcome(t.Context(), key)
	if err != nil {
		t.Error(err)
	}
	return held
}

func TestMemoryOutcomesEndWithTheirTTL(t *testing.T) {
	const ttl = 30 * time.Second
	synctest.Test(t, func(t *testing.T) {
		o := sessionstore.NewMemoryOutcomes()
		if ok, _ := o.Reserve(t.Context(), "state", ttl); !ok {
			t.Fatal("not reserved")
		}
		time.Sleep(ttl - time.Nanosecond)
		require.True(t, held(t, o, "state"), "the reservation ended early")
		require.NoError(t, o.SetOutcome(t.Context(), "state", []byte("done"), ttl))
		time.Sleep(ttl - time.Nanosecond)
		require.True(t, held(t, o, "state"), "the outcome ended early")
		time.Sleep(time.Nanosecond)
		require.False(t, held(t, o, "state"), "the outcome has not ended")
		if ok, _ := o.Reserve(t.Context(), "state", ttl); !ok {
			t.Error("an outcome that has ended keeps others out")
		}
	})
}

func TestMemoryOutcomesForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := sessionstore.NewMemoryOutcomes()
		for i := range 10_000 {
			if _, err := o.Reserve(t.Context(), strconv.Itoa(i), 30*time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // 100 logins a second
		}
		require.LessOrEqual(t, sessionstore.HeldOutcomes(o), 30*100+10*100)
	})
}
