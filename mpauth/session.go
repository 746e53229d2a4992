package mpauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/subject"
)

// A Session is a user of the mini program, identified by AppID and OpenID together, and the key
// that WeChat gave for this login.
type Session struct {
	AppID, OpenID string
	UnionID       string     // the same in all apps of one open-platform account; may be empty
	SessionKey    SessionKey // empty if the headers of cloud hosting named the user
}

// sessionAnswer is WeChat's answer to a code, and to a request for a new key.
type sessionAnswer struct {
	OpenID     subject.ID `json:"openid"`
	UnionID    subject.ID `json:"unionid"`
	SessionKey SessionKey `json:"session_key"`
}

// Code2Session exchanges the code of wx.login, which works once, within 5 minutes. It needs no app
// access token.
//
// Errors: [core.ErrInvalidCode] and [core.ErrCodeUsed] (call wx.login again), [core.ErrBlocked]
// (WeChat refuses this user), [core.ErrRateLimit] (100 logins of one user in a minute).
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
func (c *Client) Code2Session(ctx context.Context, jsCode string) (*Session, error) {
	if jsCode == "" {
		return nil, fmt.Errorf("%w: jsCode is empty", ErrArgument)
	}
	r := core.Get("/sns/jscode2session", url.Values{
		"appid":      {c.core.AppID()},
		"secret":     {string(c.core.Secret())},
		"js_code":    {jsCode},
		"grant_type": {"authorization_code"},
	})
	r.NoToken = true
	r.Once = true
	a, err := core.Call[sessionAnswer](ctx, c.core, r)
	if err != nil {
		return nil, err
	}
	return c.session(r, a)
}

// CheckSession asks WeChat whether key is still the user's session_key. The error is
// [ErrSessionKey] if it is not.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/checkSessionKey.html
func (c *Client) CheckSession(ctx context.Context, openID string, key SessionKey) error {
	r, err := signed("/wxa/checksession", openID, key)
	if err != nil {
		return err
	}
	_, err = core.Call[struct{}](ctx, c.core, r)
	return keyError(err)
}

// ResetSessionKey replaces the user's session_key. The old one is worthless at once, and the new
// one does not last longer than the old one would have. The returned Session has no UnionID.
// WeChat asks not to call it often. The error is [ErrSessionKey] if key is not the user's.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
func (c *Client) ResetSessionKey(
	ctx context.Context, openID string, key SessionKey,
) (*Session, error) {
	r, err := signed("/wxa/resetusersessionkey", openID, key)
	if err != nil {
		return nil, err
	}
	r.Once = true // a repeat would be signed with the replaced key
	a, err := core.Call[sessionAnswer](ctx, c.core, r)
	if err != nil {
		return nil, keyError(err)
	}
	s, err := c.session(r, a)
	if err == nil && s.OpenID != openID {
		return nil, r.BadAnswer("another user's openid")
	}
	return s, err
}

// signed returns a request about openID, with the signature that proves that we have its key.
func signed(path, openID string, key SessionKey) (core.Request, error) {
	if openID == "" || key == "" {
		return core.Request{}, fmt.Errorf("%w: openid or session_key is empty", ErrArgument)
	}
	return core.Get(path, url.Values{
		"openid":     {openID},
		"signature":  {key.signature()},
		"sig_method": {"hmac_sha256"},
	}), nil
}

// keyError adds [ErrSessionKey] to the two errcodes that say that a session_key is not the user's.
func keyError(err error) error {
	const absent, wrongSignature core.Code = 87007, 87009
	if errors.Is(err, absent) || errors.Is(err, wrongSignature) {
		return fmt.Errorf("%w: %w", ErrSessionKey, err)
	}
	return err
}

// session checks WeChat's answer and makes the Session of it. An answer without a valid openid is
// an error: a session must have exactly one user.
func (c *Client) session(r core.Request, a *sessionAnswer) (*Session, error) {
	switch {
	case !a.OpenID.Valid():
		return nil, r.BadAnswer("no openid, or a malformed one")
	case a.UnionID != "" && !a.UnionID.Valid():
		return nil, r.BadAnswer("a malformed unionid")
	case a.SessionKey == "" || len(a.SessionKey) > 128:
		return nil, r.BadAnswer("no session_key, or an endless one")
	}
	return &Session{
		AppID: c.core.AppID(), OpenID: string(a.OpenID), UnionID: string(a.UnionID),
		SessionKey: a.SessionKey,
	}, nil
}
