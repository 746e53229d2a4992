package push_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
	"github.com/wxoauth/wxoauth/push"
)

func TestCheckSignature(t *testing.T) {
	const sig, timestamp, nonce = "f464b24fc39322e44b38aa78f5edd27bd1441696", "1714036504", "1514711492"
	for _, tt := range []struct {
		name, token, signature, timestamp, nonce string
		want                                     bool
	}{
		{"WeChat's own example", "AAAAA", sig, timestamp, nonce, true},
		{"timestamp and nonce swapped is still good", "AAAAA", sig, nonce, timestamp, true},
		{"another token", "AAAAB", sig, timestamp, nonce, false},
		{"another timestamp", "AAAAA", sig, "1714036505", nonce, false},
		{"another nonce", "AAAAA", sig, timestamp, "1514711493", false},
		{"capitals", "AAAAA", "F464B24FC39322E44B38AA78F5EDD27BD1441696", timestamp, nonce, false},
		{"cut", "AAAAA", sig[:39], timestamp, nonce, false},
		{"no signature", "AAAAA", "", timestamp, nonce, false},
		{"no token, though the rest fits", "", wxcrypt.SortedSHA1("", timestamp, nonce), timestamp, nonce, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, push.CheckSignature(tt.token, tt.signature, tt.timestamp, tt.nonce))
		})
	}
}

// The URL check of WeChat's page, and what an attacker makes of it.
func TestURLCheck(t *testing.T) {
	const official = "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&echostr=4375120948345356249&timestamp=1714036504&nonce=1514711492"
	change := func(name string, values ...string) string {
		q, _ := url.ParseQuery(official)
		q[name] = values
		return q.Encode()
	}
	split := url.Values{"echostr": {"x"}, "timestamp": {"1514711492"}, "nonce": {""}, "signature": {wxcrypt.SortedSHA1("AAAAA", "1514711492", "")}}
	for _, tt := range []struct {
		name, query string
		status      int
		body        string
	}{
		{"good", official, http.StatusOK, "4375120948345356249"},
		{"echostr is not HTML", change("echostr", "<script>alert(1)</script>"), http.StatusOK, "<script>alert(1)</script>"},
		{"echostr goes back unchanged", change("echostr", " a+b\t%\n"), http.StatusOK, " a+b\t%\n"},
		{"bad signature", change("signature", "0464b24fc39322e44b38aa78f5edd27bd1441696"), http.StatusForbidden, ""},
		{"no signature", change("signature"), http.StatusForbidden, ""},
		{"two signatures", change("signature", "f464b24fc39322e44b38aa78f5edd27bd1441696", "x"), http.StatusForbidden, ""},
		{"two nonces", change("nonce", "1514711492", "1514711492"), http.StatusForbidden, ""},
		{"another nonce", change("nonce", "1514711493"), http.StatusForbidden, ""},
		{"signed empty nonce", split.Encode(), http.StatusForbidden, ""},
		{"nothing", "", http.StatusForbidden, ""},
		{"broken query", "signature=%zz&" + official, http.StatusOK, "4375120948345356249"},
	} {
		for _, mode := range []push.Mode{push.Safe, push.Compat, push.Plain} {
			t.Run(tt.name+" in "+mode.String()+" mode", func(t *testing.T) {
				cfg := config()
				cfg.Token, cfg.Mode = "AAAAA", mode
				w := serve(newHandler(t, cfg), httptest.NewRequest(http.MethodGet, "/push?"+tt.query, nil))
				require.Equal(t, tt.status, w.Code)
				require.Equal(t, tt.body, w.Body.String())
				if ct := w.Header().Get("Content-Type"); tt.body != "" && ct != "text/plain; charset=utf-8" {
					t.Errorf("Content-Type = %q", ct)
				}
				require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), "answer without nosniff")
			})
		}
	}
}

func TestURLCheckDuringRotation(t *testing.T) {
	h := newHandler(t, rotating())
	for _, c := range []wechat{account, oldAccount} {
		q := c.query()
		q.Set("echostr", "123")
		if w := serve(h, httptest.NewRequest(http.MethodGet, "/push?"+q.Encode(), nil)); w.Body.String() != "123" {
			t.Errorf("token %s: %d %q", c.token, w.Code, w.Body)
		}
	}
}
