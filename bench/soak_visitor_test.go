package bench

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A crowd is many visitors of one site, and what they have met.
type crowd struct {
	site, wechat string
	client       *http.Client
	visitors     []*soakVisitor
	wantRequests int64
	goal         atomic.Int64 // requests to make in all; endless until finish

	requests, logins, logouts atomic.Int64

	lost    atomic.Int64 // a session that was good is not any more
	foreign atomic.Int64 // an answer with another user's openid
	undead  atomic.Int64 // a cookie that was good after its logout
	first   atomic.Pointer[string]

	away     atomic.Int64 // answers 503
	broken   atomic.Int64 // answers 502, and none
	tryAgain atomic.Int64 // error pages of logins
	longest  atomic.Int64 // wait of a visitor for one page, ns

	mu    sync.Mutex
	times []time.Duration // of some requests
}

// A soakVisitor is a user in one browser.
type soakVisitor struct {
	openID string
	cookie map[string]string // of the site
	quota  int               // logins
	early  float64           // 0 to 1: so that logins are due at another time for each
	logins int
	n      atomic.Int64 // answered requests
}

func newCrowd(site string, sim *wxsim.Server, users, logins, requests int) *crowd {
	c := &crowd{
		site: "http://" + site, wechat: sim.URL, wantRequests: int64(requests),
		client: &http.Client{
			Timeout:       30 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 2 * soakWorkers, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.goal.Store(math.MaxInt64)
	for i, u := range sim.Users() {
		quota := logins / users
		if i < logins%users {
			quota++
		}
		early := float64(i) / float64(users)
		c.visitors = append(c.visitors, &soakVisitor{openID: u.OpenID, cookie: map[string]string{}, quota: quota, early: early})
	}
	return c
}

// finish lets the crowd go home once it has made its requests, and at least a part of them from now.
func (c *crowd) finish(part float64) {
	c.goal.Store(max(c.wantRequests, c.requests.Load()+int64(part*float64(c.wantRequests))))
}

// run lets workers lead the visitors through the site, in turns, until finish was called and all
// requests and logins are made, or ctx ends.
func (c *crowd) run(ctx context.Context, workers int) {
	defer c.client.CloseIdleConnections()
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			for !c.over(ctx) {
				for i := w; i < len(c.visitors) && !c.over(ctx); i += workers {
					c.visit(ctx, c.visitors[i])
				}
			}
		})
	}
	running.Wait()
	for _, v := range c.visitors { // nobody is forgotten
		for v.logins < v.quota && ctx.Err() == nil {
			c.logIn(ctx, v)
		}
		c.look(ctx, v)
	}
}

func (c *crowd) over(ctx context.Context) bool {
	return c.requests.Load() >= c.goal.Load() || ctx.Err() != nil
}

// wait waits until a part of the requests is made; false: ctx has ended.
func (c *crowd) wait(ctx context.Context, part float64) bool {
	for ctx.Err() == nil {
		if float64(c.requests.Load()) >= part*float64(c.wantRequests) {
			return true
		}
		pause(20 * time.Millisecond)
	}
	return false
}

// waitForAll waits until every visitor has been at every replica.
func (c *crowd) waitForAll(ctx context.Context) {
	const turns = 10
	seen := make([]int64, len(c.visitors))
	for i, v := range c.visitors {
		seen[i] = v.n.Load()
	}
	for i, v := range c.visitors {
		for ctx.Err() == nil && v.n.Load() < seen[i]+turns {
			pause(20 * time.Millisecond)
		}
	}
}

// visit makes a few requests, after a login if one is due by now.
func (c *crowd) visit(ctx context.Context, v *soakVisitor) {
	part := min(1, float64(c.requests.Load())/(0.9*float64(c.wantRequests)))
	if v.logins < min(v.quota, 1+int(part*float64(v.quota-1)+v.early)) {
		c.logIn(ctx, v)
	}
	for range 5 {
		c.look(ctx, v)
	}
}

// look makes one guarded request, and asks again while the site is away.
func (c *crowd) look(ctx context.Context, v *soakVisitor) {
	path := [...]string{"/api/me", "/base"}[v.n.Load()%2]
	began := time.Now()
	res, body := c.insist(ctx, v, http.MethodGet, c.site+path)
	if res == nil {
		return
	}
	c.note(began, v.n.Add(1))
	switch res.StatusCode {
	case http.StatusOK:
		c.requests.Add(1)
		var user struct {
			OpenID string `json:"openid"`
		}
		if err := json.Unmarshal(body, &user); err != nil || user.OpenID != v.openID {
			c.foreign.Add(1)
			c.remember("for " + v.openID + ": " + string(body))
		}
	default:
		c.lost.Add(1)
		c.remember(res.Status + " " + string(body))
		clear(v.cookie)
		v.quota++
		c.logIn(ctx, v)
	}
}

