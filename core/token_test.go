package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

const (
	stablePath  = "/cgi-bin/stable_token"
	classicPath = "/cgi-bin/token"
)

func ping() Request { return Post("/wxa/ping", nil) }

// A fleetCache is a Cache and a Leaser in memory, as several processes would share one. It keeps
// values for ever: the expiry is inside them.
type fleetCache struct {
	mu     sync.Mutex
	values map[string]string
	leases map[string]time.Time
	err    error         // of every call
	hang   bool          // Get and Set answer only when their context ends
	freed  int           // releases
	reads  int           // Gets
	writes time.Duration // the ttl of the last Set
}

func (f *fleetCache) Get(ctx context.Context, key string) (string, bool, error) {
	if f.hang {
		<-ctx.Done()
		return "", false, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	value, ok := f.values[key]
	return value, ok && f.err == nil, f.err
}

func (f *fleetCache) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return fmt.Errorf("%w: SET %s %s", f.err, key, value) // some servers echo the command
	}
	if f.values == nil {
		f.values = map[string]string{}
	}
	f.values[key], f.writes = value, ttl
	return nil
}

func (f *fleetCache) Lease(_ context.Context, key string, ttl time.Duration) (func(), bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || time.Now().Before(f.leases[key]) {
		return nil, false, f.err
	}
	if f.leases == nil {
		f.leases = map[string]time.Time{}
	}
	f.leases[key] = time.Now().Add(ttl)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.freed++
		delete(f.leases, key)
	}, true, nil
}

// plainCache hides the Leaser of a fleetCache.
type plainCache struct{ Cache }

func withCache(cache Cache) func(*ClientConfig) {
	return func(cfg *ClientConfig) { cfg.Cache = cache }
}

// classicTokens puts ClassicTokens in place of the default.
func classicTokens(tb testing.TB, cache Cache) func(*ClientConfig) {
	tb.Helper()
	return func(cfg *ClientConfig) {
		cfg.Cache = cache
		source, err := ClassicTokens(*cfg)
		require.NoError(tb, err)
		cfg.Tokens = source
	}
}

// expectToken asks for the app token and wants this one, without waiting.
func expectToken(t *testing.T, c *Client, want string) {
	t.Helper()
	expectTokenAfter(t, c, want, 0)
}

func expectTokenAfter(t *testing.T, c *Client, want string, wait time.Duration) {
	t.Helper()
	began := time.Now()
	got, expiry, err := c.AccessToken(t.Context())
	if got != want || err != nil || time.Since(began) != wait || !time.Now().Before(expiry) {
		t.Errorf("AccessToken = %q until %v, %v, after %v; want %q", got, expiry, err, time.Since(began), want)
	}
}

func TestTokenRequestsOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		for _, c := range []*Client{newTestClient(t, api), newTestClient(t, api, classicTokens(t, nil))} {
			token, expiry, err := c.AccessToken(t.Context())
			if err != nil || !strings.HasPrefix(token, "TOKEN-") || !expiry.Equal(time.Now().Add(2*time.Hour)) {
				t.Errorf("AccessToken = %q, %v, %v", token, expiry, err)
			}
		}
		require.Equal(t, `{"grant_type":"client_credential","appid":"`+testAppID+`","secret":"`+testSecret+`"}`, api.sent(stablePath))
		require.Equal(t, `appid=`+testAppID+`&grant_type=client_credential&secret=`+testSecret, api.sent(classicPath))
	})
}

func TestClassicTokenIsAskedForOnce(t *testing.T) {
	var calls atomic.Int32
	c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		calls.Add(1)
		tellTrace(r, true, true)
		return nil, errors.New("reset")
	}), classicTokens(t, nil))
	if _, _, err := c.AccessToken(t.Context()); err == nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v: each fetch kills the token before it", calls.Load(), err)
	}
}

