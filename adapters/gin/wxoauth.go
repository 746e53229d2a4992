// Package wxoauth puts gin routes behind WeChat login.
//
//	import wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
//
//	r.Use(wxoauth.Middleware(cfg))
//
// [Middleware] guards everything behind it. Four fields of [Config] are required: AppID, Secret,
// PublicURL (how browsers reach the site) and Keys (32 random bytes or more, the same on every
// replica). Every other zero field is a safe default.
//
// [New] gives an [Auth], which can also ask for more on some routes, show who is signed in on public
// pages, and log out; [Auth.Mount] registers the routes that it needs. [NewMini] does the same for
// mini programs.
//
// gin's own logger writes query strings, and with them login codes: set its SkipQueryString, which
// came with gin 1.12. A gin group does not see unregistered paths, so in a group register
// [Auth.Login] at Config.LoginPath.
package wxoauth

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/web"
)

// Config describes a web login; see [oauth.Config] for every field and its default.
type Config = oauth.Config

// Website is the website app for QR login in desktop browsers.
type Website = oauth.Website

// Brand is what the pages of this library show of your site.
type Brand = oauth.Brand

// Secret is an AppSecret. It prints, logs and marshals as [redacted].
type Secret = core.Secret

// What a page may ask for.
const (
	ScopeBase     = oauth.ScopeBase     // silent: the openid only
	ScopeUserInfo = oauth.ScopeUserInfo // asks the user: openid, unionid and profile
)

// Middleware passes on only requests of signed-in users. It panics at startup if cfg cannot
// work; use [New] to get an error instead.
func Middleware(cfg Config) gin.HandlerFunc {
	auth, err := New(cfg)
	if err != nil {
		panic(err)
	}
	auth.Login() // a middleware that sees every path answers LoginPath itself
	return auth.Middleware()
}

// Auth is the login of one official account. Make one per account, with [New]; it is safe for
// concurrent use.
type Auth struct{ auth *oauth.Auth }

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) {
	auth, err := oauth.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Auth{auth}, nil
}

// Middleware passes on only requests of signed-in users who granted Config.Scope.
func (a *Auth) Middleware() gin.HandlerFunc { return a.Require("") }

// Require passes on only requests of signed-in users who granted scope: ask for more on a route
// or a group than elsewhere. A session that has less is kept while the user is asked. scope is
// [ScopeBase] or [ScopeUserInfo]; "" means Config.Scope.
func (a *Auth) Require(scope oauth.Scope) gin.HandlerFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) { return a.auth.Admit(w, r, scope) })
}

// RequireFresh passes on only requests of signed-in users whom WeChat has confirmed within maxAge. Put it
// before pages where it matters that it is still the same user, such as one that pays: an older
// confirmation is renewed by a silent redirect. See [oauth.Auth.AdmitFresh].
func (a *Auth) RequireFresh(maxAge time.Duration) gin.HandlerFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.AdmitFresh(w, r, maxAge)
	})
}

// guard passes on the requests that admit lets in; it has answered the others.
func guard(admit func(http.ResponseWriter, *http.Request) (*http.Request, bool)) gin.HandlerFunc {
	return func(c *gin.Context) {
		r, ok := admit(c.Writer, c.Request)
		if !ok {
			abort(c)
			return
		}
		pass(c, r)
	}
}

// Optional passes on every request, with the user if somebody is signed in: for public pages.
func (a *Auth) Optional() gin.HandlerFunc {
	return func(c *gin.Context) { pass(c, a.auth.Identify(c.Writer, c.Request)) }
}

// Login is the handler for Config.LoginPath, needed where Middleware does not see that path. It goes on
// to the path in return_to; see [oauth.Auth.LoginHandler].
func (a *Auth) Login() gin.HandlerFunc { return handler(a.auth.LoginHandler()) }

// Logout is the handler that ends the session on a POST from a page of the same site, and goes on to
// the path in return_to; see [oauth.Auth.LogoutHandler].
func (a *Auth) Logout() gin.HandlerFunc { return handler(a.auth.LogoutHandler()) }

// Script serves the pages' half of the login, an ES module: fetch that leads to the login, the
// JS-SDK's signature, WeChat's QR code inside a page. Put it where everybody can load it, at
// /wxoauth.js for example. See package web.
func (a *Auth) Script() gin.HandlerFunc { return handler(web.Script()) }

// SignOut ends the session in a handler of your own; see [oauth.Auth.SignOut]. It sets a cookie, so call
// it before you write the answer.
func (a *Auth) SignOut(c *gin.Context) error { return a.auth.SignOut(c.Writer, c.Request) }

// Mount registers what a login needs beside the guarded pages: [Auth.Login] at Config.LoginPath,
// [Auth.Logout] at "logout" beside it (/wechat/logout by default), the verify files at the root, and
// [Auth.Script] at /wxoauth.js.
func (a *Auth) Mount(r gin.IRoutes) {
	for path, h := range a.auth.Routes() {
		r.Any(path, handler(h))
	}
	r.Any("/wxoauth.js", a.Script())
}

// AccessToken returns a live access token of the signed-in user. It may set a cookie, so call it before
// you write the answer. Errors: see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(c *gin.Context) (string, error) {
	return a.auth.AccessToken(c.Writer, c.Request)
}

// EndSessions ends every session of a user, on all replicas; see [oauth.Auth.EndSessions].
func (a *Auth) EndSessions(ctx context.Context, openID string) error {
	return a.auth.EndSessions(ctx, openID)
}

// HandoverURL returns an address at which the web-view of a mini program is signed in as u, and goes on
// to page. It works once, for a minute; see [oauth.Auth.HandoverURL].
func (a *Auth) HandoverURL(ctx context.Context, u *core.User, page string) (string, error) {
	return a.auth.HandoverURL(ctx, u, page)
}

// User returns who is signed in; nil and false mean that nobody is, which happens only outside
// [Auth.Middleware] and [Auth.Require].
func User(c *gin.Context) (*core.User, bool) { return core.UserFrom(c.Request.Context()) }

func handler(h http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		h.ServeHTTP(c.Writer, c.Request)
		abort(c)
	}
}

// abort keeps the handlers behind from running. The status is written at once: for an unregistered
// path gin would write its own 404 over an answer without a body.
func abort(c *gin.Context) {
	c.Writer.WriteHeaderNow()
	c.Abort()
}

// pass runs the handlers behind with an admitted request. It is a copy, and net/http looks only at
// the request that it made itself: so the temporary files of an upload are removed here.
func pass(c *gin.Context, admitted *http.Request) {
	r := c.Request
	c.Request = admitted
	defer func() {
		r.Pattern = c.Request.Pattern
		if form := c.Request.MultipartForm; form != nil && r.MultipartForm == nil {
			r.MultipartForm = form
			_ = form.RemoveAll() // as net/http does it: what cannot be removed stays
		}
	}()
	c.Next()
}
