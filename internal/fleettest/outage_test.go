package fleettest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

const (
	// answerTime is how long a visitor may wait while Redis is away: a second, and what a busy
	// machine adds.
	answerTime = 3 * time.Second
	// hotTime is how long a replica may go on with what it has read before it notices that Redis
	// hangs: the same.
	hotTime = 3 * time.Second
)

// A fault is one way in which Redis misbehaves. Its parts are given a fleet of which replica 0 is
// looked at.
type fault struct {
	name        string
	frame       int // which framework replica 0 runs
	spoil, mend func(f *fleet)
	lasts       time.Duration // the least time between spoil and mend

	reads  bool // who is signed in passes meanwhile
	writes bool // who comes back from WeChat is signed in meanwhile
	slow   bool // either may succeed, or be told to come again
	loses  bool // Redis loses the sessions by itself
}

func server(do func(*redistest.Server)) func(*fleet) { return func(f *fleet) { do(f.redis) } }

func command(args ...string) func(*fleet) { return func(f *fleet) { f.redis.Do(args...) } }

// sessionKeys are where the records of sessions are.
func (f *fleet) sessionKeys() (keys []string) {
	for _, key := range f.redis.Keys() {
		if strings.HasPrefix(key, "wx:s:") {
			keys = append(keys, key)
		}
	}
	return keys
}

// eachSession runs a command for every session, with "KEY" for the name of its record and "BACKUP"
// for another name.
func eachSession(commands ...[]string) func(*fleet) {
	return func(f *fleet) {
		for _, key := range f.sessionKeys() {
			for _, command := range commands {
				args := make([]string, len(command))
				for i, arg := range command {
					args[i] = strings.NewReplacer("KEY", key, "BACKUP", "backup:"+key).Replace(arg)
				}
				f.redis.Do(args...)
			}
		}
	}
}

var restoreSessions = eachSession([]string{"COPY", "BACKUP", "KEY", "REPLACE"})

func faults() []fault {
	return []fault{
		{
			name: "down at the start",
			spoil: func(f *fleet) {
				f.redis.Kill()
				f.deploy(0, nil)
			},
			mend: server(func(s *redistest.Server) { s.Restart() }),
		},
		{
			name: "killed", frame: 1,
			spoil: server(func(s *redistest.Server) { s.Kill() }),
			mend:  server(func(s *redistest.Server) { s.Restart() }),
		},
		{
			name: "stopped for 10 s", frame: 2, lasts: 10 * time.Second,
			spoil: server(func(s *redistest.Server) { s.Pause() }),
			mend:  server(func(s *redistest.Server) { s.Resume() }),
		},
		{
			name: "LOADING",
			spoil: server(func(s *redistest.Server) {
				for i := range 200 {
					s.Do("SET", strconv.Itoa(i), "v")
				}
				s.Launch("--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1")
			}),
			mend: server(func(s *redistest.Server) { s.Restart("--key-load-delay", "0") }),
		},
		{
			name: "READONLY", frame: 1, reads: true,
			spoil: command("REPLICAOF", "127.0.0.1", "1"),
			mend:  command("REPLICAOF", "NO", "ONE"),
		},
		{
			name: "OOM", frame: 2, reads: true,
			spoil: command("CONFIG", "SET", "maxmemory", "1"),
			mend:  command("CONFIG", "SET", "maxmemory", "0"),
		},
		{
			name: "evicted", loses: true, reads: true, writes: true, slow: true,
			spoil: func(f *fleet) {
				f.redis.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
				f.redis.Do("CONFIG", "SET", "maxmemory", "1")
				f.redis.Eventually("all is evicted", func() bool {
					f.redis.Do("SET", "x", "y")
					return len(f.sessionKeys()) == 0
				})
			},
			mend: command("CONFIG", "SET", "maxmemory", "0"),
		},
		{
			name: "FLUSHALL", frame: 1, loses: true, reads: true, writes: true,
			spoil: command("FLUSHALL"),
			mend:  func(*fleet) {},
		},
		{
			name: "NOAUTH", frame: 2,
			spoil: server(func(s *redistest.Server) { s.Restart("--requirepass", "x") }),
			mend:  server(func(s *redistest.Server) { s.Restart("--requirepass", "") }),
		},
		{
			name: "500 ms a command", reads: true, writes: true, slow: true,
			spoil: func(f *fleet) { f.replicas[0].line.Delay(500 * time.Millisecond) },
			mend:  func(f *fleet) { f.replicas[0].line.Delay(0) },
		},
		{
			name: "reset within an answer", frame: 1, reads: true, writes: true, slow: true,
			spoil: func(f *fleet) { f.replicas[0].line.CutAfter(3) },
			mend:  func(*fleet) {},
		},
		{
			name: "WRONGTYPE", frame: 2, writes: true,
			spoil: eachSession([]string{"RENAME", "KEY", "BACKUP"}, []string{"LPUSH", "KEY", "x"}),
			mend:  restoreSessions,
		},
		{
			name: "a corrupt value", writes: true,
			spoil: eachSession([]string{"COPY", "KEY", "BACKUP"}, []string{"SETRANGE", "KEY", "20", "corrupt"}),
			mend:  restoreSessions,
		},
	}
}

