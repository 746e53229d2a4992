package wxoauth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// leaving is a store that can be away.
type leaving struct {
	sessionstore.Outcomes

	away atomic.Bool
}

func (s *leaving) Outcome(ctx context.Context, key string) (outcome []byte, held bool, err error) {
	if s.away.Load() {
		return nil, false, errors.New("the store is away")
	}
	return s.Outcomes.Outcome(ctx, key)
}

// gin's writer says that it can be hijacked, whatever stands behind it.
func TestAPollWhoseConnectionStaysKeepsItsStatus(t *testing.T) {
	gin.SetMode(gin.TestMode)
	synctest.Test(t, func(t *testing.T) {
		store := &leaving{Outcomes: sessionstore.NewMemoryOutcomes()}
		engine := gin.New()
		engine.Use(wxoauth.Middleware(wxoauth.Config{
			AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "http://localhost", Keys: [][]byte{[]byte(strings.Repeat("k", 32))},
			Desk: &oauth.Desk{}, Outcomes: store,
		}))
		listener := webtest.NewListener()
		server := http.Server{Handler: http.TimeoutHandler(engine, 5*time.Second, "")}
		go server.Serve(listener) //nolint:errcheck // it ends with the test
		defer server.Close()      //nolint:errcheck // only the listener could fail
		client := http.Transport{DialContext: listener.Dial}
		defer client.CloseIdleConnections()
		get := func(path, cookie string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
			require.NoError(t, err)
			r.Header = http.Header{"User-Agent": {webtest.DesktopChrome}, "Accept": {"text/html"}, "Cookie": {cookie}}
			res, err := client.RoundTrip(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			return res
		}
		cookie, _, _ := strings.Cut(get("/me", "").Header.Get("Set-Cookie"), ";")
		time.AfterFunc(time.Second, func() { store.away.Store(true) })
		require.Equal(t, http.StatusServiceUnavailable, get("/wechat/login?desk=wait", cookie).StatusCode)
	})
}