func TestManyCallersFetchOnce(t *testing.T) {
	for name, with := range map[string]func(*ClientConfig){
		"stable": func(*ClientConfig) {}, "classic": classicTokens(t, nil), "fleet": withCache(&fleetCache{}),
	} {
		inBubble(t, name, func(t *testing.T) {
			api := &weChat{}
			api.fail(slow(50 * time.Millisecond))
			c := newTestClient(t, api, with)
			round := func(when string, fetches int) {
				t.Helper()
				webtest.AtOnce(500, func(int) {
					if _, err := Call[struct{}](t.Context(), c, ping()); err != nil {
						t.Errorf("%s: %v", when, err)
					}
				})
				require.Equal(t, fetches, api.count(stablePath)+api.count(classicPath), when)
			}
			round("at the start", 1)
			api.kill()
			round("after WeChat dropped the token", 2)
			time.Sleep(2*time.Hour - time.Minute)
			round("in its last minutes", 3)
			time.Sleep(2*time.Hour + time.Second)
			round("after it expired", 4)
		})
	}
}

func TestRenewalInTheLastFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		c := newTestClient(t, api)
		expectCall(t, c, ping())
		time.Sleep(2*time.Hour - 5*time.Minute - time.Second)
		expectToken(t, c, "TOKEN-1-canary")
		synctest.Wait()
		api.expectFetches(t, 1)
		time.Sleep(time.Second)
		expectToken(t, c, "TOKEN-1-canary") // still honoured; renewed in passing
		synctest.Wait()
		expectToken(t, c, "TOKEN-2-canary")
		api.expectFetches(t, 2)
	})
}

func TestOldTokenServesWhileRenewalFails(t *testing.T) {
	for name, fault := range map[string]roundTripper{
		"busy":    always(`{"errcode":-1}`),
		"broken":  func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") },
		"hanging": hang,
	} {
		inBubble(t, name, func(t *testing.T) {
			api := &weChat{}
			c := newTestClient(t, api)
			expectCall(t, c, ping())
			time.Sleep(2*time.Hour - 5*time.Minute)
			api.failAt(stablePath, fault)
			for range 4 * 299 {
				expectToken(t, c, "TOKEN-1-canary")
				time.Sleep(250 * time.Millisecond)
			}
			if n := api.count(stablePath); n < 40 || n > 301 {
				t.Errorf("%d fetches in 299 seconds, want at most one a second", n)
			}
			time.Sleep(time.Second)
			if token, _, err := c.AccessToken(t.Context()); err == nil {
				t.Errorf("AccessToken = %q after its end", token)
			}
			api.fail(nil)
			time.Sleep(failureTime)
			expectToken(t, c, "TOKEN-2-canary")
		})
	}
}

func TestExpiryIsInsideTheCachedValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		first := newTestClient(t, api, withCache(cache))
		_, expiry, err := first.AccessToken(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"access_token:stable:" + testAppID}, slices.Collect(maps.Keys(cache.values)))
		require.Equal(t, 2*time.Hour, cache.writes)
		require.Equal(t, 1, cache.freed)
		time.Sleep(time.Hour)
		second := newTestClient(t, api, withCache(cache)) // another process, or this one started again
		token, cachedExpiry, err := second.AccessToken(t.Context())
		if token != "TOKEN-1-canary" || !cachedExpiry.Equal(expiry) || err != nil || api.count(stablePath) != 1 {
			t.Errorf("AccessToken = %q, %v, %v; want what is cached until %v", token, cachedExpiry, err, expiry)
		}
		time.Sleep(time.Hour)
		expectToken(t, newTestClient(t, api, withCache(cache)), "TOKEN-2-canary") // what is cached has expired
	})
}

// A process that starts in a token's last 5 minutes serves it while WeChat gives no other.
func TestCachedTokenServesWhileWeChatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		expectToken(t, newTestClient(t, api, withCache(cache)), "TOKEN-1-canary")
		time.Sleep(2*time.Hour - 2*time.Minute)
		api.fail(down)
		c := newTestClient(t, api, withCache(cache))
		for range 3 {
			expectToken(t, c, "TOKEN-1-canary")
			time.Sleep(2 * time.Second)
		}
		api.expectFetches(t, 4) // one and three attempts
	})
}