func TestOutages(t *testing.T) {
	t.Parallel()
	for _, tt := range faults() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newImpatientFleet(t)
			f.replicas[0], f.replicas[tt.frame] = f.replicas[tt.frame], f.replicas[0]
			hot, idle := f.signIn(0, 0), f.signIn(1, 0) // read here before
			cold := f.signIn(2, 1)                      // not known here
			midLogin := f.visitor(3)
			callback := f.door(midLogin, 0, "/me")()

			tt.spoil(f)
			spoiled, exchanges := time.Now(), f.Sim.Calls(exchangePath)
			for first := true; first || time.Since(spoiled) < tt.lasts; first = false {
				f.duringCold(tt, cold)
				f.duringHot(tt, hot)
				f.duringLogin(tt, midLogin, callback)
				f.duringAnonymous(f.visitor(4))
			}
			if n := f.Sim.Calls(exchangePath) - exchanges; n > 0 && !tt.writes {
				t.Errorf("%d codes were spent on logins that could not be saved", n)
			}
			tt.mend(f)

			want := http.StatusOK
			if tt.loses {
				want = http.StatusUnauthorized
			}
			for _, v := range []visitor{idle, hot, cold} {
				f.redis.Eventually("Redis is back for those who were signed in", func() bool {
					return v.Do(to(0, script("/base"))).Status == want
				})
				if !tt.loses {
					f.wantSignedIn(v)
				}
			}
			f.redis.Eventually("Redis is back for those who were at WeChat", func() bool {
				return midLogin.Walk(to(0, back(callback)), nil).Status == http.StatusOK
			})
			f.wantSignedIn(midLogin)
			f.wantSignedIn(f.signIn(5, 0))
			for _, v := range []visitor{idle, hot, cold} {
				// It signs in anew if Redis has lost the session.
				f.WantUser(f.insist(func() *webtest.Visit { return v.Walk(to(0, page("/me")), nil) }), v.user)
			}
		})
	}
}

// timed asks replica 0, and wants an answer in time.
func (f *fleet) timed(v visitor, r webtest.Request) *webtest.Visit {
	f.Helper()
	began := time.Now()
	got := v.Do(to(0, r))
	if took := time.Since(began); took > answerTime {
		f.Errorf("%.40s took %v", r.URL, took)
	}
	return got
}

// wantAway fails the test unless v says to come again, and leaves every cookie alone.
func (f *fleet) wantAway(v *webtest.Visit) {
	f.Helper()
	if v.Status != http.StatusServiceUnavailable || v.Header.Get("Retry-After") == "" || len(v.SetCookies()) > 0 || v.Location() != "" {
		f.Errorf("want 503, got %d %v, Retry-After %q, %d cookies set, Location %q\n\t%s",
			v.Status, v.Err, v.Header.Get("Retry-After"), len(v.SetCookies()), v.Location(), v.Trail())
	}
}

// duringCold looks at somebody whose session this replica has to read: as a page, as a script, and
// at the logout.
func (f *fleet) duringCold(tt fault, v visitor) {
	f.Helper()
	logout := script("/logout")
	logout.Method = http.MethodPost
	asked := []webtest.Request{page("/me"), script("/base"), logout}
	if tt.reads || tt.slow {
		asked = asked[:2]
	}
	for _, r := range asked {
		got := f.timed(v, r)
		if tt.reads && (!tt.slow || tt.loses) {
			got = f.insist(func() *webtest.Visit { return f.timed(v, r) })
		}
		switch {
		case tt.loses:
			f.wantAnonymous(got)
		case tt.reads && (got.Status == http.StatusOK || !tt.slow):
			f.WantUser(got, v.user)
		default:
			f.wantAway(got)
		}
	}
}

