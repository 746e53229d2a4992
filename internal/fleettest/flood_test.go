package fleettest_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

// The defaults are a short run that is part of the tests; `make flood` is the long one.
var (
	floodSize    = flag.Int("flood.size", 6000, "login starts, made-up sessions and, a tenth as many, forged callbacks")
	floodLatency = flag.Bool("flood.latency", false, "measure what other visitors feel: for a machine that has nothing else to do")
)

const (
	floodGrowth   = 16 << 20 // bytes that a replica may hold more afterwards
	floodCommands = 100      // of Redis, that all copies of one callback may cost
	floodCopies   = 300
)

// Strangers begin logins, and send sessions and callbacks that they made up. That costs a replica
// no memory and Redis next to nothing, and the visitors who are there meanwhile stay who they are.
func TestFloodsLeaveNothingBehind(t *testing.T) {
	f, addrs := newProcessFleet(t)
	raw := newRawClient(t)
	sessionName := f.sessionName()
	page := http.Header{"Accept": {webtest.AcceptPage}, "User-Agent": {webtest.WeChatAndroid}}
	random := func(n int) []byte {
		b := make([]byte, n)
		_, _ = rand.Read(b)
		return b
	}
	flood := func(n int) {
		f.InParallel(n, 10, func(i int) {
			addr := addrs[i%len(addrs)]
			if res, _ := raw.get(addr, "/me", page); res.StatusCode != http.StatusFound {
				t.Errorf("a login start is answered %d", res.StatusCode)
			}
			size := []int{48, 32}[i%2] // of an id, and of one from before ids had a proof
			madeUp := http.Header{"Accept": {"application/json"}, "Cookie": {sessionName + "=" + base64.RawURLEncoding.EncodeToString(random(size))}}
			if res, _ := raw.get(addr, "/me", madeUp); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("a made-up session is answered %d", res.StatusCode)
			}
			if i%10 != 0 {
				return
			}
			forged := "/me?code=" + hex.EncodeToString(random(16)) + "&state=wx1" + hex.EncodeToString(random(37))
			if res, _ := raw.get(addr, forged, page); res.StatusCode != http.StatusBadRequest {
				t.Errorf("a forged callback is answered %d", res.StatusCode)
			}
		})
	}
	// Buffers and connections have their size then, and each replica has looked for a hundred ids.
	flood(max(1000, *floodSize/10))
	var before []int
	for _, addr := range addrs {
		before = append(before, raw.memory(addr))
	}
	f.redis.Forget()
	began := time.Now()
	flood(*floodSize)
	looks := len(addrs) * (int(time.Since(began).Seconds()) + 2) // one a second for ids without a proof
	if got := f.redis.Commands(); got["GET"] > looks || len(got) > 1 {
		t.Errorf("strangers cost Redis %v, at most %d GETs are allowed", got, looks)
	}
	for i, addr := range addrs {
		grown := raw.memory(addr) - before[i]
		t.Logf("%s: %+.1f MB after %d starts, %d made-up sessions, %d forged callbacks in all", f.replicas[i].frame.Name,
			float64(grown)/(1<<20), *floodSize, *floodSize, *floodSize/10)
		require.LessOrEqual(t, grown, floodGrowth, f.replicas[i].frame.Name)
	}

	done := make(chan struct{})
	var strangers sync.WaitGroup
	strangers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				flood(100)
			}
		}
	})
	exchanges := f.Sim.Calls(exchangePath)
	logins := max(20, *floodSize/200)
	f.InParallel(logins, 10, func(n int) {
		v := f.visitor(n % 10)
		f.WantUser(v.Open(adaptertest.PublicURL+"/me"), v.user)
		for range 3 { // one at each replica
			f.WantUser(v.Open(adaptertest.PublicURL+"/me"), v.user)
		}
		f.wantSignedIn(v)
	})
	close(done)
	strangers.Wait()
	require.Equal(t, logins, f.Sim.Calls(exchangePath)-exchanges)
}

// Many copies of one callback arrive at once while WeChat is slow. They cost one exchange and few
// commands, all end at the page, and other visitors do not feel them.
func TestCopiesOfACallbackDisturbNobody(t *testing.T) {
	f, addrs := newProcessFleet(t)
	raw := newRawClient(t)
	var others []visitor
	for i := range 6 {
		others = append(others, f.signIn(i, i%len(addrs)))
		f.wantSignedIn(others[i])
	}
	watch := func(stop <-chan struct{}) time.Duration {
		return p99(func(took func(time.Duration)) {
			var running sync.WaitGroup
			for i, v := range others {
				header := http.Header{"Accept": {"application/json"}, "Cookie": {cookieHeader(v.Browser)}}
				running.Go(func() {
					tick := time.NewTicker(5 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
						}
						began := time.Now()
						res, body := raw.get(addrs[i%len(addrs)], "/me", header)
						took(time.Since(began))
						if res.StatusCode != http.StatusOK || !strings.Contains(body, f.Sim.Users()[v.user].OpenID) {
							t.Errorf("visitor %d saw %d %s", v.user, res.StatusCode, body)
						}
					}
				})
			}
			running.Wait()
		})
	}
	v := f.visitor(7)
	callback, err := url.Parse(f.door(v, 0, "/me?a=1")())
	require.NoError(t, err)
	header := http.Header{"Accept": {webtest.AcceptPage}, "User-Agent": {webtest.WeChatAndroid}, "Cookie": {cookieHeader(v.Browser)}}
	quiet := time.Duration(0)
	if *floodLatency {
		calm := make(chan struct{})
		time.AfterFunc(3*time.Second, func() { close(calm) })
		quiet = watch(calm)
	}
	f.Sim.Fail(exchangePath, wxsim.Late(2*time.Second))
	f.redis.Forget()
	exchanges := f.Sim.Calls(exchangePath)
	over := make(chan struct{})
	busy := make(chan time.Duration)
	go func() { busy <- watch(over) }()
	webtest.AtOnce(floodCopies, func(i int) {
		res, body := raw.get(addrs[i%len(addrs)], callback.RequestURI(), header)
		switch {
		case res.StatusCode == http.StatusFound && res.Header.Get("Location") == adaptertest.PublicURL+"/me?a=1#":
		case res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "": // too many wait
		default:
			t.Errorf("a copy ended with %d %s %.200s", res.StatusCode, res.Header.Get("Location"), body)
		}
	})
	close(over)
	felt := <-busy
	commands := 0
	for _, n := range f.redis.Commands() {
		commands += n
	}
	t.Logf("%d copies: %d commands, %d exchanges; p99 of others %v, idle %v", floodCopies, commands, f.Sim.Calls(exchangePath)-exchanges, felt, quiet)
	require.Equal(t, 1, f.Sim.Calls(exchangePath)-exchanges)
	require.Less(t, commands, floodCommands)
	if *floodLatency && felt >= 2*quiet {
		t.Errorf("the p99 of other visitors is %v, %v without the copies", felt, quiet)
	}
}

// p99 is the latency that 99 of 100 calls stay under.
func p99(measure func(took func(time.Duration))) time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	measure(func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, d)
	})
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// sessionName signs somebody in to learn the name of the session's cookie.
func (f *fleet) sessionName() string {
	f.Helper()
	v := f.signIn(0, 0)
	all := v.Jar.All()
	return all[slices.IndexFunc(all, adaptertest.SessionCookie)].Name
}

// cookieHeader is what a browser sends to the shop.
func cookieHeader(b *webtest.Browser) string {
	var pairs []string
	for _, c := range b.Jar.Get(&url.URL{Scheme: "https", Host: adaptertest.Host, Path: "/"}, false, true) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
