package adaptertest

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	chiwx "github.com/wxoauth/wxoauth/adapters/chi"
	httpwx "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/oauth"
)

// A middleware in front of the guard that counts requests by route finds the route's pattern where
// it finds it without a guard. (gin says it elsewhere, in its own context.)
func TestPatternIsSeenInFrontOfTheGuard(t *testing.T) {
	for _, tt := range []struct {
		frame Frame
		app   func(front func(http.Handler) http.Handler, cfg oauth.Config, page http.HandlerFunc) http.Handler
	}{
		{NetHTTP(), func(front func(http.Handler) http.Handler, cfg oauth.Config, page http.HandlerFunc) http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("/{page}", page)
			return front(httpwx.Middleware(cfg)(mux))
		}},
		{Chi(), func(front func(http.Handler) http.Handler, cfg oauth.Config, page http.HandlerFunc) http.Handler {
			r := chi.NewRouter()
			r.Use(front, chiwx.Middleware(cfg))
			r.HandleFunc("/{page}", page)
			return r
		}},
	} {
		t.Run(tt.frame.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(t, tt.frame, Cookies())
				var seen string
				front := func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						next.ServeHTTP(rw, r)
						seen = r.Pattern
					})
				}
				w.Net.Serve(Host, tt.app(front, w.config(nil), func(rw http.ResponseWriter, r *http.Request) {
					u, _ := httpwx.User(r)
					w.Show(rw, r, u)
				}))
				w.SignIn(w.Browser())
				require.Equal(t, "/{page}", seen)
			})
		})
	}
}
