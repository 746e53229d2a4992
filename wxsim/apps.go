package wxsim

import "time"

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
	tickets map[string]ticket // by type; see table.go
}

// A ticket signs calls of a JavaScript SDK.
type ticket struct {
	text    string
	expires time.Time
}

// openID differs from app to app; the official account's is the user's own.
func (a *app) openID(u User) string {
	if a.kind == officialAccount {
		return u.OpenID
	}
	return derivedID(a.id, u.OpenID)
}

// app is nil for an appid that nobody has.
func (s *Server) app(id string) *app {
	for _, a := range s.apps {
		if a.id == id {
			return a
		}
	}
	return nil
}

// AppID is the official account's appid.
func (s *Server) AppID() string { return s.apps[officialAccount].id }

// Secret is the official account's appsecret.
func (s *Server) Secret() string { return s.apps[officialAccount].secret }

// WebsiteAppID is the appid of the website app, which QR login needs.
func (s *Server) WebsiteAppID() string { return s.apps[websiteApp].id }

// WebsiteSecret is the appsecret of the website app.
func (s *Server) WebsiteSecret() string { return s.apps[websiteApp].secret }

// MiniAppID is the mini program's appid.
func (s *Server) MiniAppID() string { return s.apps[miniProgram].id }

// MiniSecret is the mini program's appsecret.
func (s *Server) MiniSecret() string { return s.apps[miniProgram].secret }