// A cache that can be read but not written keeps an older token than the process has.
func TestOlderCachedTokenReplacesNoNewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{life: 600}, &readOnlyCache{}
		c := newTestClient(t, api, withCache(cache))
		expectToken(t, c, "TOKEN-1-canary")
		cache.full = true
		time.Sleep(5*time.Minute + time.Second)
		api.life = 400
		expectToken(t, c, "TOKEN-1-canary")
		synctest.Wait()
		time.Sleep(201 * time.Second)
		api.fail(down)
		expectToken(t, c, "TOKEN-2-canary")
		synctest.Wait()
		expectToken(t, c, "TOKEN-2-canary")
	})
}

// A readOnlyCache takes nothing more once it is full.
type readOnlyCache struct {
	fleetCache
	full bool
}

func (r *readOnlyCache) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if r.full {
		return errors.New("OOM")
	}
	return r.fleetCache.Set(ctx, key, value, ttl)
}

// Where tokens live shorter than 10 minutes, a fleet still shares them.
func TestShortLivesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{life: 60}, &fleetCache{}
		for range 5 {
			expectToken(t, newTestClient(t, api, withCache(cache)), "TOKEN-1-canary")
		}
		api.expectFetches(t, 1)
	})
}

func TestUnreadableCacheValues(t *testing.T) {
	for _, value := range []string{
		"", "x", "{}", "null", "[]", `{"token":1}`, `{"token":"T"}`, `{"token":"T","expiry":"never"}`,
		`{"token":"T","expiry":"1999-01-01T00:00:00Z","renew":"1999-01-01T00:00:00Z"}`,
		`{"token":"T","expiry":"1999-01-01T00:00:00Z","renew":"2999-01-01T00:00:00Z"}`,
		`{"token":"","expiry":"2999-01-01T00:00:00Z","renew":"2999-01-01T00:00:00Z"}`, "1772366400 T",
	} {
		synctest.Test(t, func(t *testing.T) {
			cache := &fleetCache{values: map[string]string{"access_token:stable:" + testAppID: value}}
			expectToken(t, newTestClient(t, &weChat{}, withCache(cache)), "TOKEN-1-canary")
		})
	}
}

func TestFailingCacheIsLoggedAndPassedBy(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cache func(*fleetCache) Cache
		lines int
	}{
		{"a leaser", func(f *fleetCache) Cache { return f }, 2},
		{"a plain cache", func(f *fleetCache) Cache { return plainCache{f} }, 2},
		{"only its lease", func(f *fleetCache) Cache { return badLease{f} }, 1},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			var logs bytes.Buffer
			fleet := &fleetCache{err: errors.New("READONLY secret=" + testSecret + "\nlevel=ERROR")}
			if tt.name == "only its lease" {
				fleet.err = nil
			}
			c := newTestClient(t, &weChat{}, withCache(tt.cache(fleet)), func(cfg *ClientConfig) {
				cfg.Logger = slog.New(slog.NewTextHandler(&logs, nil))
			})
			expectToken(t, c, "TOKEN-1-canary")
			expectToken(t, c, "TOKEN-1-canary")
			if n := strings.Count(logs.String(), "level=WARN"); n != tt.lines || strings.Count(logs.String(), "\n") != n {
				t.Errorf("logged:\n%s", logs.String())
			}
			expectNoCanary(t, "log", logs.String())
		})
	}
}

type badLease struct{ Cache }

func (badLease) Lease(context.Context, string, time.Duration) (func(), bool, error) {
	return nil, false, errors.New("NOAUTH " + testSecret)
}

func TestHangingCacheIsPassedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, &weChat{}, withCache(&fleetCache{hang: true}))
		expectTokenAfter(t, c, "TOKEN-1-canary", 4*time.Second)
		expectToken(t, c, "TOKEN-1-canary")
	})
}

