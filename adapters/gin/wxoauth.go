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
// [New] returns an [Auth], which can also require more on some routes, show who is signed in on
// public pages, and log out; [Auth.Mount] registers the routes that it needs. [NewMini] does the
// same for mini programs.
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

// Brand describes your site on the built-in pages.
type Brand = oauth.Brand

// Secret is an AppSecret. It prints, logs and marshals as [redacted].
type Secret = core.Secret

// The scopes that a page may require.
const (
	ScopeBase     = oauth.ScopeBase     // only the openid; WeChat does not ask the user
	ScopeUserInfo = oauth.ScopeUserInfo // openid, unionid and profile; WeChat asks the user
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

// Require passes on only requests of signed-in users who have granted scope: [ScopeBase] or
// [ScopeUserInfo], or Config.Scope if it is "". It is for routes and groups that need more than
// the others. A user who has granted less is asked, and meanwhile keeps the session.
func (a *Auth) Require(scope oauth.Scope) gin.HandlerFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Admit(w, r, scope)
	})
}

// RequireFresh passes on only requests of signed-in users whom WeChat has confirmed within maxAge.
// Put it before pages that must be sure who the user is now, such as one that pays. If the
// confirmation is older, a page load goes to WeChat and back once more, without asking the user.
// See [oauth.Auth.AdmitFresh].
func (a *Auth) RequireFresh(maxAge time.Duration) gin.HandlerFunc {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.AdmitFresh(w, r, maxAge)
	})
}

// guard passes on the requests that admit lets in. admit has answered the others.
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

// Login returns the handler for Config.LoginPath. It is needed if Middleware does not see that
// path. It redirects to the path in return_to; see [oauth.Auth.LoginHandler].
func (a *Auth) Login() gin.HandlerFunc { return handler(a.auth.LoginHandler()) }

// Logout returns the handler that ends the session on a POST from a page of the same site, and
// redirects to the path in return_to; see [oauth.Auth.LogoutHandler].
func (a *Auth) Logout() gin.HandlerFunc { return handler(a.auth.LogoutHandler()) }

// Script returns the handler of an ES module for web pages: a fetch that leads to the login if
// need be, the JS-SDK's signature, and WeChat's QR code inside a page. Put it where everybody can
// load it, for example at /wxoauth.js. See package web.
func (a *Auth) Script() gin.HandlerFunc { return handler(web.Script()) }

// SignOut ends the session in a handler of your own; see [oauth.Auth.SignOut]. It sets a cookie,
// so call it before you write the answer.
func (a *Auth) SignOut(c *gin.Context) error { return a.auth.SignOut(c.Writer, c.Request) }

// Mount registers the routes that a login needs: [Auth.Login] at Config.LoginPath, [Auth.Logout]
// at "logout" in the same directory (/wechat/logout by default), the verify files at the root, and
// [Auth.Script] at /wxoauth.js. It panics if r is a group with a prefix, which would put that in
// front of all these paths: call it with the engine, and set Config.LoginPath.
func (a *Auth) Mount(r gin.IRoutes) {
	if group, ok := r.(interface{ BasePath() string }); ok && group.BasePath() != "/" {
		panic("wxoauth: Mount needs the engine, not a group with the prefix " + group.BasePath())
	}
	for path, h := range a.auth.Routes() {
		r.Any(path, handler(h))
	}
	r.Any("/wxoauth.js", a.Script())
}

// AccessToken returns an access token of the signed-in user that works. It may set a cookie, so
// call it before you write the answer. Errors: see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(c *gin.Context) (string, error) {
	return a.auth.AccessToken(c.Writer, c.Request)
}

// EndSessions ends every session of a user, on all replicas; see [oauth.Auth.EndSessions].
func (a *Auth) EndSessions(ctx context.Context, openID string) error {
	return a.auth.EndSessions(ctx, openID)
}

// HandoverURL returns an address that signs in the web-view of a mini program as u and goes on to
// page. It works once, within a minute; see [oauth.Auth.HandoverURL].
func (a *Auth) HandoverURL(ctx context.Context, u *core.User, page string) (string, error) {
	return a.auth.HandoverURL(ctx, u, page)
}

// User returns the signed-in user. It returns nil and false if nobody is signed in, which happens
// only outside of [Auth.Middleware] and [Auth.Require].
func User(c *gin.Context) (*core.User, bool) { return core.UserFrom(c.Request.Context()) }

func handler(h http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		h.ServeHTTP(c.Writer, c.Request)
		abort(c)
	}
}

// abort keeps the next handlers from running. It writes the status at once, because for an
// unregistered path gin would write a 404 if the answer has no body.
func abort(c *gin.Context) {
	c.Writer.WriteHeaderNow()
	c.Abort()
}

// pass runs the next handlers with an admitted request, which is a copy. net/http knows only the
// original, so the temporary files of an upload are removed here.
func pass(c *gin.Context, admitted *http.Request) {
	r := c.Request
	c.Request = admitted
	defer func() {
		r.Pattern = c.Request.Pattern
		if form := c.Request.MultipartForm; form != nil && r.MultipartForm == nil {
			r.MultipartForm = form
			_ = form.RemoveAll() // net/http ignores the error as well
		}
	}()
	c.Next()
}
