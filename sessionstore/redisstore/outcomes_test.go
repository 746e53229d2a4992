package redisstore_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// wantHeld checks what a store says of a key.
func wantHeld(t *testing.T, store *redisstore.Store, key, want string, wantHeld bool) {
	t.Helper()
	got, held, err := store.Outcome(t.Context(), key)
	if string(got) != want || held != wantHeld || err != nil {
		t.Fatalf("Outcome(%s) = %q, %t, %v; want %q, %t", key, got, held, err, want, wantHeld)
	}
}

// Desktops that wait for a phone ask once a second each.
func TestPollingCostsNoCommand(t *testing.T) {
	server := redistest.Start(t)
	here, there := newStore(t, server.Addr, redisstore.Config{}), newStore(t, server.Addr, redisstore.Config{})
	for i := range 100 {
		wantHeld(t, here, strconv.Itoa(i), "", false)
	}
	if ok, err := there.Reserve(t.Context(), "0", time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	server.Eventually("the reservation is known", func() bool {
		_, held, err := here.Outcome(t.Context(), "0")
		return held && err == nil
	})
	server.Forget()
	for range 100 {
		wantHeld(t, here, "0", "", true)
		wantHeld(t, here, "1", "", false)
	}
	require.Empty(t, server.Commands())
	require.NoError(t, there.SetOutcome(t.Context(), "0", []byte("ready"), time.Minute))
	server.Eventually("the outcome is known", func() bool {
		got, _, _ := here.Outcome(t.Context(), "0")
		return string(got) == "ready"
	})
	want := map[string]int{"SET": 1, "CLIENT|CACHING": 1, "MULTI": 1, "PTTL": 1, "GET": 1, "EXEC": 1}
	require.Equal(t, want, server.Commands())
}

func TestOwnChangesAreSeenAtOnce(t *testing.T) {
	server := redistest.Start(t)
	for _, noTracking := range []bool{false, true} {
		server.Do("FLUSHALL")
		store := newStore(t, server.Addr, redisstore.Config{NoTracking: noTracking})
		for i := range 300 {
			key := strconv.Itoa(i)
			wantHeld(t, store, key, "", false)
			if ok, err := store.Reserve(t.Context(), key, time.Minute); !ok || err != nil {
				t.Fatal(ok, err)
			}
			wantHeld(t, store, key, "", true)
			require.NoError(t, store.SetOutcome(t.Context(), key, []byte("done"), time.Minute))
			wantHeld(t, store, key, "done", true)
			require.NoError(t, store.SetOutcome(t.Context(), key, nil, time.Minute))
			wantHeld(t, store, key, "", false)
		}
	}
}

// Redis may notice much later that a key has expired, if it has many; nobody here waits for that.
func TestKnownOutcomesEndWithTheirTTL(t *testing.T) {
	server := redistest.Start(t)
	server.Do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	store := newStore(t, server.Addr, redisstore.Config{})
	wantHeld(t, store, "k", "", false)
	require.NoError(t, store.SetOutcome(t.Context(), "k", []byte("done"), 200*time.Millisecond))
	wantHeld(t, store, "k", "done", true)
	server.Eventually("the outcome ends", func() bool {
		_, held, err := store.Outcome(t.Context(), "k")
		return !held && err == nil
	})
}