func TestLeaseHeldByAnother(t *testing.T) {
	hold := func(cache *fleetCache) {
		_, held, err := cache.Lease(context.Background(), "access_token:stable:"+testAppID+":lease", leaseTime)
		if !held || err != nil {
			panic("the lease was not free")
		}
	}
	store := func(t *testing.T, api *weChat, cache *fleetCache) {
		t.Helper()
		other := &fleetCache{}
		expectCall(t, newTestClient(t, api, withCache(other)), ping())
		for key, value := range other.values {
			_ = cache.Set(context.Background(), key, value, time.Hour)
		}
	}
	inBubble(t, "what it stores is taken", func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		hold(cache)
		time.AfterFunc(time.Second, func() { store(t, api, cache) })
		began := time.Now()
		token, _, err := newTestClient(t, api, withCache(cache)).AccessToken(t.Context())
		if token != "TOKEN-1-canary" || err != nil || api.count(stablePath) != 1 || time.Since(began) > time.Second+leasePoll {
			t.Errorf("AccessToken = %q, %v after %v", token, err, time.Since(began))
		}
	})
	inBubble(t, "the old token serves meanwhile", func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		c := newTestClient(t, api, withCache(cache))
		expectToken(t, c, "TOKEN-1-canary")
		time.Sleep(2*time.Hour - time.Minute)
		hold(cache)
		for range 5 {
			expectToken(t, c, "TOKEN-1-canary")
			time.Sleep(time.Second)
		}
		store(t, api, cache)
		time.Sleep(2 * leasePoll)
		expectToken(t, c, "TOKEN-2-canary")
		api.expectFetches(t, 2)
	})
	inBubble(t, "a dead holder is outlived", func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		hold(cache)
		expectTokenAfter(t, newTestClient(t, api, withCache(cache)), "TOKEN-1-canary", leaseTime)
	})
	inBubble(t, "nobody waits for ever", func(t *testing.T) {
		cache := &fleetCache{leases: map[string]time.Time{"access_token:stable:" + testAppID + ":lease": time.Now().Add(time.Hour)}}
		expectTokenAfter(t, newTestClient(t, &weChat{}, withCache(cache)), "TOKEN-1-canary", leaseTime+callTime)
		cache.leases["access_token:stable:"+testAppID+":lease"] = time.Now().Add(time.Hour)
		expectTokenAfter(t, newTestClient(t, &weChat{}, withCache(cache)), "TOKEN-1-canary", 0)
	})
	inBubble(t, "nobody waits for ever, also while WeChat hangs", func(t *testing.T) {
		api := &weChat{}
		api.fail(hang)
		cache := &fleetCache{leases: map[string]time.Time{"access_token:stable:" + testAppID + ":lease": time.Now().Add(time.Hour)}}
		c := newTestClient(t, api, withCache(cache))
		began := time.Now()
		_, _, err := c.AccessToken(t.Context())
		expectWire(t, err, WireTimeout)
		require.Equal(t, leaseTime+2*callTime, time.Since(began))
	})
}

// A holder may store its token and give the lease back between our look and our claim.
func TestHolderBeforeIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		late := &lateCache{}
		expectToken(t, newTestClient(t, api, withCache(&late.fleetCache)), "TOKEN-1-canary")
		expectToken(t, newTestClient(t, api, withCache(late)), "TOKEN-1-canary")
		api.expectFetches(t, 1)
	})
}

// A lateCache shows nothing before somebody claims its lease.
type lateCache struct {
	fleetCache
	claimed bool
}

func (l *lateCache) Get(ctx context.Context, key string) (string, bool, error) {
	if !l.claimed {
		return "", false, nil
	}
	return l.fleetCache.Get(ctx, key)
}

func (l *lateCache) Lease(ctx context.Context, key string, ttl time.Duration) (func(), bool, error) {
	l.claimed = true
	return l.fleetCache.Lease(ctx, key, ttl)
}

