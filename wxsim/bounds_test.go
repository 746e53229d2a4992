package wxsim

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// However long it runs, the simulator keeps no more than its shelves and its log have room for.
func TestMemoryIsBounded(t *testing.T) {
	s := New(Config{AutoAllow: true})
	user := s.Users()[0].OpenID
	for range 200_000 {
		require.NotEmpty(t, s.NewCode(s.AppID(), user, scopeBase), "no code")
	}
	for i := range 3 * countedURLs {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/nothing/"+strconv.Itoa(i), nil))
	}
	require.Equal(t, 1<<17, hold(&s.holder, func(w *world) int { return len(w.codes.items) }), "codes")
	require.Len(t, s.Log(), logLength)
	require.Len(t, s.calls.counts, countedURLs)
}
