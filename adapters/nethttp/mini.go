package wxoauth

import (
	"context"
	"net/http"

	"github.com/wxoauth/wxoauth/mpauth"
)

// MiniConfig describes a mini program's login; see [mpauth.Config] for every field and its default.
type MiniConfig = mpauth.Config

// Mini is the login of one mini program, which sends a token in a header instead of a cookie. Make
// it with [NewMini]; it is safe for concurrent use.
type Mini struct{ auth *mpauth.Auth }

// NewMini checks cfg and reports all its faults at once. It does not call WeChat.
func NewMini(cfg MiniConfig) (*Mini, error) {
	auth, err := mpauth.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Mini{auth}, nil
}

// Login returns the handler that exchanges the {"code":"…"} of wx.login for a token; see
// [mpauth.Auth.LoginHandler] for its answers.
func (m *Mini) Login() http.Handler { return m.auth.LoginHandler() }

// Logout returns the handler that ends the session of the token of a POST and answers 204; see
// [mpauth.Auth.LogoutHandler].
func (m *Mini) Logout() http.Handler { return m.auth.LogoutHandler() }

// Middleware passes on only requests with the token of a session: Authorization: Bearer <token>.
// [User] then returns the user, and [mpauth.SessionFrom] the session_key.
func (m *Mini) Middleware() func(http.Handler) http.Handler { return guard(m.auth.Admit) }

// EndSessions ends every session of a user of the mini program, those of its web-views included;
// see [mpauth.Auth.EndSessions].
func (m *Mini) EndSessions(ctx context.Context, openID string) error {
	return m.auth.EndSessions(ctx, openID)
}
