package mpauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/subject"
)

// A Session is a user of the mini program and the key that WeChat shares with us for this login.
// Identity is (AppID, OpenID).
type Session struct {
	AppID, OpenID string
	UnionID       string     // links the apps of one open-platform account; may be empty
	SessionKey    SessionKey // empty for users of cloud hosting's headers
}

// sessionAnswer is what WeChat sends for a code, and for a new key.
type sessionAnswer struct {
	OpenID     subject.ID `json:"openid"`
	UnionID    subject.ID `json:"unionid"`
	SessionKey SessionKey `json:"session_key"`
}

// Code2Session exchanges the code of wx.login, which is good once and for 5 minutes. It needs no
// app access token and never fetches one.
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
// [ErrSessionKey] when it is not.
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

// ResetSessionKey replaces the user's session_key, and the old one is dead at once. The new one
// lives no longer than the old one would have. The answer has no UnionID. Do not reset a user's
// key often. The error is [ErrSessionKey] when key is not the user's.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
func (c *Client) ResetSessionKey(ctx context.Context, openID string, key SessionKey) (*Session, error) {
	r, err := signed("/wxa/resetusersessionkey", openID, key)
	if err != nil {
		return nil, err
	}
	r.Once = true // a second one would be signed with a dead key
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

// signed makes a call about openID that proves that we hold its key.
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

// keyError adds [ErrSessionKey] to WeChat's two ways of saying that a session_key is not good.
func keyError(err error) error {
	const absent, wrongSignature core.Code = 87007, 87009
	if errors.Is(err, absent) || errors.Is(err, wrongSignature) {
		return fmt.Errorf("%w: %w", ErrSessionKey, err)
	}
	return err
}

// session checks an answer. A user without a proper identity must never get into a session.
func (c *Client) session(r core.Request, a *sessionAnswer) (*Session, error) {
	switch {
	case !a.OpenID.Valid():
		return nil, r.BadAnswer("no openid, or a malformed one")
	case a.UnionID != "" && !a.UnionID.Valid():
		return nil, r.BadAnswer("a malformed unionid")
	case a.SessionKey == "" || len(a.SessionKey) > 128:
		return nil, r.BadAnswer("no session_key, or an endless one")
	}
	return &Session{AppID: c.core.AppID(), OpenID: string(a.OpenID), UnionID: string(a.UnionID), SessionKey: a.SessionKey}, nil
}
