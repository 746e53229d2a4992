package bench

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/wxoauth/wxoauth/oauth"
)

func TestSignedInRequestsAllocateLittle(t *testing.T) {
	client := newRedis(t)
	for _, tt := range []struct {
		contestant contestant
		most       float64 // over the bare page
	}{
		{onHTTP("cookies, net/http", nil), 2}, // the request's copy and its context
		{onChi(nil), 2},
		{onGin(nil), 2},
		{onHTTP("cookies without memo", noMemo), 20},
		{onHTTP("Redis", inRedis(client, false)), 8},
		{onHTTP("Redis without memo", func(cfg *oauth.Config) { noMemo(cfg); inRedis(client, false)(cfg) }), 28},
	} {
		requests := tt.contestant.requests(t, 1)
		serveAll(tt.contestant.handler, requests)
		if got := allocs(tt.contestant.handler, requests) - allocs(tt.contestant.bare, requests); got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.contestant.name, got, tt.most)
		}
	}
}

func TestCookiesAreSmall(t *testing.T) {
	w := httptest.NewRecorder()
	onHTTP("", nil).logIn(w, nil, userN(1))
	if n := len(cookies(w)); n > 900 {
		t.Errorf("after the login of a user of 476 bytes all cookies take %d bytes, want at most 900", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := onHTTP("", nil)
	anonymous := navigate("/me")
	before := liveHeap()
	for range 100_000 {
		c.handler.ServeHTTP(writer{http.Header{}}, anonymous)
	}
	if kept := liveHeap() - before; kept > 1<<20 {
		t.Errorf("100,000 anonymous visitors take %d bytes", kept)
	}

	requests := c.requests(t, 12_000)
	before = liveHeap()
	serveAll(c.handler, requests)
	if kept := liveHeap() - before; kept > 16e6 {
		t.Errorf("a memo for 10,000 users takes %d bytes after 12,000, want at most 16 MB", kept)
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(requests)
}
