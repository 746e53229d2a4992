package bench

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/wxsim"
)

// The defaults are a short run that is part of the tests; `make soak` is the long one.
var (
	soakLogins   = flag.Int("soak.logins", 150, "logins of the soak test")
	soakRequests = flag.Int("soak.requests", 6000, "guarded requests of the soak test")
	soakUsers    = flag.Int("soak.users", 50, "users of the soak test")
	soakOutages  = flag.Int("soak.outages", 2, "how often Redis is killed, and how often a replica")
	soakLimit    = flag.Duration("soak.limit", 4*time.Minute, "how long the soak test may take")
)

const (
	soakWorkers = 32 // users at once
	// soakCalm is the part of the requests, the last ones, during which nothing fails.
	soakCalm = 0.3
	// soakDown is how long a killed Redis or replica stays away.
	soakDown = 1500 * time.Millisecond
)

// TestSoak lets many users sign in and look at pages of a fleet of real processes: the example on
// each framework behind a round-robin proxy, with a real Redis. Meanwhile Redis and replicas are
// killed and restarted and the keys are rotated. Nobody may lose a session or be taken for somebody
// else. Everything is on loopback.
func TestSoak(t *testing.T) {
	binaries := buildPrograms(t, "examples/nethttp", "examples/chi", "examples/gin", "examples/fleet/roundrobin")
	before := rest(t, binaries)

	sim := wxsim.New(wxsim.Config{AutoAllow: true, Users: wxsim.MadeUpUsers(*soakUsers)})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	redis := redistest.Start(t, "--appendfsync", "always")
	s := &soak{T: t, redis: redis, began: time.Now()}
	s.fleet = startReplicas(t, binaries, sim, redis.Addr)
	proxy := startProxy(t, binaries, s.fleet)
	s.crowd = newCrowd(proxy.addr, sim, *soakUsers, *soakLogins, *soakRequests)

	ctx, cancel := context.WithTimeout(t.Context(), *soakLimit)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() {
		s.trouble(ctx)
		s.say("all runs again")
		s.crowd.finish(soakCalm)
		s.lookBack(ctx)
	})
	s.crowd.run(ctx, soakWorkers)
	running.Wait()
	took := time.Since(s.began)

	c := s.crowd
	if ctx.Err() != nil {
		t.Errorf("stopped after %v with %d of %d requests and %d of %d logins", *soakLimit, c.requests.Load(), *soakRequests, c.logins.Load(), *soakLogins)
	}
	if lost, foreign := c.lost.Load(), c.foreign.Load(); lost+foreign > 0 {
		t.Errorf("%d sessions lost, %d answers with another user's openid", lost, foreign)
	}
	if logins, users := int(c.logins.Load()), len(c.visitors); logins != *soakLogins {
		t.Errorf("%d logins of %d users, want %d", logins, users, *soakLogins)
	}
	s.report(took, sim, before, s.atRest(proxy, sim))
}

// A soak is one run.
type soak struct {
	*testing.T

	redis *redistest.Server
	fleet *replicas
	crowd *crowd
	began time.Time
	calm  []usage // of each replica before the calm
}

// trouble kills and rotates, each at its part of the run, until the calm begins.
func (s *soak) trouble(ctx context.Context) {
	var steps []func()
	for i := range *soakOutages {
		steps = append(steps, s.killRedis, func() { s.killReplica(i % len(s.fleet.all)) }) //nolint:contextcheck // what it starts outlives ctx
	}
	old, next := s.fleet.keys[0], newKey()
	deploys := [][]string{{old, next}, {next, old}, {next}}
	for i, keys := range deploys { // spread over the others
		at := (i+1)*(2**soakOutages)/(len(deploys)+1) + i
		steps = slices.Insert(steps, at, func() {
			s.crowd.waitForAll(ctx) // who comes between the deploys stays signed in over all three
			s.deploy(keys)          //nolint:contextcheck // what it starts outlives ctx
		})
	}
	for i, step := range steps {
		if !s.crowd.wait(ctx, (1-soakCalm)*float64(i+1)/float64(len(steps)+1)) {
			return
		}
		step()
	}
	s.crowd.wait(ctx, 1-soakCalm)
}

// lookBack looks at what the replicas take shortly before the end, when all logins are made and
// everybody's session is in memory: it must not be more at the end.
func (s *soak) lookBack(ctx context.Context) {
	if s.crowd.wait(ctx, 0.95*float64(s.crowd.goal.Load())/float64(*soakRequests)) {
		for _, r := range s.fleet.all {
			s.calm = append(s.calm, r.usage())
		}
	}
}

// say notes when something happened.
func (s *soak) say(what string) {
	c := s.crowd
	s.Logf("%6.1f s  %-44s %8d requests %6d logins", time.Since(s.began).Seconds(), what, c.requests.Load(), c.logins.Load())
}

func (s *soak) killRedis() {
	s.say("Redis is killed")
	s.redis.Kill()
	pause(soakDown)
	s.redis.Restart()
}

