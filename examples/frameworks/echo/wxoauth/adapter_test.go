package wxoauth_test

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/wxoauth/wxoauth/examples/frameworks/echo/wxoauth"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
)

// The table that every adapter passes.
func TestAdapter(t *testing.T) {
	adaptertest.Run(t, onEcho(), adaptertest.Cookies())
}

// onEcho is the small programs of the table, made with this adapter.
func onEcho() adaptertest.Frame {
	page := func(site adaptertest.Site) echo.HandlerFunc {
		return func(c echo.Context) error {
			u, _ := wxoauth.User(c)
			site.Show(c.Response(), c.Request(), u)
			return nil
		}
	}
	return adaptertest.Frame{
		Name: "echo",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) http.Handler {
			e := echo.New()
			e.Use(wxoauth.Middleware(cfg))
			e.Any("/me", page(site))
			e.Any("/p/*", page(site))
			return e
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (http.Handler, error) {
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return nil, err
			}
			show, e := page(site), echo.New()
			e.Any("/", show, auth.Optional())
			e.Any("/me", show, auth.Middleware())
			e.Any("/base", show, auth.Require(wxoauth.ScopeBase))
			e.Any("/profile", show, auth.Require(wxoauth.ScopeUserInfo))
			e.Any("/nested", show, auth.Require(wxoauth.ScopeBase), auth.Require(wxoauth.ScopeUserInfo))
			e.Any("/pay", show, auth.RequireFresh(adaptertest.FreshFor))
			e.Any("/again", show, auth.Middleware(), auth.RequireFresh(adaptertest.FreshFor))
			e.GET("/seen", show, auth.Optional(), auth.Middleware())
			e.GET("/token", func(c echo.Context) error {
				token, err := auth.AccessToken(c)
				site.ShowToken(c.Response(), c.Request(), token, err)
				return nil
			}, auth.Middleware())
			e.Any("/group/*", show, auth.Middleware())
			// StripPrefix is net/http's: an echo of its own behind it.
			inner := echo.New()
			inner.GET("/strip", show, auth.Middleware())
			e.Any("/mount/*", echo.WrapHandler(http.StripPrefix("/mount", inner)))
			e.Any("/wechat/login", auth.Login())
			e.Any("/logout", auth.Logout())
			e.Any("/signout", func(c echo.Context) error {
				site.ShowToken(c.Response(), c.Request(), "", auth.SignOut(c))
				return nil
			})
			return e, nil
		},
		Mounted: func(cfg oauth.Config, site adaptertest.Site, mount bool) (http.Handler, error) {
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return nil, err
			}
			e := echo.New()
			if mount {
				auth.Mount(e)
			}
			e.Any("/me", page(site), auth.Middleware())
			return e, nil
		},
		Mini: func(cfg mpauth.Config, site adaptertest.Site) (http.Handler, error) {
			mini, err := wxoauth.NewMini(cfg)
			if err != nil {
				return nil, err
			}
			e := echo.New()
			e.Any("/mini/login", mini.Login())
			e.Any("/mini/logout", mini.Logout())
			e.Any("/mini/of/*", page(site), mini.Middleware())
			return e, nil
		},
	}
}
