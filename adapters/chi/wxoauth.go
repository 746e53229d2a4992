// Package wxoauth puts chi routes behind WeChat login.
//
//	import wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
//
//	r.Use(wxoauth.Middleware(cfg))
//
// chi's middleware and handlers are those of net/http, so everything here is the net/http adapter.
// chi runs the middleware of its root router for unregistered paths too: Config.LoginPath needs no
// route there. In a group or sub-router, register [Auth.Login].
//
// chi's own middleware.Logger writes query strings, and with them login codes: use one that logs
// r.URL.Path alone.
package wxoauth

import (
	"net/http"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
)

// Config describes a web login; see [oauth.Config] for every field and its default.
type Config = oauth.Config

// Website is the website app for QR login in desktop browsers.
type Website = oauth.Website

// Brand is what the pages of this library show of your site.
type Brand = oauth.Brand

// Secret is an AppSecret. It prints, logs and marshals as [redacted].
type Secret = core.Secret

// Auth is the login of one official account. Make one per account, with [New]; it is safe for
// concurrent use.
type Auth = wxoauth.Auth

// What a page may ask for.
const (
	ScopeBase     = oauth.ScopeBase     // silent: the openid only
	ScopeUserInfo = oauth.ScopeUserInfo // asks the user: openid, unionid and profile
)

// Middleware passes on only requests of signed-in users. It panics at startup if cfg cannot
// work; use [New] to get an error instead.
func Middleware(cfg Config) func(http.Handler) http.Handler { return wxoauth.Middleware(cfg) }

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) { return wxoauth.New(cfg) }

// MiniConfig describes a mini program's login; see [mpauth.Config] for every field and its default.
type MiniConfig = mpauth.Config

// Mini is the login of one mini program: a header token instead of a cookie. Make it with [NewMini]; it
// is safe for concurrent use.
type Mini = wxoauth.Mini

// NewMini checks cfg and reports all its faults at once. It does not call WeChat.
func NewMini(cfg MiniConfig) (*Mini, error) { return wxoauth.NewMini(cfg) }

// User returns who is signed in; nil and false mean that nobody is, which happens only outside
// [Auth.Middleware] and [Auth.Require].
func User(r *http.Request) (*core.User, bool) { return wxoauth.User(r) }
