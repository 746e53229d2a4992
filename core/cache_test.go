package core

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

func TestMemoryCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := NewMemoryCache()
		expect := func(key, want string) {
			t.Helper()
			if got, ok, err := cache.Get(t.Context(), key); got != want || ok != (want != "") || err != nil {
				t.Errorf("Get(%q) = %q, %v, %v; want %q", key, got, ok, err, want)
			}
		}
		set := func(key, value string, ttl time.Duration) {
			t.Helper()
			if err := cache.Set(t.Context(), key, value, ttl); err != nil {
				t.Error(err)
			}
		}
		expect("a", "")
		set("a", "1", time.Minute)
		set("b", "2", time.Hour)
		expect("a", "1")
		set("a", "3", time.Minute)
		time.Sleep(time.Minute - time.Nanosecond)
		expect("a", "3")
		time.Sleep(time.Nanosecond)
		expect("a", "")
		expect("b", "2")
		set("b", "4", 0)
		expect("b", "")
		require.Empty(t, cache.(*memoryCache).entries, "dead entries are kept")
	})
}

func TestMemoryCacheIsSafeForConcurrentUse(t *testing.T) {
	cache := NewMemoryCache()
	webtest.AtOnce(16, func(i int) {
		key := strconv.Itoa(i % 4)
		_ = cache.Set(t.Context(), key, key, time.Hour)
		if got, ok, err := cache.Get(t.Context(), key); got != key || !ok || err != nil {
			t.Errorf("Get(%q) = %q, %v, %v", key, got, ok, err)
		}
	})
}
