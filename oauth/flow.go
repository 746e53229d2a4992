package oauth

import (
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// FlowParams is all that a program with its own session handling may know about a visitor.
type FlowParams struct {
	RedirectURI   string // default the client's
	OpenID        string // with AccessToken: saves a call
	AccessToken   string // the user's, of an earlier [Token]; ignored without OpenID
	RefreshToken  string // of the same; used once the access token is dead
	Scope         Scope  // default ScopeUserInfo
	State         string // make a random one per visitor, and compare it before you pass Code on
	ForcePopup    bool   // ask the user even where WeChat would not
	ForceSnapshot bool   // open WeChat's snapshot page
	Code          string // of the callback; goes before all tokens

	// OnToken is given each token fetched on the way, to store it. Its error ends the flow.
	OnToken func(context.Context, *Token) error
}

// InitAccessToken finds a live access token of the visitor: by Code, else by AccessToken and
// OpenID if WeChat still honours them, else by RefreshToken. If none helps, url is the page to
// redirect to. One of url, token and err is set.
func (c *Client) InitAccessToken(ctx context.Context, p FlowParams) (url string, token *Token, err error) {
	if p.Code == "" && p.AccessToken != "" && p.OpenID != "" {
		switch err := c.Validate(ctx, p.AccessToken, p.OpenID); {
		case err == nil:
			return "", &Token{AccessToken: p.AccessToken, RefreshToken: p.RefreshToken, OpenID: p.OpenID, Scope: p.Scope}, nil
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

// AuthorizeUserInfo finds the visitor's profile: by Code, else by AccessToken and OpenID, else by
// RefreshToken. A dead access token falls through to the refresh token, a dead refresh token to
// the URL. If none helps, url is the page to redirect to. One of url, user and err is set.
//
// With ScopeBase there is no profile to fetch: the user has an OpenID and perhaps a UnionID. A known
// AccessToken and OpenID are validated instead.
func (c *Client) AuthorizeUserInfo(ctx context.Context, p FlowParams) (url string, user *core.User, err error) {
	if p.Code == "" && p.AccessToken != "" && p.OpenID != "" {
		if p.Scope == ScopeBase { // no profile will prove that the openid is the token's
			err = c.Validate(ctx, p.AccessToken, p.OpenID)
		}
		if err == nil {
			user, err = c.profile(ctx, &Token{AccessToken: p.AccessToken, OpenID: p.OpenID}, p.Scope)
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

// fetch gives Code or RefreshToken for a token. Neither error nor token: the user has to log in.
func (c *Client) fetch(ctx context.Context, p FlowParams) (token *Token, err error) {
	switch {
	case p.Code != "":
		token, err = c.Exchange(ctx, p.Code)
	case p.RefreshToken != "":
		token, err = c.Refresh(ctx, p.RefreshToken)
		if deadGrant(err) {
			return nil, nil //nolint:nilnil // said in the comment above
		}
	}
	if token == nil || err != nil {
		return nil, err
	}
	if token.Scope == "" {
		token.Scope = p.Scope
	}
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
	if user.UnionID == "" {
		user.UnionID = t.UnionID
	}
	user.Scope, user.Snapshot = string(t.Scope), t.Snapshot
	return user, nil
}

func (c *Client) authorizeURL(p FlowParams) string {
	return c.AuthorizeURL(AuthorizeParams{p.RedirectURI, p.Scope, p.State, p.ForcePopup, p.ForceSnapshot})
}

// deadToken tells that a user's access token is of no use, as opposed to WeChat being away.
func deadToken(err error) bool {
	return errors.Is(err, core.ErrAccessToken) || errors.Is(err, core.ErrInvalidOpenID) || errors.Is(err, core.ErrGrantRevoked)
}

// deadGrant tells that a refresh token is of no use: the user has to log in again.
func deadGrant(err error) bool {
	return errors.Is(err, core.ErrInvalidRefresh) || errors.Is(err, core.ErrRefreshExpired) || errors.Is(err, core.ErrGrantRevoked)
}
