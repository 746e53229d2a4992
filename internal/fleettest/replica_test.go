package fleettest_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// inBothFleets runs a test with sessions in Redis, and in a bubble with sessions in cookies.
func inBothFleets(t *testing.T, test func(*fleet)) {
	t.Helper()
	t.Run("Redis", func(t *testing.T) {
		t.Parallel()
		test(newFleet(t))
	})
	t.Run("cookies", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(newCookieFleet(t)) })
	})
}

func TestCallbackAtAnotherReplica(t *testing.T) {
	t.Parallel()
	inBothFleets(t, func(f *fleet) {
		logins := 0
		for start, begun := range f.replicas {
			for end, ended := range f.replicas {
				v := f.visitor(logins % 10)
				callback := f.door(v, start, "/me?a=1")
				if arrived := v.Do(to(end, back(callback()))); arrived.Next != adaptertest.PublicURL+"/me?a=1" {
					f.Errorf("begun on %s, back on %s: %d %s", begun.frame.Name, ended.frame.Name, arrived.Status, arrived.Body)
				}
				f.wantSignedIn(v)
				logins++
			}
		}
		f.WantCalls(logins, logins)
	})
}

// Both callbacks of a login arrive at once, at two replicas.
func TestDoubleCallbackAtTwoReplicas(t *testing.T) {
	t.Parallel()
	const logins = 200
	f := newFleet(t)
	var greeted atomic.Int32
	for i := range f.replicas {
		f.deploy(i, func(cfg *oauth.Config) {
			cfg.OnLogin = func(context.Context, *http.Request, *core.User) error {
				greeted.Add(1)
				return nil
			}
		})
	}
	f.Sim.Fail(exchangePath, wxsim.Late(30*time.Millisecond))
	f.InParallel(logins, 10, func(n int) {
		v := f.visitor(n % 10)
		replica := rand.N(len(f.replicas))
		callback := f.door(v, replica, "/me?a=1")
		first := callback()
		second := first
		if n%2 == 0 { // Android: two codes of one state
			second = callback()
		}
		var both sync.WaitGroup
		for i, callback := range []string{first, second} {
			both.Go(func() {
				f.WantPage(v.Walk(to((replica+i)%len(f.replicas), back(callback)), nil), "/me?a=1")
			})
		}
		both.Wait()
		f.wantSignedIn(v)
	})
	f.WantCalls(logins, logins)
	require.Equal(t, logins, int(greeted.Load()))
}

// Replicas that share no server cannot know of each other's exchanges: the second callback may cost
// one silent restart, and nobody sees an error.
func TestDoubleCallbackWithCookiesRestartsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newCookieFleet(t)
		f.Sim.Fail(exchangePath, wxsim.Late(300*time.Millisecond))
		const logins = 50
		f.InParallel(logins, 10, func(n int) {
			v := f.visitor(n % 10)
			callback := f.door(v, 2, "/me?a=1")()
			webtest.AtOnce(2, func(i int) {
				time.Sleep(rand.N(time.Second))
				f.WantPage(v.Walk(to(i, back(callback)), nil), "/me?a=1")
			})
			f.wantSignedIn(v)
		})
		if n := f.Sim.Calls("/connect/oauth2/authorize"); n > logins { // door stops before it
			t.Errorf("%d logins were restarted %d times, want at most once each", logins, n)
		}
	})
}

func TestLogoutReachesEveryReplica(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for i := range f.replicas {
		v, other := f.signIn(1, i), f.signIn(1, i)
		f.wantSignedIn(v)
		copied := visitor{f.visitor(1).Browser, 1}
		copied.Jar = v.Jar.Copy()
		out := v.Do(to(i, webtest.Request{Method: http.MethodPost, URL: adaptertest.PublicURL + "/logout", Kind: webtest.Fetch()}))
		f.WantStatus(out, http.StatusNoContent)
		for j := range f.replicas {
			f.redis.Eventually("a copied cookie is worth nothing", func() bool {
				return copied.Do(to(j, script("/base"))).Status == http.StatusUnauthorized
			})
		}
		f.wantSignedIn(other) // another browser of the same user
	}
}

// A replica that is cut off from Redis must not honour for long what was ended elsewhere.
func TestLogoutDuringAPartition(t *testing.T) {
	t.Parallel()
	f := newImpatientFleet(t)
	v := f.signIn(1, 0)
	f.wantSignedIn(v)
	copied := visitor{f.visitor(1).Browser, 1}
	copied.Jar = v.Jar.Copy()
	f.replicas[0].line.Delay(time.Hour)
	f.WantStatus(f.insist(func() *webtest.Visit {
		return v.Do(to(1, webtest.Request{Method: http.MethodPost, URL: adaptertest.PublicURL + "/logout", Kind: webtest.Fetch()}))
	}), http.StatusNoContent)
	began := time.Now()
	f.redis.Eventually("the replica notices", func() bool {
		return copied.Do(to(0, script("/base"))).Status == http.StatusServiceUnavailable
	})
	require.LessOrEqual(t, time.Since(began), 5*time.Second)
	f.replicas[0].line.Delay(0)
	f.replicas[0].line.Reset()
	f.redis.Eventually("the session is over there as well", func() bool {
		return copied.Do(to(0, script("/base"))).Status == http.StatusUnauthorized
	})
}

// rollOut replaces the replicas one by one. After each, everybody is looked at on every replica,
// and somebody new signs in, starting at the new replica and coming back to another.
func (f *fleet) rollOut(everybody []visitor, keys ...[]byte) []visitor {
	f.Helper()
	for i := range f.replicas {
		f.deploy(i, func(cfg *oauth.Config) { cfg.Keys = keys })
		for _, v := range everybody {
			f.wantSignedIn(v)
		}
		for end := range f.replicas {
			v := f.visitor(len(everybody) % 10)
			f.WantUser(v.Walk(to(end, back(f.door(v, i, "/me")())), nil), v.user)
			everybody = append(everybody, v)
		}
	}
	return everybody
}

func TestKeysAreRotatedInThreeDeploys(t *testing.T) {
	t.Parallel()
	const life = time.Hour
	t.Run("Redis", func(t *testing.T) {
		t.Parallel()
		f := newFleet(t)
		f.Config.MaxAge = life
		everybody := f.rollOut(nil, adaptertest.Key('1'))
		everybody = f.rollOut(everybody, adaptertest.Key('1'), adaptertest.Key('2'))
		everybody = f.rollOut(everybody, adaptertest.Key('2'), adaptertest.Key('1'))
		f.rollOut(everybody, adaptertest.Key('2'))
	})
	// Cookies are not written anew: the old key goes when the last session that it sealed has ended.
	t.Run("cookies", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newCookieFleet(t)
			f.Config.MaxAge = life
			everybody := f.rollOut(nil, adaptertest.Key('1'))
			everybody = f.rollOut(everybody, adaptertest.Key('1'), adaptertest.Key('2'))
			f.rollOut(everybody, adaptertest.Key('2'), adaptertest.Key('1'))
			time.Sleep(life / 2)
			everybody = f.rollOut(nil, adaptertest.Key('2'), adaptertest.Key('1'))
			time.Sleep(life / 2)
			f.rollOut(everybody, adaptertest.Key('2'))
		})
	})
}
