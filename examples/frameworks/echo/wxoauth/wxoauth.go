// Package wxoauth puts echo routes behind WeChat login.
//
//	e.Use(wxoauth.Middleware(cfg))
package wxoauth

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/web"
)

// Config describes a web login; see [oauth.Config] for every field and its default.
type Config = oauth.Config

// What a page may ask for.
const (
	ScopeBase     = oauth.ScopeBase     // silent: the openid only
	ScopeUserInfo = oauth.ScopeUserInfo // asks the user: openid, unionid and profile
)

// Middleware passes on only requests of signed-in users. It panics at startup if cfg cannot
// work; use [New] to get an error instead.
func Middleware(cfg Config) echo.MiddlewareFunc {
	auth, err := New(cfg)
	if err != nil {
		panic(err)
	}
	auth.Login() // a middleware that sees every path answers LoginPath itself
	return auth.Middleware()
}

// Auth is the login of one official account. It is safe for concurrent use.
type Auth struct{ auth *oauth.Auth }

// New checks cfg and reports all its faults at once.
func New(cfg Config) (*Auth, error) {
	auth, err := oauth.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Auth{auth}, nil
}

// Middleware passes on only requests of signed-in users who granted Config.Scope.
func (a *Auth) Middleware() echo.MiddlewareFunc { return a.Require("") }

// Require passes on only requests of signed-in users who granted scope.
func (a *Auth) Require(scope oauth.Scope) echo.MiddlewareFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Admit(w, r, scope)
	})
}

// RequireFresh passes on only requests of signed-in users whom WeChat has confirmed within maxAge.
func (a *Auth) RequireFresh(maxAge time.Duration) echo.MiddlewareFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.AdmitFresh(w, r, maxAge)
	})
}

// guard passes on the requests that admit lets in; it has answered the others.
func guard(
	admit func(http.ResponseWriter, *http.Request) (*http.Request, bool),
) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, ok := admit(c.Response(), c.Request())
			if !ok {
				return nil
			}
			return pass(next, c, r)
		}
	}
}

// Optional passes on every request, with the user if somebody is signed in: for public pages.
func (a *Auth) Optional() echo.MiddlewareFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Identify(w, r), true
	})
}

// Login is the handler for Config.LoginPath.
func (a *Auth) Login() echo.HandlerFunc { return echo.WrapHandler(a.auth.LoginHandler()) }

// Logout is the handler that ends the session on a POST.
func (a *Auth) Logout() echo.HandlerFunc { return echo.WrapHandler(a.auth.LogoutHandler()) }

// SignOut ends the session in a handler of your own; see [oauth.Auth.SignOut].
func (a *Auth) SignOut(c echo.Context) error { return a.auth.SignOut(c.Response(), c.Request()) }

// Mount registers what a login needs beside the guarded pages; see [oauth.Auth.Routes].
func (a *Auth) Mount(e *echo.Echo) {
	for path, h := range a.auth.Routes() {
		e.Any(path, echo.WrapHandler(h))
	}
	e.Any("/wxoauth.js", echo.WrapHandler(web.Script()))
}

// AccessToken returns a live access token of the signed-in user; see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(c echo.Context) (string, error) {
	return a.auth.AccessToken(c.Response(), c.Request())
}

// User returns who is signed in; false means nobody is.
func User(c echo.Context) (*core.User, bool) { return core.UserFrom(c.Request().Context()) }

// pass runs the handlers behind with an admitted request. It is a copy, and net/http looks only at
// the request that it made itself: so the temporary files of an upload are removed here.
func pass(next echo.HandlerFunc, c echo.Context, admitted *http.Request) error {
	r := c.Request()
	c.SetRequest(admitted)
	defer func() {
		r.Pattern = c.Request().Pattern
		if form := c.Request().MultipartForm; form != nil && r.MultipartForm == nil {
			r.MultipartForm = form
			_ = form.RemoveAll() // as net/http does it: what cannot be removed stays
		}
	}()
	return next(c)
}
