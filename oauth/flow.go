package oauth

import (
	"cmp"
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// FlowParams is what a program with its own sessions may know about a visitor.
type FlowParams struct {
	RedirectURI   string // default: that of the Client
	OpenID        string // of the user; goes with AccessToken
	AccessToken   string // of an earlier [Token]; ignored without OpenID
	RefreshToken  string // of the same Token; used if the access token does not work any more
	Scope         Scope  // default ScopeUserInfo
	State         string // make a random one per visitor, and compare it before you set Code
	ForcePopup    bool   // ask the user even where WeChat would not
	ForceSnapshot bool   // open WeChat's snapshot page
	Code          string // from the callback; used rather than the tokens

	// OnToken gets each token that is fetched, to store it. An error ends the flow.
	OnToken func(context.Context, *Token) error
}

// InitAccessToken returns an access token of the visitor that works. It exchanges Code, or if that
// is empty, takes AccessToken and OpenID if WeChat accepts them, or else uses RefreshToken. If
// none of them gives a token, url is the page to redirect to. Exactly one of url, token and err is
// set.
func (c *Client) InitAccessToken(
	ctx context.Context, p FlowParams,
) (url string, token *Token, err error) {
	if p.Code == "" && p.AccessToken != "" && p.OpenID != "" {
		switch err := c.Validate(ctx, p.AccessToken, p.OpenID); {
		case err == nil:
			return "", &Token{
				AccessToken: p.AccessToken, RefreshToken: p.RefreshToken, OpenID: p.OpenID,
				Scope: p.Scope,
			}, nil
		case !deadToken(err):
			return "", nil, err
		}
	}
	token, err = c.fetch(ctx, p)
	if token == nil && err == nil {
		url = c.authorizeURL(p)
	}
	return url, token, err
}

// AuthorizeUserInfo returns the visitor's profile. It exchanges Code, or if that is empty, takes
// AccessToken and OpenID if they work, or else uses RefreshToken. If none of them gives the
// profile, url is the page to redirect to. Exactly one of url, user and err is set.
//
// With ScopeBase no profile is fetched: the user has an OpenID and perhaps a UnionID. WeChat is
// asked whether AccessToken and OpenID belong together.
func (c *Client) AuthorizeUserInfo(
	ctx context.Context, p FlowParams,
) (url string, user *core.User, err error) {
	if p.Code == "" && p.AccessToken != "" && p.OpenID != "" {
		// Otherwise the profile shows that the token belongs to the openid.
		if p.Scope == ScopeBase {
			err = c.Validate(ctx, p.AccessToken, p.OpenID)
		}
		if err == nil {
			user, err = c.profile(ctx, &Token{
				AccessToken: p.AccessToken, OpenID: p.OpenID,
			}, p.Scope)
		}
		if err == nil || !deadToken(err) {
			return "", user, err
		}
	}
	token, err := c.fetch(ctx, p)
	if err != nil {
		return "", nil, err
	}
	if token == nil {
		return c.authorizeURL(p), nil, nil
	}
	user, err = c.profile(ctx, token, p.Scope)
	return "", user, err
}

// fetch exchanges Code or RefreshToken for a token. If it returns neither error nor token, the
// user has to log in.
func (c *Client) fetch(ctx context.Context, p FlowParams) (token *Token, err error) {
	switch {
	case p.Code != "":
		token, err = c.Exchange(ctx, p.Code)
	case p.RefreshToken != "":
		token, err = c.Refresh(ctx, p.RefreshToken)
		if deadGrant(err) {
			return nil, nil //nolint:nilnil // see the comment above
		}
	}
	if token == nil || err != nil {
		return nil, err
	}
	token.Scope = cmp.Or(token.Scope, p.Scope)
	if p.OnToken != nil {
		err = p.OnToken(ctx, token)
	}
	return token, err
}

func (c *Client) profile(ctx context.Context, t *Token, asked Scope) (*core.User, error) {
	user := &core.User{AppID: c.api.AppID(), OpenID: t.OpenID}
	if asked != ScopeBase && t.Scope != ScopeBase {
		var err error
		if user, err = c.UserInfo(ctx, t.AccessToken, t.OpenID, ""); err != nil {
			return nil, err
		}
	}
	user.UnionID = cmp.Or(user.UnionID, t.UnionID)
	user.Scope, user.Snapshot = string(t.Scope), t.Snapshot
	return user, nil
}

func (c *Client) authorizeURL(p FlowParams) string {
	return c.AuthorizeURL(AuthorizeParams{
		p.RedirectURI, p.Scope, p.State, p.ForcePopup, p.ForceSnapshot,
	})
}

// deadToken reports whether err means that WeChat does not accept the access token.
func deadToken(err error) bool {
	return errors.Is(err, core.ErrAccessToken) || errors.Is(err, core.ErrInvalidOpenID) ||
		errors.Is(err, core.ErrGrantRevoked)
}

// deadGrant reports whether err means that WeChat does not accept the refresh token: the user has
// to log in again.
func deadGrant(err error) bool {
	return errors.Is(err, core.ErrInvalidRefresh) || errors.Is(err, core.ErrRefreshExpired) ||
		errors.Is(err, core.ErrGrantRevoked)
}
