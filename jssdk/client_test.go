package jssdk_test

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/jssdk"
)

const (
	testAppID = "wx0123456789abcdef"
	pageURL   = "https://shop.example.com/cart?a=1&b=%20x"
)

// A wechat gives the tickets T1, T2 … and notes how often it was asked.
type wechat struct {
	mu     sync.Mutex
	calls  int
	life   int           // seconds; default 7200
	delay  time.Duration // before an answer
	answer string        // instead of a ticket
	faults []string      // what was wrong with requests
}

func (w *wechat) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.calls++
	n, delay, life, answer := w.calls, w.delay, cmp.Or(w.life, 7200), w.answer
	if got := r.Method + " " + r.URL.RequestURI(); got != "GET /cgi-bin/ticket/getticket?access_token=TOKEN&type=jsapi" {
		w.faults = append(w.faults, got)
	}
	w.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
	}
	if answer == "" {
		answer = fmt.Sprintf(`{"errcode":0,"errmsg":"ok","ticket":"T%d","expires_in":%d}`, n, life)
	}
	webtest.Text(answer)(rw, r)
}

// set changes how w answers from now on.
func (w *wechat) set(change func(*wechat)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

// asked checks how often w was asked so far.
func (w *wechat) asked(t *testing.T, want int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Equal(t, want, w.calls)
	require.Empty(t, w.faults)
}

func newClient(tb testing.TB, w http.Handler, cache core.Cache) *jssdk.Client {
	tb.Helper()
	c, err := core.NewClient(core.ClientConfig{
		AppID: testAppID, Secret: "a secret", Tokens: core.StaticToken("TOKEN"),
		HTTPClient: webtest.InMemory(w), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(tb, err)
	return jssdk.New(c, cache)
}

// signedWith checks that the page is signed with ticket, calculated here once more.
func signedWith(t *testing.T, c *jssdk.Client, ticket string) {
	t.Helper()
	config, err := c.Sign(t.Context(), pageURL)
	if err != nil {
		t.Errorf("Sign: %v; want a signature with %s", err, ticket)
		return
	}
	if config.Signature != sign(config, ticket, pageURL) { // without require: it also runs in goroutines
		t.Errorf("%+v is not signed with %s", config, ticket)
	}
}

func sign(config *jssdk.Config, ticket, page string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket, config.NonceStr, config.Timestamp, page))
	return hex.EncodeToString(sum[:])
}

func TestSign(t *testing.T) {
	for _, tt := range []struct {
		name, page, signed string
		err                error
	}{
		{"a page", "https://shop.example.com/cart", "https://shop.example.com/cart", nil},
		{"the query stays as it is", "https://shop.example.com/?b=%E4%BD%A0&a=x+y&b=", "https://shop.example.com/?b=%E4%BD%A0&a=x+y&b=", nil},
		{"the fragment goes", "https://shop.example.com/?a=1#/cart?b=2#x", "https://shop.example.com/?a=1", nil},
		{"an empty fragment goes", "https://shop.example.com/#", "https://shop.example.com/", nil},
		{"not encoded", "http://商店.example.com/购物?q=你好", "http://商店.example.com/购物?q=你好", nil},
		{"a port", "http://localhost:8080/", "http://localhost:8080/", nil},
		{"a scheme in capitals", "HTTPS://shop.example.com/", "HTTPS://shop.example.com/", nil},
		{"nothing", "", "", jssdk.ErrPageURL},
		{"a path", "/cart", "", jssdk.ErrPageURL},
		{"no host", "https:///cart", "", jssdk.ErrPageURL},
		{"a port and no host", "https://:443/cart", "", jssdk.ErrPageURL},
		{"a file", "file:///cart", "", jssdk.ErrPageURL},
		{"a script", "javascript:alert(1)", "", jssdk.ErrPageURL},
		{"a control byte", "https://shop.example.com/\n", "", jssdk.ErrPageURL},
		{"only a fragment", "#https://shop.example.com/", "", jssdk.ErrPageURL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &wechat{}
			config, err := newClient(t, w, nil).Sign(t.Context(), tt.page)
			require.ErrorIs(t, err, tt.err)
			if tt.err != nil {
				w.asked(t, 0)
				return
			}
			w.asked(t, 1)
			require.Equal(t, testAppID, config.AppID)
			require.Equal(t, sign(config, "T1", tt.signed), config.Signature)
		})
	}
}

