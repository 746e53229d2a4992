package wxsim

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// However long it runs, the simulator keeps no more than its shelves and its log have room for.
func TestMemoryIsBounded(t *testing.T) {
	s := New(Config{AutoAllow: true})
	user := s.Users()[0].OpenID
	for range 200_000 {
		if s.NewCode(s.AppID(), user, scopeBase) == "" {
			t.Fatal("no code")
		}
	}
	for i := range 3 * countedURLs {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/nothing/"+strconv.Itoa(i), nil))
	}
	if n := hold(&s.holder, func(w *world) int { return len(w.codes.items) }); n != 1<<17 {
		t.Errorf("%d codes are remembered", n)
	}
	if n := len(s.Log()); n != logLength {
		t.Errorf("%d calls are remembered", n)
	}
	if n := len(s.calls.counts); n != countedURLs {
		t.Errorf("%d paths are counted", n)
	}
}
