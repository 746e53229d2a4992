package wxsim

import (
	"cmp"
	"slices"
)

// An appKind says what an app may do.
type appKind int

const (
	officialAccount appKind = iota // web login inside WeChat, server APIs
	websiteApp                     // QR login
	miniProgram                    // code2Session, server APIs
)

type app struct {
	id, secret string
	kind       appKind

	tokens  [2]appTokens      // classic and stable; see apptoken.go
	tickets map[string]ticket // by type; see ticket.go
}

func newApp(kind appKind, id, secret string) *app {
	return &app{
		kind: kind, id: cmp.Or(id, "wx"+randomHex(16)), secret: cmp.Or(secret, randomHex(32)),
		tickets: map[string]ticket{},
	}
}

// openID differs from app to app; the official account's is the user's own.
func (a *app) openID(u User) string {
	if a.kind == officialAccount {
		return u.OpenID
	}
	return derivedID(a.id, u.OpenID)
}

// app returns nil for an appid that nobody has.
func (w *world) app(id string) *app {
	if i := slices.IndexFunc(w.apps, func(a *app) bool { return a.id == id }); i >= 0 {
		return w.apps[i]
	}
	return nil
}

// first returns the oldest app of a kind. There is one of each.
func (w *world) first(kind appKind) *app {
	return w.apps[slices.IndexFunc(w.apps, func(a *app) bool { return a.kind == kind })]
}

func (s *Server) first(kind appKind) *app {
	return hold(&s.holder, func(w *world) *app { return w.first(kind) })
}

// AppID returns the official account's appid.
func (s *Server) AppID() string { return s.first(officialAccount).id }

// Secret returns the official account's appsecret.
func (s *Server) Secret() string { return s.first(officialAccount).secret }

// WebsiteAppID returns the appid of the website app, which QR login needs.
func (s *Server) WebsiteAppID() string { return s.first(websiteApp).id }

// WebsiteSecret returns the appsecret of the website app.
func (s *Server) WebsiteSecret() string { return s.first(websiteApp).secret }

// MiniAppID returns the mini program's appid.
func (s *Server) MiniAppID() string { return s.first(miniProgram).id }

// MiniSecret returns the mini program's appsecret.
func (s *Server) MiniSecret() string { return s.first(miniProgram).secret }