func TestConfigInJSON(t *testing.T) {
	got, err := json.Marshal(jssdk.Config{AppID: "wx1", Timestamp: 1414587457, NonceStr: "n", Signature: "s"})
	const want = `{"appId":"wx1","timestamp":1414587457,"nonceStr":"n","signature":"s"}`
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestNoncesDiffer(t *testing.T) {
	c := newClient(t, &wechat{}, nil)
	seen := map[string]bool{}
	for range 100 {
		config, err := c.Sign(t.Context(), pageURL)
		require.NoError(t, err)
		if seen[config.NonceStr] || len(config.NonceStr) < 16 || len(config.NonceStr) > 32 {
			t.Errorf("nonce %q", config.NonceStr)
		}
		seen[config.NonceStr] = true
	}
}

func TestTicketLivesUntilFiveMinutesBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{}
		c := newClient(t, w, nil)
		signedWith(t, c, "T1")
		time.Sleep(115*time.Minute - time.Second)
		signedWith(t, c, "T1")
		w.asked(t, 1)
		time.Sleep(time.Second)
		signedWith(t, c, "T2")
		w.asked(t, 2)
	})
}

func TestAShortTicketServesHalfItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{life: 60}
		c := newClient(t, w, nil)
		signedWith(t, c, "T1")
		time.Sleep(29 * time.Second)
		signedWith(t, c, "T1")
		time.Sleep(time.Second)
		signedWith(t, c, "T2")
	})
}

func TestOneFetchForManyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{delay: time.Second}
		c := newClient(t, w, nil)
		for range 200 {
			go signedWith(t, c, "T1")
		}
		time.Sleep(2 * time.Second)
		w.asked(t, 1)
	})
}

func TestTheOldTicketServesWhileWeChatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{}
		c := newClient(t, w, nil)
		signedWith(t, c, "T1")
		w.set(func(w *wechat) { w.answer = `{"errcode":-1,"errmsg":"system error"}` })
		time.Sleep(116 * time.Minute)
		signedWith(t, c, "T1")
		signedWith(t, c, "T1")
		w.asked(t, 2) // once more only, for a while
		time.Sleep(10 * time.Second)
		signedWith(t, c, "T1")
		w.asked(t, 3)
		time.Sleep(4*time.Minute - 10*time.Second - time.Second)
		signedWith(t, c, "T1")
		time.Sleep(time.Second) // its end
		if _, err := c.Sign(t.Context(), pageURL); !errors.Is(err, core.ErrSystemBusy) {
			t.Errorf("Sign = %v; want %v", err, core.ErrSystemBusy)
		}
		w.set(func(w *wechat) { w.answer = "" })
		time.Sleep(time.Second)
		signedWith(t, c, "T6")
	})
}

// Strangers can ask for a signature again and again. While WeChat gives no ticket, that is not a
// call each time.
func TestAFailedFetchIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{answer: `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`}
		c := newClient(t, w, nil)
		for range 100 {
			if _, err := c.Sign(t.Context(), pageURL); !errors.Is(err, core.ErrQuota) {
				t.Fatalf("Sign = %v; want %v", err, core.ErrQuota)
			}
		}
		w.asked(t, 1)
		w.set(func(w *wechat) { w.answer = "" })
		time.Sleep(time.Second)
		signedWith(t, c, "T2")
	})
}

func TestTheFetchOutlivesACallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{delay: 3 * time.Second}
		c := newClient(t, w, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Sign(ctx, pageURL); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sign = %v; want %v", err, context.DeadlineExceeded)
		}
		time.Sleep(3 * time.Second)
		signedWith(t, c, "T1")
		w.asked(t, 1)
	})
}

func TestBadAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		code         core.Code // 0: a WireError
	}{
		{"no ticket", `{"errcode":0,"errmsg":"ok","expires_in":7200}`, 0},
		{"no lifetime", `{"errcode":0,"errmsg":"ok","ticket":"T"}`, 0},
		{"a lifetime that is over", `{"ticket":"T","expires_in":-1}`, 0},
		{"a lifetime of a year", `{"ticket":"T","expires_in":31536000}`, 0},
		{"an empty object", `{}`, 0},
		{"a page", `<html>`, 0},
		{"a refused token", `{"errcode":42001,"errmsg":"access_token expired"}`, core.ErrAccessToken},
		{"no right", `{"errcode":48001,"errmsg":"api unauthorized"}`, core.ErrUnauthorizedAPI},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config, err := newClient(t, &wechat{answer: tt.answer}, nil).Sign(t.Context(), pageURL)
			_, wire := errors.AsType[*core.WireError](err)
			if config != nil || err == nil || (tt.code == 0) != wire || (tt.code != 0 && !errors.Is(err, tt.code)) {
				t.Errorf("Sign = %v, %v", config, err)
			}
		})
	}
}

func TestALifetimeAsAString(t *testing.T) {
	c := newClient(t, &wechat{answer: `{"errcode":"0","ticket":"T1","expires_in":"7200"}`}, nil)
	signedWith(t, c, "T1")
}
