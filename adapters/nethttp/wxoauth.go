// Package wxoauth puts net/http handlers behind WeChat login.
//
//	import wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
//
//	mux.Handle("/me", wxoauth.Middleware(cfg)(me))
//
// [Middleware] guards everything behind it. Four fields of [Config] are required: AppID, Secret,
// PublicURL (how browsers reach the site) and Keys (32 random bytes or more, the same on every
// replica). Every other zero field is a safe default.
//
// [New] returns an [Auth], which can also require more on some routes, show who is signed in on
// public pages, and log out; [Auth.Mount] registers the routes that it needs. [NewMini] does the
// same for mini programs.
package wxoauth

import (
	"context"
	"net/http"
	"time"

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
func Middleware(cfg Config) func(http.Handler) http.Handler {
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
func (a *Auth) Middleware() func(http.Handler) http.Handler { return a.Require("") }

// Require passes on only requests of signed-in users who have granted scope: [ScopeBase] or
// [ScopeUserInfo], or Config.Scope if it is "". It is for routes and groups that need more than
// the others. A user who has granted less is asked, and meanwhile keeps the session.
func (a *Auth) Require(scope oauth.Scope) func(http.Handler) http.Handler {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Admit(w, r, scope)
	})
}

// RequireFresh passes on only requests of signed-in users whom WeChat has confirmed within maxAge.
// Put it before pages that must be sure who the user is now, such as one that pays. If the
// confirmation is older, a page load goes to WeChat and back once more, without asking the user.
// See [oauth.Auth.AdmitFresh].
func (a *Auth) RequireFresh(maxAge time.Duration) func(http.Handler) http.Handler {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.AdmitFresh(w, r, maxAge)
	})
}

// guard passes on the requests that admit lets in. admit has answered the others.
func guard(
	admit func(http.ResponseWriter, *http.Request) (*http.Request, bool),
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if admitted, ok := admit(w, r); ok {
				pass(next, w, r, admitted)
			}
		})
	}
}

// Optional passes on every request, with the user if somebody is signed in: for public pages.
func (a *Auth) Optional() func(http.Handler) http.Handler {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Identify(w, r), true
	})
}

// Login returns the handler for Config.LoginPath. It is needed if Middleware does not see that
// path. It redirects to the path in return_to; see [oauth.Auth.LoginHandler].
func (a *Auth) Login() http.Handler { return a.auth.LoginHandler() }

// Logout returns the handler that ends the session on a POST from a page of the same site, and
// redirects to the path in return_to; see [oauth.Auth.LogoutHandler].
func (a *Auth) Logout() http.Handler { return a.auth.LogoutHandler() }

// Script returns the handler of an ES module for web pages: a fetch that leads to the login if
// need be, the JS-SDK's signature, and WeChat's QR code inside a page. Put it where everybody can
// load it, for example at /wxoauth.js. See package web.
func (a *Auth) Script() http.Handler { return web.Script() }

// SignOut ends the session in a handler of your own; see [oauth.Auth.SignOut]. It sets a cookie,
// so call it before you write the answer.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error { return a.auth.SignOut(w, r) }

// Mount registers the routes that a login needs: [Auth.Login] at Config.LoginPath, [Auth.Logout]
// at "logout" in the same directory (/wechat/logout by default), the verify files at the root, and
// [Auth.Script] at /wxoauth.js.
func (a *Auth) Mount(mux *http.ServeMux) {
	for path, h := range a.Routes() {
		// One pattern for all methods would conflict with a pattern of the app such as "GET /".
		for _, method := range [...]string{
			http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
			http.MethodOptions, http.MethodTrace, http.MethodConnect,
		} {
			mux.Handle(method+" "+path, h)
		}
	}
}

// Routes returns the handlers that Mount registers, by path, for other routers.
func (a *Auth) Routes() map[string]http.Handler {
	routes := a.auth.Routes()
	routes["/wxoauth.js"] = a.Script()
	return routes
}

// AccessToken returns an access token of the signed-in user that works. It may set a cookie, so
// call it before you write the answer. Errors: see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(w http.ResponseWriter, r *http.Request) (string, error) {
	return a.auth.AccessToken(w, r)
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
func User(r *http.Request) (*core.User, bool) { return core.UserFrom(r.Context()) }

// pass calls next with an admitted request, which is a copy of r. net/http and the middleware in
// front know only r. So the route's pattern is copied to r, and the temporary files of an upload
// are removed here, because net/http would not find them.
func pass(next http.Handler, w http.ResponseWriter, r, admitted *http.Request) {
	defer func() {
		r.Pattern = admitted.Pattern
		if form := admitted.MultipartForm; form != nil && r.MultipartForm == nil {
			r.MultipartForm = form
			_ = form.RemoveAll() // net/http ignores the error as well
		}
	}()
	next.ServeHTTP(w, admitted)
}
