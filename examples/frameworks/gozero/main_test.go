package main

import (
	"net/http"
	"sync"
	"testing"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/rest"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestGoZero(t *testing.T) {
	logx.Disable()
	go func() {
		for build := range builds {
			built <- build()
		}
	}()
	adaptertest.RunGroups(t, onGoZero(), adaptertest.Cookies(), "Login", "Callback", "Requests", "Streams", "Logout")
}

// onGoZero is two small programs made with go-zero.
func onGoZero() adaptertest.Frame {
	page := func(site adaptertest.Site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			u, _ := wxoauth.User(r)
			site.Show(w, r, u)
		}
	}
	return adaptertest.Frame{
		Name: "go-zero",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) http.Handler {
			guard := rest.ToMiddleware(wxoauth.Middleware(cfg))
			return serve(guard(page(site)), routesOf("/me", guard(page(site))))
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (http.Handler, error) {
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return nil, err
			}
			show, guard := page(site), rest.ToMiddleware(auth.Middleware())
			base, profile := rest.ToMiddleware(auth.Require(wxoauth.ScopeBase)), rest.ToMiddleware(auth.Require(wxoauth.ScopeUserInfo))
			optional := rest.ToMiddleware(auth.Optional())
			// go-zero's routes have no wildcard, and not every method: what is left, below a prefix for
			// example, comes to a handler of its own.
			routes, left := []rest.Route(nil), http.NewServeMux()
			handle := func(path, pattern string, h http.HandlerFunc) {
				routes = append(routes, routesOf(path, h)...)
				left.Handle(pattern, h)
			}
			handle("/", "/{$}", optional(show))
			handle("/me", "/me", guard(show))
			handle("/base", "/base", base(show))
			handle("/profile", "/profile", profile(show))
			handle("/nested", "/nested", base(profile(show)))
			handle("/seen", "/seen", optional(guard(show)))
			handle("/token", "/token", guard(func(w http.ResponseWriter, r *http.Request) {
				token, err := auth.AccessToken(w, r)
				site.ShowToken(w, r, token, err)
			}))
			handle("/wechat/login", "/wechat/login", auth.Login().ServeHTTP)
			handle("/logout", "/logout", auth.Logout().ServeHTTP)
			left.Handle("/group/", guard(show))
			left.Handle("/mount/", http.StripPrefix("/mount", guard(show)))
			return serve(left, routes), nil
		},
	}
}

// routesOf is a path with every method that go-zero knows.
func routesOf(path string, h http.HandlerFunc) (routes []rest.Route) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		routes = append(routes, rest.Route{Method: method, Path: path, Handler: h})
	}
	return routes
}

// A server joins lists of the whole process, which a test's bubble may not touch: so a goroutine
// outside builds it.
var (
	building sync.Mutex
	builds   = make(chan func() *rest.Serverless)
	built    = make(chan *rest.Serverless)
)

// serve makes a handler of a server that does not listen.
func serve(left http.Handler, routes []rest.Route) http.Handler {
	building.Lock()
	defer building.Unlock()
	builds <- func() *rest.Serverless {
		c := config("127.0.0.1", 0)
		// So do these, at each request.
		c.Middlewares.Trace, c.Middlewares.Prometheus, c.Middlewares.Breaker, c.Middlewares.Shedding, c.Middlewares.Metrics = false, false, false, false, false
		server := rest.MustNewServer(c, rest.WithNotFoundHandler(left), rest.WithNotAllowedHandler(left))
		server.AddRoutes(routes)
		serverless, err := rest.NewServerless(server)
		if err != nil {
			panic(err)
		}
		return serverless
	}
	return http.HandlerFunc((<-built).Serve)
}