// logIn ends the session if there is one, or leaves it behind as a new browser does, and signs in.
func (c *crowd) logIn(ctx context.Context, v *soakVisitor) {
	if len(v.cookie) > 0 && v.logins%2 == 0 {
		c.logOut(ctx, v)
	}
	clear(v.cookie)
	began := time.Now()
	for attempt := 0; ctx.Err() == nil; attempt++ {
		if attempt > 0 {
			c.tryAgain.Add(1)
			pause(200 * time.Millisecond)
		}
		if c.walk(ctx, v) {
			v.logins++
			c.logins.Add(1)
			break
		}
	}
	c.waited(time.Since(began))
}

// walk follows a login from the page to WeChat and back. false: it ended at another page.
func (c *crowd) walk(ctx context.Context, v *soakVisitor) bool {
	at := c.site + "/me"
	for range 20 {
		res, body := c.insist(ctx, v, http.MethodGet, at)
		if res == nil {
			return false
		}
		switch {
		case res.StatusCode == http.StatusFound || res.StatusCode == http.StatusSeeOther:
			at = res.Header.Get("Location")
		case res.StatusCode == http.StatusOK && strings.HasPrefix(at, c.site):
			return true
		default:
			c.remember("a login ended with " + res.Status + " " + string(body[:min(len(body), 300)]))
			return false
		}
	}
	c.remember("a login without an end")
	return false
}

// logOut signs out, and looks whether the old cookie is worthless then, wherever it turns up.
func (c *crowd) logOut(ctx context.Context, v *soakVisitor) {
	old := &soakVisitor{cookie: maps.Clone(v.cookie)}
	if res, _ := c.insist(ctx, v, http.MethodPost, c.site+"/wechat/logout"); res == nil || res.StatusCode != http.StatusNoContent {
		return // after a broken connection it may have been done already
	}
	c.logouts.Add(1)
	end := time.Now().Add(2 * time.Second) // the news travels to the other replicas
	for refused := 0; refused < 3; {
		res, _ := c.insist(ctx, old, http.MethodGet, c.site+"/api/me")
		switch {
		case res == nil:
			return
		case res.StatusCode == http.StatusUnauthorized:
			refused++
		case time.Now().After(end):
			c.undead.Add(1)
			return
		}
	}
}

// insist sends a request again and again while the site is away. It returns nil when ctx ends.
func (c *crowd) insist(ctx context.Context, v *soakVisitor, method, address string) (*http.Response, []byte) {
	began := time.Now()
	for ctx.Err() == nil {
		res, body, err := c.send(ctx, v, method, address)
		switch {
		case err != nil || res.StatusCode == http.StatusBadGateway:
			c.broken.Add(1)
		case res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "":
			c.away.Add(1)
		default:
			c.waited(time.Since(began))
			return res, body
		}
		pause(100 * time.Millisecond)
	}
	return nil, nil
}

// send makes one request, with the visitor's cookies.
func (c *crowd) send(ctx context.Context, v *soakVisitor, method, address string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, nil, err
	}
	ours := strings.HasPrefix(address, c.site+"/")
	switch {
	case ours && len(v.cookie) > 0:
		var cookies []string
		for name, value := range v.cookie {
			cookies = append(cookies, name+"="+value)
		}
		slices.Sort(cookies)
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	case !ours:
		r.Header.Set("Cookie", "wxsim_user="+url.QueryEscape(v.openID))
	}
	if r.URL.Path == "/me" || !ours {
		r.Header.Set("Accept", "text/html")
		r.Header.Set("User-Agent", "Mozilla/5.0")
	} else {
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := c.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, err
	}
	if ours {
		for _, cookie := range res.Cookies() {
			if cookie.MaxAge < 0 {
				delete(v.cookie, cookie.Name)
			} else {
				v.cookie[cookie.Name] = cookie.Value
			}
		}
	}
	return res, body, nil
}

// remember keeps the first thing that went wrong.
func (c *crowd) remember(what string) { c.first.CompareAndSwap(nil, &what) }

func (c *crowd) waited(d time.Duration) {
	for {
		longest := c.longest.Load()
		if int64(d) <= longest || c.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// note keeps the time of every hundredth request.
func (c *crowd) note(began time.Time, n int64) {
	if n%100 != 1 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, time.Since(began))
}

// latency is the time within which a part of the requests was answered.
func (c *crowd) latency(part float64) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.times) == 0 {
		return 0
	}
	slices.Sort(c.times)
	return c.times[int(part*float64(len(c.times)-1))].Round(10 * time.Microsecond)
}