func (s *soak) killReplica(i int) {
	r := s.fleet.all[i]
	s.say("the replica on " + r.framework + " is killed")
	r.kill()
	pause(soakDown)
	s.fleet.start(s.T, i)
}

// deploy replaces the replicas one by one, as a rolling deploy does.
func (s *soak) deploy(keys []string) {
	s.fleet.keys = keys
	for i, r := range s.fleet.all {
		r.stop(s.T)
		s.fleet.start(s.T, i)
	}
	s.say("all replicas are replaced; keys: " + strconv.Itoa(len(keys)))
}

// A usage is what a process takes.
type usage struct {
	goroutines int // 0: not counted
	heap, rss  int // MB; 0: unknown
}

// rest is what a replica takes that has served a few visitors and has nothing more to do.
func rest(t *testing.T, binaries string) usage {
	t.Helper()
	sim := wxsim.New(wxsim.Config{AutoAllow: true, Users: wxsim.MadeUpUsers(10)})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	redis := redistest.Start(t)
	fleet := startReplicas(t, binaries, sim, redis.Addr)
	proxy := startProxy(t, binaries, fleet)
	c := newCrowd(proxy.addr, sim, 10, 30, 600)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c.finish(0)
	c.run(ctx, 10)
	var most usage
	for _, u := range atRest(t, proxy, sim, fleet) {
		most = usage{max(most.goroutines, u.goroutines), max(most.heap, u.heap), max(most.rss, u.rss)}
	}
	return most
}

func (s *soak) atRest(proxy *program, sim *wxsim.Server) []usage {
	s.say("the end")
	s.Helper()
	return atRest(s.T, proxy, sim, s.fleet)
}

// atRest takes everything from the replicas that could keep them busy, and then counts what they
// hold. It ends them.
func atRest(t *testing.T, proxy *program, sim *wxsim.Server, fleet *replicas) (all []usage) {
	t.Helper()
	proxy.stop(t)
	sim.Close()
	pause(2 * time.Second)
	for _, r := range fleet.all {
		u := r.usage()
		u.goroutines = r.dump(t)
		all = append(all, u)
	}
	return all
}

// report prints the figures, and compares what the replicas take with what they took before.
func (s *soak) report(took time.Duration, sim *wxsim.Server, before usage, after []usage) {
	c := s.crowd
	s.Logf("%d guarded requests and %d logins by %d users in %v on %d cores: %.0f requests/s, half of them within %v, 99%% within %v",
		c.requests.Load(), c.logins.Load(), len(c.visitors), took.Round(time.Second), runtime.NumCPU(),
		float64(c.requests.Load())/took.Seconds(), c.latency(0.5), c.latency(0.99))
	s.Logf("%d sessions lost, %d answers with another user's openid, %d logouts, %d of them not final", c.lost.Load(), c.foreign.Load(), c.logouts.Load(), c.undead.Load())
	s.Logf("asked again after 503: %d, after a 502 or a broken connection: %d; logins told to try again: %d; the longest wait of a visitor: %v",
		c.away.Load(), c.broken.Load(), c.tryAgain.Load(), time.Duration(c.longest.Load()).Round(time.Millisecond))
	s.Logf("WeChat: %d authorize pages, %d exchanges, %d profiles", sim.Calls("/connect/oauth2/authorize"), sim.Calls("/sns/oauth2/access_token"), sim.Calls("/sns/userinfo"))
	if first := c.first.Load(); first != nil {
		s.Logf("the first thing that went wrong: %s", *first)
	}
	if c.undead.Load() > 0 {
		s.Errorf("%d cookies were good after the logout", c.undead.Load())
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "replica\tgoroutines\tlive heap MB\tresident MB\n")
	fmt.Fprintf(table, "after 600 requests\t%d\t%d\t%d\n", before.goroutines, before.heap, before.rss)
	for i, u := range after {
		r := s.fleet.all[i]
		if len(s.calm) > i {
			fmt.Fprintf(table, "%s before the last 5%%\t\t%d\t%d\n", r.framework, s.calm[i].heap, s.calm[i].rss)
		}
		fmt.Fprintf(table, "%s at the end\t%d\t%d\t%d\n", r.framework, u.goroutines, u.heap, u.rss)
		if u.goroutines > before.goroutines+5 {
			s.Errorf("%s is left with %d goroutines, want about %d", r.framework, u.goroutines, before.goroutines)
		}
		if len(s.calm) > i && u.heap > s.calm[i].heap+s.calm[i].heap/4+3 { // a collection is here or there
			s.Errorf("the heap of %s still grows: %d MB, then %d MB", r.framework, s.calm[i].heap, u.heap)
		}
	}
	_ = table.Flush()
	s.Logf("what the replicas take:\n%s", text.String())
}

// pause waits for what other processes do in their own time.
func pause(d time.Duration) { <-time.After(d) }
