package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/common/adaptor"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/route"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestHertz(t *testing.T) {
	adaptertest.RunGroups(t, onHertz(), adaptertest.Cookies(), "Login", "Callback", "Requests", "Logout")
}

// onHertz is two small programs made with Hertz.
func onHertz() adaptertest.Frame {
	page := func(site adaptertest.Site) app.HandlerFunc {
		return answerWith(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, _ := core.UserFrom(r.Context())
			site.Show(w, r, u)
		}))
	}
	return adaptertest.Frame{
		Name: "Hertz",
		OneLine: func(cfg oauth.Config, site adaptertest.Site) http.Handler {
			auth, err := New(cfg)
			if err != nil {
				panic(err)
			}
			h := route.NewEngine(config.NewOptions(nil))
			h.Use(auth.Middleware())
			h.Any("/me", page(site))
			h.Any("/p/*path", page(site))
			return serve(h)
		},
		Routes: func(cfg oauth.Config, site adaptertest.Site) (http.Handler, error) {
			auth, err := New(cfg)
			if err != nil {
				return nil, err
			}
			show, h := page(site), route.NewEngine(config.NewOptions(nil))
			h.Any("/", auth.Optional(), show)
			h.Any("/me", auth.Middleware(), show)
			h.Any("/base", auth.Require(oauth.ScopeBase), show)
			h.Any("/profile", auth.Require(oauth.ScopeUserInfo), show)
			h.Any("/nested", auth.Require(oauth.ScopeBase), auth.Require(oauth.ScopeUserInfo), show)
			h.GET("/seen", auth.Optional(), auth.Middleware(), show)
			h.GET("/token", auth.Middleware(), func(ctx context.Context, c *app.RequestContext) {
				token, err := auth.AccessToken(ctx, c)
				answerWith(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { site.ShowToken(w, r, token, err) }))(ctx, c)
			})
			h.Group("/group", auth.Middleware()).Any("/*path", show)
			h.GET("/mount/strip", auth.Middleware(), show) // Hertz mounts nothing under another path
			h.Any("/wechat/login", auth.Login())
			h.Any("/logout", auth.Logout())
			return serve(h), nil
		},
	}
}

// serve runs an engine without a network, on a copy of each request.
func serve(h *route.Engine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := h.NewContext()
		if err := adaptor.CopyToHertzRequest(r, &c.Request); err != nil {
			panic(err)
		}
		h.ServeHTTP(r.Context(), c)
		c.Response.Header.VisitAll(func(name, value []byte) { w.Header().Add(string(name), string(value)) })
		w.WriteHeader(c.Response.StatusCode())
		if r.Method != http.MethodHead {
			_, _ = w.Write(c.Response.Body())
		}
	})
}
