package jssdk_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
)

func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{}
		c := newClient(t, w, nil)
		drop := func(ticket string) {
			t.Helper()
			if err := c.Drop(t.Context(), ticket); err != nil {
				t.Errorf("Drop(%s): %v", ticket, err)
			}
		}
		signedWith(t, c, "T1")
		drop("T0")
		w.asked(t, 1)
		drop("T1")
		signedWith(t, c, "T2")
		drop("T1") // somebody else hears of it later
		drop("T2") // another one, but within a minute
		signedWith(t, c, "T2")
		w.asked(t, 2)
		time.Sleep(time.Minute)
		drop("T2")
		signedWith(t, c, "T3")
		w.asked(t, 3)
		if got, err := c.Ticket(t.Context()); got != "T3" || err != nil {
			t.Errorf("Ticket = %q, %v", got, err)
		}
	})
}

// Of the replicas that hear of a bad ticket one fetches.
func TestReplicasDropOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, cache := &wechat{}, core.NewMemoryCache()
		here, there, fresh := newClient(t, w, cache), newClient(t, w, cache), newClient(t, w, cache)
		signedWith(t, here, "T1")
		signedWith(t, there, "T1")
		require.NoError(t, errors.Join(here.Drop(t.Context(), "T1"), there.Drop(t.Context(), "T1")))
		signedWith(t, here, "T2")
		signedWith(t, there, "T2")
		signedWith(t, fresh, "T2")
		w.asked(t, 2)
	})
}

// A process that has no ticket yet does not take the bad one from the cache.
func TestDropBeforeTheFirstPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, cache := &wechat{}, core.NewMemoryCache()
		signedWith(t, newClient(t, w, cache), "T1")
		c := newClient(t, w, cache)
		require.NoError(t, c.Drop(t.Context(), "T1"))
		signedWith(t, c, "T2")
	})
}

// Where there is no other ticket the old one goes on: it may be good after all.
func TestDropWhileWeChatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{}
		c := newClient(t, w, nil)
		signedWith(t, c, "T1")
		w.set(func(w *wechat) { w.answer = `{"errcode":-1,"errmsg":"system error"}` })
		require.ErrorIs(t, c.Drop(t.Context(), "T1"), core.ErrSystemBusy)
		signedWith(t, c, "T1")
		w.asked(t, 2)
		w.set(func(w *wechat) { w.answer = `{"errcode":0,"ticket":"T1","expires_in":7200}` })
		time.Sleep(time.Minute)
		require.NoError(t, c.Drop(t.Context(), "T1"), "Drop")
		signedWith(t, c, "T1") // WeChat insists on it
		w.asked(t, 3)
	})
}

func TestNoTicketIsPrinted(t *testing.T) {
	c := newClient(t, &wechat{answer: `{"errcode":0,"ticket":"CANARY","expires_in":7200}`}, nil)
	signedWith(t, c, "CANARY")
	require.NoError(t, c.Drop(t.Context(), "CANARY"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		require.Equal(t, "jssdk.Client of "+testAppID, fmt.Sprintf(verb, c), verb)
	}
}
