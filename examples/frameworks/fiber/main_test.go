package main

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestFiber(t *testing.T) {
	adaptertest.RunGroups(t, onFiber(), adaptertest.Cookies(), "Login", "Callback", "Requests", "Logout")
}

// onFiber is two small programs made with Fiber.
func onFiber() adaptertest.Frame {
	page := func(site adaptertest.Site) fiber.Handler {
		return answerWith(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, _ := core.UserFrom(r.Context())
			site.Show(w, r, u)
		}))
	}
	return adaptertest.Frame{
		Name: "Fiber",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) http.Handler {
			auth, err := New(cfg)
			if err != nil {
				panic(err)
			}
			app := newApp()
			app.Use(auth.Middleware())
			app.All("/me", page(site))
			app.All("/p/*", page(site))
			return serve(app)
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (http.Handler, error) {
			auth, err := New(cfg)
			if err != nil {
				return nil, err
			}
			show, app := page(site), newApp()
			app.All("/", auth.Optional(), show)
			app.All("/me", auth.Middleware(), show)
			app.All("/base", auth.Require(oauth.ScopeBase), show)
			app.All("/profile", auth.Require(oauth.ScopeUserInfo), show)
			app.All("/nested", auth.Require(oauth.ScopeBase), auth.Require(oauth.ScopeUserInfo), show)
			app.Get("/seen", auth.Optional(), auth.Middleware(), show)
			app.Get("/token", auth.Middleware(), func(c fiber.Ctx) error {
				token, err := auth.AccessToken(c)
				return answerWith(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { site.ShowToken(w, r, token, err) }))(c)
			})
			app.All("/group/*", auth.Middleware(), show)
			app.Get("/mount/strip", auth.Middleware(), show) // a mounted app of Fiber's sees the whole path
			app.All("/wechat/login", auth.Login())
			app.All("/logout", auth.Logout())
			return serve(app), nil
		},
	}
}

// newApp knows a method more: by itself Fiber answers 501 to it, and runs no middleware.
func newApp() *fiber.App {
	return fiber.New(fiber.Config{RequestMethods: append([]string{"PROPFIND"}, fiber.DefaultMethods...)})
}

// serve runs an app without a network, on a copy of each request.
func serve(app *fiber.App) http.Handler {
	h := app.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req fasthttp.Request
		req.Header.SetMethod(r.Method)
		req.Header.SetRequestURI(r.RequestURI)
		req.Header.SetHost(r.Host)
		for name, values := range r.Header {
			for _, value := range values {
				req.Header.Add(name, value)
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		req.SetBody(body)
		var c fasthttp.RequestCtx
		c.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, nil)
		h(&c)
		for name, value := range c.Response.Header.All() {
			w.Header().Add(string(name), string(value))
		}
		w.WriteHeader(c.Response.StatusCode())
		if r.Method != http.MethodHead {
			_, _ = w.Write(c.Response.Body())
		}
	})
}
