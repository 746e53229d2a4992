package redisstore

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/seal"
	"github.com/wxoauth/wxoauth/sessionstore"
)

const cookieName = "__Host-wx-a1b2c3"

func testKeys(keys ...byte) (all [][]byte) {
	for _, b := range keys {
		all = append(all, bytes.Repeat([]byte{b}, 32))
	}
	return all
}

func newTestMint(tb testing.TB, keys ...byte) *mint {
	tb.Helper()
	m, err := newMint(testKeys(keys...))
	require.NoError(tb, err)
	return m
}

func TestIDsProveThemselves(t *testing.T) {
	first, rotated, second := newTestMint(t, 1), newTestMint(t, 2, 1), newTestMint(t, 2)
	id := first.make(cookieName, ownerOf("li"))
	if !first.made(cookieName, id) || !rotated.made(cookieName, id) || second.made(cookieName, id) {
		t.Error("an id is known by its own key alone")
	}
	if made := rotated.make(cookieName, ownerOf("li")); !second.made(cookieName, made) || first.made(cookieName, made) {
		t.Error("the first key makes ids")
	}
	require.False(t, first.made(cookieName+"x", id), "an id is good under another name")
	if tagOf(id) != tagOf(first.make(cookieName, ownerOf("li"))) || tagOf(id) == tagOf(first.make(cookieName, ownerOf("han"))) {
		t.Error("the ids of one owner begin alike, and others otherwise")
	}
	if n := testing.AllocsPerRun(100, func() { first.made(cookieName, id) }); n > 0 && !underRace {
		t.Errorf("to know an id takes %v allocations", n)
	}
}

// FuzzID feeds the mint any value: nothing is an id of ours but what it made.
func FuzzID(f *testing.F) {
	m := newTestMint(f, 1)
	id := m.make(cookieName, nobody())
	f.Add(id[1:] + "A")
	f.Add(strings.Repeat("A", idLength))
	f.Add(strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, value string) {
		if m.made(cookieName, value) || m.made(value, id) != (value == cookieName) {
			t.Errorf("%q is taken for an id, or a name", value)
		}
		if isID(value) && len(value) != idLength && len(value) != 43 {
			t.Errorf("%q is taken for an id", value)
		}
	})
}

func TestStraysCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s strays
		// Ten strays at a time, and none has a session.
		missed := func() int {
			var tries atomic.Int64
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					for {
						if _, try, _ := s.ask(t.Context(), "k"); !try {
							return
						}
						time.Sleep(time.Microsecond)
						s.tell("k", sessionstore.ErrNotFound)
						tries.Add(1)
					}
				})
			}
			all.Wait()
			return int(tries.Load())
		}
		require.Equal(t, 100, missed(), "tries at once")
		time.Sleep(time.Minute)
		require.Equal(t, 60, missed(), "tries a minute later")
		time.Sleep(time.Hour)
		require.Equal(t, 100, missed(), "tries an hour later")
	})
}

func TestStraysWithASessionCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s strays
		var all sync.WaitGroup
		try := func(key string, err error) {
			known, try, wrong := s.ask(t.Context(), key)
			if known || !try || wrong != nil {
				t.Errorf("%s: known %t, try %t, %v", key, known, try, wrong)
			}
			time.Sleep(time.Second)
			s.tell(key, err)
		}
		for i := range 1000 { // more than a hundred at once
			all.Go(func() { try(strconv.Itoa(i), nil) })
		}
		all.Wait()
		if known, _, _ := s.ask(t.Context(), "999"); !known {
			t.Error("a session that was found is not known")
		}
		for range 200 {
			try("away", errors.New("Redis is away"))
		}
		for i := range 2 * maxKnown {
			all.Go(func() { try("more"+strconv.Itoa(i), nil) })
		}
		all.Wait()
		require.LessOrEqual(t, len(s.known), maxKnown)
	})
}

// While Redis hangs, a stray waits for others no longer than for Redis.
func TestStraysDoNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s strays
		for range 100 {
			if _, try, _ := s.ask(t.Context(), "k"); !try {
				t.Fatal("no try")
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, try, err := s.ask(ctx, "k"); try || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("try %t, %v", try, err)
		}
		s.tell("k", errors.New("Redis is away"))
		if _, try, err := s.ask(t.Context(), "k"); !try || err != nil {
			t.Errorf("try %t, %v", try, err)
		}
	})
}

// Sessions of before ids proved themselves stay good, at no more than a command in each process.
func TestOldIDs(t *testing.T) {
	server := redistest.Start(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, ForceSingleClient: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	s, err := New(client, Config{Keys: testKeys(1)})
	require.NoError(t, err)
	record, err := seal.Marshal(map[any]any{"s": []byte("somebody")}, time.Now().Add(time.Hour))
	require.NoError(t, err)
	old := strings.Repeat("a", 42) + "A"
	key := s.sessionKey(cookieName, old)
	set := client.B().Set().Key(key).Value(s.seal.seal(key, record)).ExSeconds(1000).Build()
	require.NoError(t, client.Do(t.Context(), set).Error())
	read := func(id string) string {
		values, err := s.read(t.Context(), cookieName, id)
		if err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
			t.Fatal(err)
		}
		value, _ := values["s"].([]byte)
		return string(value)
	}
	require.Equal(t, "somebody", read(old))
	read(old)
	server.Forget()
	forger := newTestMint(t, 9)
	for range 1000 {
		id := forger.make(cookieName, nobody())
		read(id)
		read(id[:42] + "A")
		require.Equal(t, "somebody", read(old))
	}
	if got := server.Commands(); len(got) != 1 || got["GET"] > 110 {
		t.Errorf("2000 ids that somebody made up cost %v", got)
	}
	require.Contains(t, server.Do("INFO", "stats"), "tracking_total_keys:1\r\n")
}
