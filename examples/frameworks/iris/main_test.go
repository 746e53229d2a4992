package main

import (
	"net/http"
	"testing"

	"github.com/kataras/iris/v12"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestIris(t *testing.T) {
	adaptertest.RunGroups(t, onIris(), adaptertest.Cookies(), "Login", "Callback", "Requests", "Streams", "Logout")
}

// onIris is two small programs made with Iris.
func onIris() adaptertest.Frame {
	page := func(site adaptertest.Site) iris.Handler {
		return func(ctx iris.Context) {
			u, _ := wxoauth.User(ctx.Request())
			site.Show(ctx.ResponseWriter(), ctx.Request(), u)
		}
	}
	return adaptertest.Frame{
		Name: "Iris",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) http.Handler {
			app := newApp()
			app.UseRouter(std(wxoauth.Middleware(cfg)))
			app.Any("/me", page(site))
			app.Any("/p/{path:path}", page(site))
			return built(app)
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (http.Handler, error) {
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return nil, err
			}
			show, app := page(site), newApp()
			app.Any("/", std(auth.Optional()), show)
			app.Any("/me", std(auth.Middleware()), show)
			app.Any("/base", std(auth.Require(wxoauth.ScopeBase)), show)
			app.Any("/profile", std(auth.Require(wxoauth.ScopeUserInfo)), show)
			app.Any("/nested", std(auth.Require(wxoauth.ScopeBase)), std(auth.Require(wxoauth.ScopeUserInfo)), show)
			app.Get("/seen", std(auth.Optional()), std(auth.Middleware()), show)
			app.Get("/token", std(auth.Middleware()), func(ctx iris.Context) {
				token, err := auth.AccessToken(ctx.ResponseWriter(), ctx.Request())
				site.ShowToken(ctx.ResponseWriter(), ctx.Request(), token, err)
			})
			app.Any("/group/{path:path}", std(auth.Middleware()), show)
			inner := newApp()
			inner.Get("/strip", std(auth.Middleware()), show)
			app.Any("/mount/{path:path}", iris.FromStd(http.StripPrefix("/mount", built(inner))))
			app.Any("/wechat/login", iris.FromStd(auth.Login()))
			app.Any("/logout", iris.FromStd(auth.Logout()))
			return built(app), nil
		},
	}
}

func newApp() *iris.Application {
	app := iris.New()
	app.Logger().SetLevel("disable")
	return app
}

func built(app *iris.Application) http.Handler {
	if err := app.Build(); err != nil {
		panic(err)
	}
	return app
}