// wantAnonymous fails the test unless v asks for a login, with the session's cookie as it was.
func (f *fleet) wantAnonymous(v *webtest.Visit) {
	f.Helper()
	if v.Status != http.StatusFound && v.Status != http.StatusUnauthorized {
		f.Errorf("a session that Redis has lost is answered %d %s", v.Status, v.Body)
	}
	for _, c := range v.SetCookies() {
		if !strings.HasPrefix(c.Name, "__Host-wxa-") {
			f.Errorf("a session that Redis has lost sets %s", c.Name)
		}
	}
}

// duringHot looks at somebody whose session this replica has read. It may go on with it until it
// notices the fault, and then must not.
func (f *fleet) duringHot(tt fault, v visitor) {
	f.Helper()
	for began := time.Now(); ; {
		got := f.timed(v, script("/base"))
		switch {
		case got.Status == http.StatusOK:
			f.WantUser(got, v.user)
			if tt.reads && !tt.loses {
				return
			}
		case tt.loses:
			f.wantAnonymous(got)
			return
		default:
			f.wantAway(got)
			return
		}
		if time.Since(began) > hotTime {
			f.Errorf("after %v a session read before is still served", hotTime)
			return
		}
	}
}

// duringLogin looks at somebody who comes back from WeChat.
func (f *fleet) duringLogin(tt fault, v visitor, callback string) {
	f.Helper()
	got := f.timed(v, back(callback))
	if tt.writes && !tt.slow {
		got = f.insist(func() *webtest.Visit { return f.timed(v, back(callback)) })
	}
	switch {
	case tt.writes && (got.Status == http.StatusFound || !tt.slow):
		if got.Next != adaptertest.PublicURL+"/me" {
			f.Errorf("the login ended with %d at %q", got.Status, got.Next)
		}
	default:
		f.wantAway(got)
	}
}

// duringAnonymous looks at somebody who is not signed in: a login begins without Redis.
func (f *fleet) duringAnonymous(v visitor) {
	f.Helper()
	f.door(v, 0, "/me")
	f.WantLoginRequired(v.Do(to(0, script("/me"))))
	f.WantStatus(v.Do(to(0, page("/"))), http.StatusOK)
}

// Redis goes away between the reservation and the session: the code is spent by then, and a reload
// starts the login again without a word.
func TestRedisFailsDuringTheExchange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		spoil, mend func(*redistest.Server)
	}{
		{"killed", (*redistest.Server).Kill, func(s *redistest.Server) { s.Restart() }},
		{"stopped", (*redistest.Server).Pause, (*redistest.Server).Resume},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newImpatientFleet(t)
			f.Sim.Fail(exchangePath, wxsim.Delay(500*time.Millisecond), 1)
			v := f.visitor(0)
			callback := f.door(v, 0, "/me")()
			answered := make(chan *webtest.Visit, 1)
			go func() { answered <- v.Do(to(0, back(callback))) }()
			f.redis.Eventually("the exchange has begun", func() bool { return f.Sim.Calls(exchangePath) == 1 })
			tt.spoil(f.redis)
			f.wantAway(<-answered)
			f.wantAway(f.timed(v, back(callback)))
			tt.mend(f.redis)
			f.redis.Eventually("a reload signs in", func() bool { return v.Walk(to(0, back(callback)), nil).Status == http.StatusOK })
			f.wantSignedIn(v)
		})
	}
}

// A replica that dies while it exchanges a code holds up its visitor for seconds, not for ever.
func TestReplicaDiesDuringTheExchange(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := f.visitor(0)
	callback := f.door(v, 0, "/me")()
	f.Sim.Fail(exchangePath, wxsim.Hang(), 1)
	died := make(chan struct{})
	go func() {
		defer close(died)
		v.Do(to(0, back(callback)))
	}()
	f.redis.Eventually("the exchange has begun", func() bool { return f.Sim.Calls(exchangePath) == 1 })
	f.replicas[0].line.Delay(time.Hour) // a dead process releases nothing
	began := time.Now()
	f.WantUser(v.Walk(to(1, back(callback)), nil), 0)
	require.LessOrEqual(t, time.Since(began), 12*time.Second)
	<-died
	f.WantUser(v.Do(to(2, script("/base"))), 0)
}
