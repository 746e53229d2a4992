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
// [New] gives an [Auth], which can also ask for more on some routes, show who is signed in on public
// pages, and log out; [Auth.Mount] registers the routes that it needs. [NewMini] does the same for
// mini programs.
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

// Require passes on only requests of signed-in users who granted scope: ask for more on a route
// or a group than elsewhere. A session that has less is kept while the user is asked. scope is
// [ScopeBase] or [ScopeUserInfo]; "" means Config.Scope.
func (a *Auth) Require(scope oauth.Scope) func(http.Handler) http.Handler {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) { return a.auth.Admit(w, r, scope) })
}

// RequireFresh passes on only requests of signed-in users whom WeChat has confirmed within maxAge. Put it
// before pages where it matters that it is still the same user, such as one that pays: an older
// confirmation is renewed by a silent redirect. See [oauth.Auth.AdmitFresh].
func (a *Auth) RequireFresh(maxAge time.Duration) func(http.Handler) http.Handler {
	return guard(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.AdmitFresh(w, r, maxAge)
	})
}

// guard passes on the requests that admit lets in; it has answered the others.
func guard(admit func(http.ResponseWriter, *http.Request) (*http.Request, bool)) func(http.Handler) http.Handler {
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
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pass(next, w, r, a.auth.Identify(w, r))
		})
	}
}

// Login is the handler for Config.LoginPath, needed where Middleware does not see that path. It goes on
// to the path in return_to; see [oauth.Auth.LoginHandler].
func (a *Auth) Login() http.Handler { return a.auth.LoginHandler() }

// Logout is the handler that ends the session on a POST from a page of the same site, and goes on to
// the path in return_to; see [oauth.Auth.LogoutHandler].
func (a *Auth) Logout() http.Handler { return a.auth.LogoutHandler() }

// Script serves the pages' half of the login, an ES module: fetch that leads to the login, the
// JS-SDK's signature, WeChat's QR code inside a page. Put it where everybody can load it, at
// /wxoauth.js for example. See package web.
func (a *Auth) Script() http.Handler { return web.Script() }

// SignOut ends the session in a handler of your own; see [oauth.Auth.SignOut]. It sets a cookie, so call
// it before you write the answer.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error { return a.auth.SignOut(w, r) }

// Mount registers what a login needs beside the guarded pages: [Auth.Login] at Config.LoginPath,
// [Auth.Logout] at "logout" beside it (/wechat/logout by default), the verify files at the root, and
// [Auth.Script] at /wxoauth.js.
func (a *Auth) Mount(mux *http.ServeMux) {
	for path, h := range a.Routes() {
		mux.Handle(path, h)
	}
}

// Routes are what Mount registers, by path: for other routers.
func (a *Auth) Routes() map[string]http.Handler {
	routes := a.auth.Routes()
	routes["/wxoauth.js"] = a.Script()
	return routes
}

// AccessToken returns a live access token of the signed-in user. It may set a cookie, so call it before
// you write the answer. Errors: see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(w http.ResponseWriter, r *http.Request) (string, error) {
	return a.auth.AccessToken(w, r)
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
func User(r *http.Request) (*core.User, bool) { return core.UserFrom(r.Context()) }

// pass hands an admitted request to next. It is a copy of r, and net/http looks only at the request
// that it made itself: so the route's pattern is written there, for a middleware in front, and the
// temporary files of an upload are removed here.
func pass(next http.Handler, w http.ResponseWriter, r, admitted *http.Request) {
	defer func() {
		r.Pattern = admitted.Pattern
		if form := admitted.MultipartForm; form != nil && r.MultipartForm == nil {
			r.MultipartForm = form
			_ = form.RemoveAll() // as net/http does it: what cannot be removed stays
		}
	}()
	next.ServeHTTP(w, admitted)
}