// A caller that saw no token may come to fetch one when another flight has just landed.
func TestFlightAfterAFlight(t *testing.T) {
	api := &weChat{}
	c := newTestClient(t, api, withCache(&fleetCache{err: errors.New("down")}))
	for range 3 {
		tok, err := c.tokens.(*tokens).fetch(t.Context())
		if err != nil || tok.Value != "TOKEN-1-canary" {
			t.Errorf("fetch = %v, %v", tok, err)
		}
	}
	api.expectFetches(t, 1)
}

func TestFleetFetchesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		api.fail(slow(200 * time.Millisecond))
		var fleet []*Client
		for range 10 {
			fleet = append(fleet, newTestClient(t, api, classicTokens(t, cache)))
		}
		for round := range 4 {
			webtest.AtOnce(500, func(i int) { expectCall(t, fleet[i%len(fleet)], ping()) })
			if n := api.count(classicPath); n != round+1 || len(cache.leases) != 0 {
				t.Errorf("round %d: %d fetches in all, %d leases held", round, n, len(cache.leases))
			}
			if round%2 == 0 {
				api.kill()
			} else {
				time.Sleep(2 * time.Hour)
			}
		}
	})
}

func TestRefusedTokenIsDroppedByComparison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		c := newTestClient(t, api, classicTokens(t, cache))
		expectToken(t, c, "TOKEN-1-canary")
		c.tokens.Refused(t.Context(), "TOKEN-0-canary") // an old one, refused late
		c.tokens.Refused(t.Context(), "")
		expectToken(t, c, "TOKEN-1-canary")
		c.tokens.Refused(t.Context(), "TOKEN-1-canary")
		expectToken(t, c, "TOKEN-2-canary") // not the one that is cached
		c.tokens.Refused(t.Context(), "TOKEN-1-canary")
		expectToken(t, c, "TOKEN-2-canary")
		api.expectFetches(t, 2)
	})
}

// A token that WeChat refuses while it is being renewed must not come back.
func TestTokenRefusedDuringRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, cache := &weChat{}, &fleetCache{}
		c := newTestClient(t, api, classicTokens(t, cache))
		expectToken(t, c, "TOKEN-1-canary")
		time.Sleep(2*time.Hour - time.Minute)
		release, _, _ := cache.Lease(t.Context(), "access_token:classic:"+testAppID+":lease", leaseTime)
		expectToken(t, c, "TOKEN-1-canary")
		synctest.Wait() // the renewal waits for the lease
		c.tokens.Refused(t.Context(), "TOKEN-1-canary")
		time.AfterFunc(time.Second, release)
		token, _, err := c.AccessToken(t.Context()) // after a second, or at the next look at the lease
		require.NoError(t, err)
		require.Equal(t, "TOKEN-2-canary", token)
	})
}

// stable_token may insist on the token that another API refuses: then nothing is repeated.
func TestSameTokenAgainIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		api.failAt(stablePath, always(tokenJSON("TOKEN-canary", 7200)))
		c := newTestClient(t, api)
		_, err := Call[struct{}](t.Context(), c, ping())
		if !errors.Is(err, ErrAccessToken) || api.count("/wxa/ping") != 1 || api.count(stablePath) != 2 {
			t.Errorf("%v after %d calls and %d fetches", err, api.count("/wxa/ping"), api.count(stablePath))
		}
	})
}

