package fleettest_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

// writes are the commands that change something, as Redis counts them.
var writes = []string{"SET", "DEL", "EVAL", "PEXPIRE", "UNLINK"}

// What visits cost is counted by Redis itself. Replica 0 tracks what it has read, replica 1 is
// behind a proxy that cannot.
func TestCommandsOfVisits(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.replicas[1].noTracking = true
	f.deploy(1, nil)
	warm := f.signIn(9, 0) // all are connected
	f.wantSignedIn(warm)
	cold := f.signIn(0, 1)
	logout := script("/logout")
	logout.Method = http.MethodPost
	again, callback := f.signInTwice(2, 3, 1)
	for _, tt := range []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"a cold request", func() { f.WantUser(cold.Do(to(0, script("/me"))), 0) }, map[string]int{"GET": 1, "CLIENT|CACHING": 1}},
		{"a thousand hot requests", func() {
			for range 1000 {
				f.WantUser(cold.Do(to(0, page("/me"))), 0)
			}
		}, map[string]int{}},
		{"a request without tracking", func() { f.WantUser(cold.Do(to(1, page("/me"))), 0) }, map[string]int{"GET": 1}},
		{"a hundred logins begun, and cookies that are not ours", func() {
			for range 100 {
				f.door(f.visitor(1), 0, "/me")
				r := script("/me")
				r.Header = http.Header{pinned: {"0"}, "Cookie": {"__Host-wx-000000=*; a=b"}}
				f.WantLoginRequired(f.visitor(1).Do(r))
			}
		}, map[string]int{}},
		// Reserved, saved, the outcome kept, the state spent; and the page that follows is a cold request.
		{"a login", func() { f.signIn(4, 0) }, with(saving, map[string]int{"SET": 3, "GET": 1, "CLIENT|CACHING": 1})},
		// The session is read to see who is there, and again to end it.
		{"a login in place of a session, without tracking", func() {
			f.WantStatus(again.Do(to(1, back(callback))), http.StatusFound)
		}, with(saving, map[string]int{"GET": 2, "SET": 3, "DEL": 1, "ZREM": 1})},
		{"a logout", func() { f.WantStatus(again.Do(to(1, logout)), http.StatusNoContent) }, map[string]int{"GET": 2, "DEL": 1, "ZREM": 1}},
	} {
		f.redis.Forget()
		tt.do()
		got := f.redis.Commands()
		delete(got, "PEXPIREAT") // unless the list lives as long already
		require.Equal(t, tt.want, got, tt.name)
	}
}

// saving is what it costs to save a new session: one command, and what Redis runs for it.
var saving = map[string]int{"EVALSHA": 1, "TIME": 1, "ZREMRANGEBYSCORE": 1, "ZSCORE": 1, "SET": 1, "ZADD": 1, "PTTL": 1, "ZCARD": 1}

// with adds two counts.
func with(one, other map[string]int) map[string]int {
	sum := maps.Clone(one)
	for command, n := range other {
		sum[command] += n
	}
	return sum
}

// Every way to log in costs at most five writes: a reservation, the session, the outcome, a state that
// is spent, and a session that it takes the place of. The list of the user's sessions is beside that.
func TestWritesOfLogins(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, tt := range []struct {
		name string
		do   func(replica int)
	}{
		{"the first login of a browser", func(i int) { f.signIn(1, i) }},
		{"a login for more", func(i int) {
			base := f.visitor(2)
			f.WantUser(base.Walk(to(i, page("/base")), nil), 2)
			f.redis.Forget()
			f.WantUser(base.Walk(to(i, page("/profile")), nil), 2)
		}},
		{"another user in the same browser", func(i int) {
			v, callback := f.signInTwice(3, 4, i)
			f.redis.Forget()
			f.WantUser(v.Walk(to(i, back(callback)), nil), 4)
		}},
	} {
		for i, replica := range f.replicas {
			f.redis.Forget()
			tt.do(i)
			n := 0
			for _, command := range writes {
				n += f.redis.Commands()[command]
			}
			if n == 0 || n > 5 {
				t.Errorf("%s on %s costs %d writes: %v", tt.name, replica.frame.Name, n, f.redis.Commands())
			}
		}
	}
}

// A cold request waits for Redis once.
func TestRoundTripsOfAColdRequest(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.replicas[1].noTracking = true
	f.deploy(1, nil)
	const trip = 800 * time.Millisecond
	for _, replica := range []int{0, 1} {
		f.wantSignedIn(f.signIn(0, replica)) // connected
		v := f.signIn(1, 2)
		f.replicas[replica].line.Delay(trip)
		began := time.Now()
		f.WantUser(v.Do(to(replica, webtest.Request{URL: adaptertest.PublicURL + "/me"})), 1)
		if took := time.Since(began); took < trip || took >= 2*trip {
			t.Errorf("with %v for a round trip a cold request took %v", trip, took)
		}
		f.replicas[replica].line.Delay(0)
	}
}

// signInTwice signs a user in while another tab of the browser is at WeChat's door. It returns the
// address that WeChat sends that tab back to, as another user.
func (f *fleet) signInTwice(user, next, replica int) (v visitor, callback string) {
	f.Helper()
	v = f.visitor(user)
	tab := f.door(visitor{v.Browser, next}, replica, "/me")
	f.WantUser(v.Walk(to(replica, page("/me")), nil), user)
	return v, tab()
}
