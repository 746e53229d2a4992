package wxoauth

import (
	"github.com/labstack/echo/v4"

	"github.com/wxoauth/wxoauth/mpauth"
)

// MiniConfig describes a mini program's login; see [mpauth.Config] for every field and its default.
type MiniConfig = mpauth.Config

// Mini is the login of one mini program: a header token instead of a cookie. It is safe for
// concurrent use.
type Mini struct{ auth *mpauth.Auth }

// NewMini checks cfg and reports all its faults at once.
func NewMini(cfg MiniConfig) (*Mini, error) {
	auth, err := mpauth.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Mini{auth}, nil
}

// Login is the handler that gives the code of wx.login for a token.
func (m *Mini) Login() echo.HandlerFunc { return echo.WrapHandler(m.auth.LoginHandler()) }

// Logout is the handler that ends the session of the token that comes with it.
func (m *Mini) Logout() echo.HandlerFunc { return echo.WrapHandler(m.auth.LogoutHandler()) }

// Middleware passes on only requests that carry a token.
func (m *Mini) Middleware() echo.MiddlewareFunc { return guard(m.auth.Admit) }