// An API that refuses every token costs a fetch in 30 seconds, and the other APIs nothing.
func TestTokenRefusedTwicePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		var said Code // WeChat's last answer
		api.failAt("/wxa/ping", func(*http.Request) (*http.Response, error) {
			said = map[Code]Code{0: 42001, 42001: 40014, 40014: 40001, 40001: 42001}[said]
			return answer(200, "", fmt.Sprintf(`{"errcode":%d,"errmsg":"invalid"}`, said)), nil
		})
		c := newTestClient(t, api, classicTokens(t, nil))
		for range 30 {
			_, err := Call[struct{}](t.Context(), c, ping())
			refusal, ok := errors.AsType[*Error](err)
			if !errors.Is(err, ErrAccessToken) || !ok || refusal.Code != said {
				t.Errorf("err = %v, want what WeChat said last: %v", err, said)
			}
			expectCall(t, c, Get("/wxa/pong", nil))
			time.Sleep(time.Second)
		}
		if fetches, calls := api.count(classicPath), api.count("/wxa/ping"); fetches != 2 || calls != 31 {
			t.Errorf("%d fetches and %d calls, want 2 and one call each time after the first", fetches, calls)
		}
		_, err := Call[struct{}](t.Context(), c, ping()) // after 30 s
		require.ErrorIs(t, err, ErrAccessToken)
		expectCall(t, c, Get("/wxa/pong", nil))
		api.expectFetches(t, 3)
		api.fail(nil)
		time.Sleep(time.Minute) // refused long after the last refusal: one fetch is always allowed
		api.kill()
		expectCall(t, c, ping())
		api.expectFetches(t, 4)
	})
}

// A token that ends in the pause is renewed.
func TestRenewalInThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{life: 20}
		c := newTestClient(t, api, classicTokens(t, nil))
		expectToken(t, c, "TOKEN-1-canary")
		c.tokens.Refused(t.Context(), "TOKEN-1-canary")
		expectToken(t, c, "TOKEN-2-canary")
		c.tokens.Refused(t.Context(), "TOKEN-2-canary")
		expectToken(t, c, "TOKEN-2-canary")
		time.Sleep(11 * time.Second)
		expectToken(t, c, "TOKEN-2-canary")
		synctest.Wait()
		expectToken(t, c, "TOKEN-3-canary")
	})
}

// A refusal allows one fetch at once, though one has just failed.
func TestRefusalAfterAFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		c := newTestClient(t, api, classicTokens(t, nil))
		expectToken(t, c, "TOKEN-1-canary")
		time.Sleep(2*time.Hour - time.Minute)
		api.fail(down)
		expectToken(t, c, "TOKEN-1-canary")
		synctest.Wait()
		api.fail(nil)
		c.tokens.Refused(t.Context(), "TOKEN-1-canary")
		expectToken(t, c, "TOKEN-2-canary")
	})
}

func TestFailedFetchIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		api.fail(always(`{"errcode":-1,"errmsg":"system error"}`))
		c := newTestClient(t, api)
		for range 100 {
			if _, err := Call[struct{}](t.Context(), c, ping()); !errors.Is(err, ErrSystemBusy) {
				t.Errorf("err = %v", err)
			}
			time.Sleep(9 * time.Millisecond)
		}
		api.expectFetches(t, 1)
		api.fail(nil)
		time.Sleep(100 * time.Millisecond)
		expectCall(t, c, ping()) // after a second
	})
}

func TestTokenCallFails(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		code       Code
		kind       WireKind
	}{
		{"wrong secret", `{"errcode":40001,"errmsg":"invalid credential ` + testSecret + ` rid: 1-2-3"}`, ErrInvalidSecret, ""},
		{"wrong secret in other words", `{"errcode":40125,"errmsg":"invalid appsecret"}`, ErrInvalidSecret, ""},
		{"wrong appid", `{"errcode":"40013"}`, ErrInvalidAppID, ""},
		{"address not in the whitelist", `{"errcode":40164,"errmsg":"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 1-2-3"}`, ErrIPNotAllowed, ""},
		{"no token", `{"expires_in":7200}`, 0, WireBody},
		{"an empty token", tokenJSON("", 7200), 0, WireBody},
		{"no lifetime", `{"access_token":"T-canary"}`, 0, WireBody},
		{"a negative lifetime", tokenJSON("T-canary", -1), 0, WireBody},
		{"an endless lifetime", tokenJSON("T-canary", 2592001), 0, WireBody},
		{"a lifetime that is no number", `{"access_token":"T-canary","expires_in":"soon"}`, 0, WireBody},
		{"a token that is no string", `{"access_token":["T-canary"],"expires_in":7200}`, 0, WireBody},
		{"HTML", `<html>canary</html>`, 0, WireBody},
	} {
		for kind, with := range map[string]func(*ClientConfig){"stable": func(*ClientConfig) {}, "classic": classicTokens(t, nil)} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				var calls int
				c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
					calls++
					return answer(200, "", tt.body), nil
				}), with)
				err := call(t.Context(), c, ping())
				if tt.kind != "" {
					expectWire(t, err, tt.kind)
				} else {
					require.ErrorIs(t, err, tt.code)
					require.NotErrorIs(t, err, ErrAccessToken)
					refusal, _ := errors.AsType[*Error](err)
					code, _ := errors.AsType[Code](err)
					require.Equal(t, refusal.Code, code)
					require.Contains(t, tt.body, strconv.Itoa(int(code)))
				}
				require.Equal(t, 1, calls)
				expectNoCanary(t, "error", fmt.Sprintf("%+v %v", err, err))
			})
		}
	}
}

