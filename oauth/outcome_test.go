package oauth_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A counted store is one of cookies whose outcomes are shared by replicas, and counts how often it
// is asked for them.
type counted struct {
	sessions.Store
	outcomes *sessionstore.MemoryOutcomes
	commands *atomic.Int32
}

func newCounted(t *testing.T) counted {
	t.Helper()
	cookies, err := sessionstore.NewCookie(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	return counted{cookies, sessionstore.NewMemoryOutcomes(), new(atomic.Int32)}
}

func (c counted) Reserve(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	c.commands.Add(1)
	return c.outcomes.Reserve(ctx, key, ttl)
}

func (c counted) Outcome(ctx context.Context, key string) ([]byte, bool, error) {
	c.commands.Add(1)
	return c.outcomes.Outcome(ctx, key)
}

func (c counted) SetOutcome(ctx context.Context, key string, outcome []byte, ttl time.Duration) error {
	c.commands.Add(1)
	return c.outcomes.SetOutcome(ctx, key, outcome, ttl)
}

// A slowWeChat answers like a wechat, after a while. It is safe for concurrent use.
type slowWeChat struct {
	wechat
	mu sync.Mutex
}

func (s *slowWeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(3 * time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wechat.ServeHTTP(w, r)
}

// replicas are two processes of one app, and the page that each guards.
func replicas(t *testing.T, store sessions.Store, api http.Handler) (auths [2]*oauth.Auth, pages [2]http.Handler) {
	t.Helper()
	for i := range auths {
		auths[i], pages[i] = newAuth(t, func(cfg *oauth.Config) {
			cfg.AllowSnapshot, cfg.Store, cfg.HTTPClient = true, store, webtest.InMemory(api)
		})
	}
	return auths, pages
}

// callbackOf begins a login and returns its callback, with the attempt's cookie.
func callbackOf(t *testing.T, page http.Handler) func() *http.Request {
	t.Helper()
	visitor := jar{}
	callback := visitor.begin(t, page)
	return func() *http.Request { return visitor.request(t, http.MethodGet, callback) }
}

// Copies of one callback, at once and afterwards, at two replicas, cost one exchange and next to no
// store commands. Few of them wait, the rest is turned away at once, and nobody is told a lie.
func TestManyCopiesOfOneCallback(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		status       int
	}{
		{"a login", tokenAnswer, http.StatusFound},
		{"a refused code", invalidCode, http.StatusFound}, // it begins again
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newCounted(t)
				api := &slowWeChat{wechat: wechat{answers: map[string][]string{exchangePath: {tt.answer}, userPath: {userAnswer}}}}
				_, pages := replicas(t, store, api)
				callback := callbackOf(t, pages[0])
				var mu sync.Mutex
				statuses := map[int]int{}
				open := func(i int) {
					w := httptest.NewRecorder()
					began := time.Now()
					pages[i%2].ServeHTTP(w, callback())
					mu.Lock()
					defer mu.Unlock()
					statuses[w.Code]++
					if took := time.Since(began); w.Code == http.StatusServiceUnavailable && took > 0 {
						t.Errorf("who is turned away waited %v", took)
					}
				}
				webtest.AtOnce(300, func(i int) { open(i) })
				require.Equal(t, 2*9, statuses[tt.status])
				require.Equal(t, 300-2*9, statuses[http.StatusServiceUnavailable])
				clear(statuses)
				for i := range 300 {
					open(i)
				}
				require.Equal(t, 300, statuses[tt.status], statuses)
				require.Equal(t, 1, strings.Count(paths(api.asked), exchangePath), "exchanges")
				if n := store.commands.Load(); n > 20 {
					t.Errorf("%d commands", n)
				}
			})
		})
	}
}

// A state is spent for as long as it could be good, at every replica.
func TestAStateWorksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newCounted(t)
		api := &wechat{answers: map[string][]string{exchangePath: {tokenAnswer}, userPath: {userAnswer}}}
		for _, after := range []time.Duration{31 * time.Second, 5 * time.Minute, 10*time.Minute - time.Second} {
			_, pages := replicas(t, store, api)
			callback := callbackOf(t, pages[0])
			api.asked = nil
			pages[0].ServeHTTP(httptest.NewRecorder(), callback())
			time.Sleep(after)
			for _, page := range pages {
				w := httptest.NewRecorder()
				page.ServeHTTP(w, callback())
				if !strings.HasPrefix(w.Header().Get("Location"), "https://open.weixin.qq.com/") {
					t.Errorf("after %v: %d %s, want another login", after, w.Code, w.Header().Get("Location"))
				}
			}
			require.Equal(t, 1, strings.Count(paths(api.asked), exchangePath), "exchanges after %v", after)
		}
	})
}
