package main

import (
	nethttp "net/http"
	"testing"

	"github.com/go-kratos/kratos/v2/transport/http"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestKratos(t *testing.T) {
	adaptertest.RunGroups(t, onKratos(), adaptertest.Cookies(), "Login", "Callback", "Requests", "Streams", "Logout")
}

// onKratos is two small programs made with Kratos.
func onKratos() adaptertest.Frame {
	page := func(site adaptertest.Site) nethttp.HandlerFunc {
		return func(w nethttp.ResponseWriter, r *nethttp.Request) {
			u, _ := core.UserFrom(r.Context())
			site.Show(w, r, u)
		}
	}
	return adaptertest.Frame{
		Name: "Kratos",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) nethttp.Handler {
			// A server's filters run for its routes only, so there is one for all that is left.
			server := http.NewServer(http.Timeout(0), http.Filter(wxoauth.Middleware(cfg)))
			server.HandlePrefix("/", page(site))
			return server
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (nethttp.Handler, error) {
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return nil, err
			}
			show := page(site)
			handle := func(h nethttp.Handler) http.HandlerFunc {
				return func(ctx http.Context) error {
					h.ServeHTTP(ctx.Response(), ctx.Request())
					return nil
				}
			}
			server := http.NewServer(http.Timeout(0))
			everyMethod := func(path string, filters ...http.FilterFunc) {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"} {
					server.Route("/").Handle(method, path, handle(show), filters...)
				}
			}
			everyMethod("/", auth.Optional())
			everyMethod("/me", auth.Middleware())
			everyMethod("/base", auth.Require(wxoauth.ScopeBase))
			everyMethod("/profile", auth.Require(wxoauth.ScopeUserInfo))
			everyMethod("/nested", auth.Require(wxoauth.ScopeBase), auth.Require(wxoauth.ScopeUserInfo))
			server.Route("/").GET("/seen", handle(show), auth.Optional(), auth.Middleware())
			server.Route("/").GET("/token", func(ctx http.Context) error {
				token, err := auth.AccessToken(ctx.Response(), ctx.Request())
				site.ShowToken(ctx.Response(), ctx.Request(), token, err)
				return nil
			}, auth.Middleware())
			server.HandlePrefix("/group/", auth.Middleware()(show))
			server.HandlePrefix("/mount/", nethttp.StripPrefix("/mount", auth.Middleware()(show)))
			server.Handle("/wechat/login", auth.Login())
			server.Handle("/logout", auth.Logout())
			return server, nil
		},
	}
}
