package jssdk_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
)

func TestProcessesShareATicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, cache := &wechat{}, core.NewMemoryCache()
		signedWith(t, newClient(t, w, cache), "T1")
		signedWith(t, newClient(t, w, cache), "T1")
		w.asked(t, 1)
		time.Sleep(116 * time.Minute)
		signedWith(t, newClient(t, w, cache), "T2") // the cache has it still, but not for long
		signedWith(t, newClient(t, w, cache), "T2")
		w.asked(t, 2)
	})
}

// A process whose clock is hours ahead stores a ticket with too late an end. The cache drops it in
// time, and the other processes soon notice.
func TestATicketOfAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, cache := &wechat{}, core.NewMemoryCache()
		end := strconv.FormatInt(time.Now().Add(5*time.Hour).Unix(), 10)
		require.NoError(t, cache.Set(t.Context(), "jsapi_ticket:"+testAppID, end+" T0", 2*time.Hour))
		c := newClient(t, w, cache)
		for range 12 {
			signedWith(t, c, "T0")
			time.Sleep(10 * time.Minute)
		}
		w.asked(t, 0)
		signedWith(t, c, "T1")
	})
}

// A fixed is a cache that always holds the same value, and keeps the key it was asked for.
type fixed struct {
	value string
	err   error
	key   string
}

func (f *fixed) Get(_ context.Context, key string) (string, bool, error) {
	f.key = key
	return f.value, f.err == nil, f.err
}

func (f *fixed) Set(context.Context, string, string, time.Duration) error { return f.err }

func TestWhatACacheSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
		for _, tt := range []struct {
			name  string
			cache fixed
			want  string
		}{
			{"a good ticket", fixed{value: in(time.Hour) + " CACHED"}, "CACHED"},
			{"a ticket with a space", fixed{value: in(time.Hour) + " CACHED too"}, "CACHED too"},
			{"a ticket in its last minutes", fixed{value: in(4*time.Minute) + " CACHED"}, "T1"},
			{"a ticket that was kept for too long", fixed{value: in(-time.Hour) + " CACHED"}, "T1"},
			{"a ticket for a year", fixed{value: in(365*24*time.Hour) + " CACHED"}, "T1"},
			{"no ticket", fixed{value: in(time.Hour)}, "T1"},
			{"an empty ticket", fixed{value: in(time.Hour) + " "}, "T1"},
			{"no time", fixed{value: "CACHED"}, "T1"},
			{"nothing", fixed{}, "T1"},
			{"an error", fixed{value: in(time.Hour) + " CACHED", err: errors.New("the cache is down")}, "T1"},
		} {
			w := &wechat{}
			c := newClient(t, w, &tt.cache)
			signedWith(t, c, tt.want)
			signedWith(t, c, tt.want)
			if tt.want == "T1" {
				w.asked(t, 1)
			}
			if !strings.Contains(tt.cache.key, testAppID) || strings.Contains(tt.cache.key, "secret") {
				t.Errorf("%s: key %q; want the appid in it and no secret", tt.name, tt.cache.key)
			}
		}
	})
}

// FuzzCache gives a Client whatever a cache may hold: it signs with what it can read, or fetches.
func FuzzCache(f *testing.F) {
	f.Add(strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + " CACHED")
	f.Add("99999999999999999999 x")
	f.Add(" ")
	f.Fuzz(func(t *testing.T, value string) {
		w := &wechat{}
		c := newClient(t, w, &fixed{value: value})
		ticket := "T1"
		seconds, text, _ := strings.Cut(value, " ")
		now := time.Now().Unix()
		if at, err := strconv.ParseInt(seconds, 10, 64); err == nil && text != "" && at > now+5*60 && at <= now+30*24*60*60 {
			ticket = text
		}
		signedWith(t, c, ticket)
	})
}