func TestTokenLifetimes(t *testing.T) {
	for body, life := range map[string]time.Duration{
		tokenJSON("T", 1):                          time.Second,
		tokenJSON("T", 345):                        345 * time.Second,
		tokenJSON("T", 2592000):                    30 * 24 * time.Hour,
		`{"access_token":"T","expires_in":"7200"}`: 2 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, expiry, err := newTestClient(t, always(body)).AccessToken(t.Context())
			if err != nil || !expiry.Equal(time.Now().Add(life)) {
				t.Errorf("%s: expiry %v, %v", body, expiry, err)
			}
		})
	}
}

// A caller that leaves takes nothing from those who stay.
func TestCanceledCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &weChat{}
		api.failAt(stablePath, func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(3 * time.Second):
				return nil, nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		c := newTestClient(t, api)
		var callers sync.WaitGroup
		for i := range 100 {
			synctest.Wait() // the first, whose context the fetch began with, is one who leaves
			callers.Go(func() {
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%2 == 0 {
					time.AfterFunc(time.Second, cancel)
				}
				_, err := Call[struct{}](ctx, c, ping())
				switch {
				case i%2 == 1 && err != nil:
					t.Errorf("who stayed: %v", err)
				case i%2 == 0:
					wire, isWire := errors.AsType[*WireError](err)
					if !isWire || !errors.Is(err, context.Canceled) || wire.Timeout() || time.Since(began) != time.Second {
						t.Errorf("who left: %v after %v", err, time.Since(began))
					}
				}
			})
		}
		callers.Wait()
		api.expectFetches(t, 1)
	})
}

func TestCallersOwnTokens(t *testing.T) {
	api := &weChat{}
	api.issue(true)
	asked := 0
	for name, source := range map[string]TokenSource{
		"static": StaticToken("TOKEN-1-canary"),
		"func":   TokenFunc(func(context.Context) (string, error) { asked++; return "TOKEN-1-canary", nil }),
	} {
		c := newTestClient(t, api, func(cfg *ClientConfig) { cfg.Tokens = source })
		if _, err := Call[struct{}](t.Context(), c, ping()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if token, expiry, err := c.AccessToken(t.Context()); token != "TOKEN-1-canary" || !expiry.IsZero() || err != nil {
			t.Errorf("%s: AccessToken = %q, %v, %v", name, token, expiry, err)
		}
	}
	require.Equal(t, 2, asked)
	require.Zero(t, api.count(stablePath))
}

func TestCachedTokenAllocatesNothing(t *testing.T) {
	c := newTestClient(t, &weChat{})
	ctx := t.Context()
	expectCall(t, c, ping())
	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = c.tokens.Token(ctx) }))
}

func BenchmarkCachedToken(b *testing.B) {
	c := newTestClient(b, &weChat{})
	ctx := b.Context()
	expectCall(b, c, ping())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.tokens.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	api := &weChat{}
	c := newTestClient(b, api)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Call[struct{}](b.Context(), c, ping()); err != nil {
			b.Fatal(err)
		}
	}
}
