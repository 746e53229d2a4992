package redisstore

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWatchlistIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l watchlist
		for i := range maxWatched {
			require.True(t, l.add(strconv.Itoa(i)), i)
		}
		require.False(t, l.add("one more"), "a full list takes one more, or refuses one that it holds")
		require.True(t, l.add("0"), "a full list takes one more, or refuses one that it holds")
		if !l.remove("1") || l.remove("1") || !l.add("one more") {
			t.Error("a key that was removed makes no room")
		}
		time.Sleep(2 * cachedFor)
		if l.add("later"); len(l.keys) != 1 {
			t.Errorf("two minutes later the list holds %d keys", len(l.keys))
		}
	})
}
