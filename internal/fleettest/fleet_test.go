package fleettest_test

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A fleet is one app on several replicas behind one name, each with its own framework and its own
// line to one Redis.
type fleet struct {
	*adaptertest.World

	redis    *redistest.Server // nil: sessions are in cookies
	patience time.Duration     // of each replica with Redis; 0 is the default of the store
	replicas []*replica
	turn     atomic.Uint32
}

// A replica is one process, but for the process.
type replica struct {
	frame adaptertest.Frame
	line  *redistest.Proxy // to Redis

	noTracking bool // from the next deploy on
	app        atomic.Pointer[http.Handler]
	stop       func()
}

// newFleet starts three replicas, one for each framework, with a Redis. They wait for it as long as
// a busy machine may need.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	return startFleet(t, redistest.Start(t), 10*time.Second)
}

// newImpatientFleet is newFleet with replicas that give up on Redis as fast as real ones.
func newImpatientFleet(t *testing.T) *fleet {
	t.Helper()
	return startFleet(t, redistest.Start(t), 0)
}

// newCookieFleet starts three replicas that share nothing but their keys.
func newCookieFleet(t *testing.T) *fleet {
	t.Helper()
	return startFleet(t, nil, 0)
}

func startFleet(t *testing.T, redis *redistest.Server, patience time.Duration) *fleet {
	t.Helper()
	frames := adaptertest.Frames()
	f := &fleet{redis: redis, patience: patience}
	f.World = adaptertest.NewWorld(t, frames[0], adaptertest.Cookies(), func(sim *wxsim.Config, _ *oauth.Config) {
		sim.Users = wxsim.MadeUpUsers(10)
	})
	for i, frame := range frames {
		r := &replica{frame: frame, stop: func() {}}
		if redis != nil {
			r.line = redistest.NewProxy(t, redis.Addr)
		}
		f.replicas = append(f.replicas, r)
		f.deploy(i, nil)
		t.Cleanup(func() { r.stop() })
	}
	f.Net.Serve(adaptertest.Host, f)
	return f
}

// deploy replaces a replica by a new process, with nothing in its memory.
func (f *fleet) deploy(i int, change func(*oauth.Config)) {
	f.Helper()
	r, cfg := f.replicas[i], f.Config
	if change != nil {
		change(&cfg)
	}
	stop := func() {}
	if f.redis != nil && cfg.Store == nil {
		client := connect(f.T, r.line.Addr, cmp.Or(f.patience, impatience))
		stop = client.Close
		cfg.Store = newStore(f.T, client, redisstore.Config{Keys: cfg.Keys, NoTracking: r.noTracking, Timeout: f.patience})
	}
	app, err := r.frame.Routes(cfg, f)
	require.NoError(f, err)
	r.app.Store(&app)
	r.stop()
	r.stop = stop
}

// impatience makes a client notice within a second that Redis hangs.
const impatience = 600 * time.Millisecond

// connect makes a client as the documentation says, for a server that may be down.
func connect(t *testing.T, addr string, patience time.Duration) rueidis.Client {
	t.Helper()
	client, _ := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, ForceSingleClient: true,
		Dialer: net.Dialer{KeepAlive: patience / 3}, ConnLifetime: time.Minute, ConnWriteTimeout: patience,
		ReadBufferEachConn: 4096, WriteBufferEachConn: 4096, // many clients in one test
	})
	require.NotNil(t, client, "no client")
	return client
}

func newStore(t *testing.T, client rueidis.Client, cfg redisstore.Config) sessions.Store {
	t.Helper()
	store, err := redisstore.New(client, cfg)
	require.NoError(t, err)
	return store
}

// pinned is the header that names the replica for a request; without it they take turns.
const pinned = "X-Replica"

func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(r.Header.Get(pinned))
	if err != nil {
		i = int(f.turn.Add(1)) % len(f.replicas)
	}
	(*f.replicas[i].app.Load()).ServeHTTP(w, r)
}

// to pins a request, and those it redirects to, to a replica.
func to(replica int, r webtest.Request) webtest.Request {
	r.Header = http.Header{pinned: {strconv.Itoa(replica)}}
	return r
}

func page(path string) webtest.Request {
	return webtest.Request{URL: adaptertest.PublicURL + path}
}

func script(path string) webtest.Request {
	return webtest.Request{URL: adaptertest.PublicURL + path, Kind: webtest.Fetch()}
}

// A visitor is a browser and the number of its WeChat user.
type visitor struct {
	*webtest.Browser

	user int
}

func (f *fleet) visitor(user int) visitor {
	return visitor{f.BrowserOf(f.Sim.Users()[user]), user}
}

// signIn signs a user in at a replica. A busy machine may look like an outage to an impatient one.
func (f *fleet) signIn(user, replica int) visitor {
	f.Helper()
	v := f.visitor(user)
	f.WantUser(f.insist(func() *webtest.Visit { return v.Walk(to(replica, page("/me")), nil) }), user)
	return v
}

// insist asks again and again while the answer is 503.
func (f *fleet) insist(ask func() *webtest.Visit) (v *webtest.Visit) {
	f.Helper()
	v = ask()
	for end := time.Now().Add(20 * time.Second); v.Status == http.StatusServiceUnavailable && time.Now().Before(end); {
		v = ask()
	}
	return v
}

// wantSignedIn fails the test unless every replica knows the visitor, without a word to WeChat.
func (f *fleet) wantSignedIn(v visitor) {
	f.Helper()
	for i := range f.replicas {
		f.WantUser(f.insist(func() *webtest.Visit { return v.Do(to(i, script("/base"))) }), v.user)
	}
}

// door opens a page at a replica and stops at WeChat's door. It returns the address that WeChat
// sends the browser back to, each time with another code.
func (f *fleet) door(v visitor, replica int, path string) (callback func() string) {
	f.Helper()
	at := v.Walk(to(replica, page(path)), func(next *url.URL) bool { return next.Host == "open.weixin.qq.com" })
	authorize, err := url.Parse(at.Next)
	q := authorize.Query()
	back, backErr := url.Parse(q.Get("redirect_uri"))
	if err != nil || backErr != nil || back.Host != adaptertest.Host {
		f.Fatalf("no redirect to WeChat: %d %v %s\n\t%s", at.Status, at.Err, at.Body, at.Trail())
	}
	return func() string {
		code := f.Sim.NewCode(q.Get("appid"), f.Sim.Users()[v.user].OpenID, q.Get("scope"))
		callback := *back
		query := callback.Query()
		query.Set("code", code)
		query.Set("state", q.Get("state"))
		callback.RawQuery = query.Encode()
		return callback.String()
	}
}

// back is the request that WeChat makes the browser send.
func back(callback string) webtest.Request { return webtest.Request{URL: callback} }

const exchangePath = "/sns/oauth2/access_token"
