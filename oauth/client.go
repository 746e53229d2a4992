package oauth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/oneline"
	"github.com/wxoauth/wxoauth/internal/subject"
)

// ClientConfig describes one official account, or one website app. AppID and Secret are required.
type ClientConfig struct {
	AppID  string      // of the official account or the website app
	Secret core.Secret // its AppSecret
	// RedirectURI is the URL to which WeChat sends browsers back. Its domain must be registered
	// with WeChat.
	RedirectURI string
	APIURL      string // default https://api.weixin.qq.com
	OpenURL     string // default https://open.weixin.qq.com
	// NoConnectRedirect leaves connect_redirect=1 out of authorize URLs. With that parameter
	// WeChat calls back twice less often. It is not documented, and one user reported that it
	// breaks the login in WeChat for PC, where an [Auth] always leaves it out.
	NoConnectRedirect bool
	HTTPClient        *http.Client  // default: see core.ClientConfig
	Observer          core.Observer // default: none
	Logger            *slog.Logger  // default slog.Default()
}

const defaultOpenURL = "https://open.weixin.qq.com"

// A Client makes the calls of WeChat's web login. It needs no app access token. It is immutable
// and safe for concurrent use.
type Client struct {
	api         *core.Client
	redirectURI string
	openURL     string
	once        bool // whether WeChat is asked to call back once
}

// NewClient checks cfg and reports all its faults at once. It does not call WeChat.
func NewClient(cfg ClientConfig) (*Client, error) {
	wrong := faults.In("oauth: ClientConfig.")
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	wrong.URL("APIURL", cfg.APIURL)
	wrong.URL("OpenURL", cfg.OpenURL)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	api, err := core.NewClient(core.ClientConfig{
		AppID: cfg.AppID, Secret: cfg.Secret, APIURL: cfg.APIURL, HTTPClient: cfg.HTTPClient,
		Observer: cfg.Observer, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &Client{
		api: api, redirectURI: cfg.RedirectURI, once: !cfg.NoConnectRedirect,
		openURL: strings.TrimRight(cmp.Or(cfg.OpenURL, defaultOpenURL), "/"),
	}, nil
}

// AuthorizeParams are the parts of an authorize URL.
type AuthorizeParams struct {
	RedirectURI string // default the client's
	Scope       Scope  // default ScopeUserInfo; ScopeLogin makes the QR page of a website app
	// State is at most 128 characters of 0-9, A-Z and a-z. WeChat requires one, so an empty one is
	// sent as "0".
	State         string
	ForcePopup    bool // ask the user even if WeChat would not
	ForceSnapshot bool // open WeChat's snapshot page
}

// AuthorizeURL returns the URL of WeChat's page, to which a browser is redirected. Use status 302
// and not 301, which WeChat's browser would remember. WeChat checks the order of the parameters.
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (c *Client) AuthorizeURL(p AuthorizeParams) string { return c.pageURL(p, c.once) }

// pageURL is AuthorizeURL. once is whether WeChat is asked to call back once.
func (c *Client) pageURL(p AuthorizeParams, once bool) string {
	page, scope := "/connect/oauth2/authorize", cmp.Or(p.Scope, ScopeUserInfo)
	if scope == ScopeLogin {
		page = "/connect/qrconnect"
	}
	redirectURI := url.QueryEscape(cmp.Or(p.RedirectURI, c.redirectURI))
	u := c.openURL + page + "?appid=" + url.QueryEscape(c.api.AppID()) +
		"&redirect_uri=" + strings.ReplaceAll(redirectURI, "+", "%20") +
		"&response_type=code&scope=" + url.QueryEscape(string(scope)) + "&state=" +
		url.QueryEscape(cmp.Or(p.State, "0"))
	if p.ForcePopup {
		u += "&forcePopup=true"
	}
	if p.ForceSnapshot {
		u += "&forceSnapShot=true"
	}
	if scope != ScopeLogin && once {
		u += "&connect_redirect=1"
	}
	return u + "#wechat_redirect"
}

// A Token is what WeChat gives for a login code. It prints as its openid alone.
type Token struct {
	AccessToken  string // of the user, not of the app; good for 2 hours
	RefreshToken string // good for 30 days
	OpenID       string
	// UnionID is set only with ScopeUserInfo or ScopeLogin, and if the account is bound to an
	// open-platform account.
	UnionID string
	// Scope is the highest scope that the user has granted; empty if WeChat did not say.
	Scope    Scope
	Expiry   time.Time // of AccessToken
	Snapshot bool      // a virtual user of WeChat's snapshot page: never make an account of one
}

// ErrIdentity means that an answer of WeChat names no valid user, or another one than was asked
// for.
var ErrIdentity = errors.New("oauth: WeChat's answer does not name the expected user")

type tokenAnswer struct {
	AccessToken  string     `json:"access_token"`
	ExpiresIn    core.Int   `json:"expires_in"` // seconds
	RefreshToken string     `json:"refresh_token"`
	OpenID       subject.ID `json:"openid"`
	UnionID      subject.ID `json:"unionid"`
	Scope        string     `json:"scope"`
	Snapshot     core.Int   `json:"is_snapshotuser"`
}

const (
	exchangePath = "/sns/oauth2/access_token"
	exchangeOp   = "GET " + exchangePath // in errors
	refreshPath  = "/sns/oauth2/refresh_token"
	refreshOp    = "GET " + refreshPath
)

// Exchange exchanges a login code for a token. A code works once, within 5 minutes. The call is
// not repeated once it may have been sent.
//
// Errors: [core.ErrInvalidCode], [core.ErrCodeUsed], [core.ErrCodeExpired] and other refusals;
// [ErrIdentity]; [core.WireError].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (c *Client) Exchange(ctx context.Context, code string) (*Token, error) {
	return c.token(ctx, exchangePath, url.Values{
		"appid": {c.api.AppID()}, "secret": {string(c.api.Secret())}, "code": {code},
		"grant_type": {"authorization_code"},
	})
}

// Refresh exchanges a refresh token for a new access token. Store the returned refresh token,
// because WeChat may change it. UnionID and Snapshot are not set.
//
// Errors: [core.ErrInvalidRefresh], [core.ErrRefreshExpired] and [core.ErrGrantRevoked] mean that
// the user has to log in again; [ErrIdentity]; [core.WireError].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (c *Client) Refresh(ctx context.Context, refreshToken string) (*Token, error) {
	return c.token(ctx, refreshPath, url.Values{
		"appid": {c.api.AppID()}, "grant_type": {"refresh_token"}, "refresh_token": {refreshToken},
	})
}

func (c *Client) token(ctx context.Context, path string, query url.Values) (*Token, error) {
	r := core.Get(path, query)
	r.NoToken, r.Once = true, true
	a, err := core.Call[tokenAnswer](ctx, c.api, r)
	if err != nil {
		return nil, err
	}
	if !a.OpenID.Valid() || (a.UnionID != "" && !a.UnionID.Valid()) {
		return nil, ErrIdentity
	}
	if !plausibleToken(a.AccessToken) || !plausibleToken(a.RefreshToken) || a.ExpiresIn < 1 ||
		a.ExpiresIn > maxExpiresIn {
		return nil, r.BadAnswer("a token is missing, or a length or lifetime is out of bounds")
	}
	t := &Token{
		AccessToken: a.AccessToken, RefreshToken: a.RefreshToken, OpenID: string(a.OpenID),
		UnionID:  string(a.UnionID),
		Expiry:   time.Now().Add(time.Duration(a.ExpiresIn) * time.Second),
		Snapshot: a.Snapshot != 0,
	}
	if a.Scope != "" {
		t.Scope = highest(a.Scope)
	}
	return t, nil
}

const (
	maxExpiresIn = 30 * 24 * 3600 // seconds
	maxToken     = 512            // bytes; WeChat's manual says to reserve that much
)

func plausibleToken(s string) bool { return s != "" && len(s) <= maxToken }

type userAnswer struct {
	OpenID     subject.ID `json:"openid"`
	UnionID    subject.ID `json:"unionid"`
	Nickname   string     `json:"nickname"`
	Sex        core.Int   `json:"sex"`
	Province   string     `json:"province"`
	City       string     `json:"city"`
	Country    string     `json:"country"`
	HeadImgURL string     `json:"headimgurl"`
	Language   string     `json:"language"`
	Privilege  []string   `json:"privilege"`
}

// UserInfo fetches a user's profile with the user's own access token, which must have been granted
// [ScopeUserInfo] or [ScopeLogin]. lang is zh_CN (also if empty), zh_TW or en. Scope, Snapshot and
// LoginAt of the result are not set. Control characters in texts become spaces.
//
// Errors: [core.ErrAccessToken], [core.ErrUnauthorizedAPI] for a base token, [ErrIdentity] if
// WeChat answers for another user; [core.WireError].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (c *Client) UserInfo(
	ctx context.Context, accessToken, openID, lang string,
) (*core.User, error) {
	r := core.Get("/sns/userinfo", url.Values{
		"access_token": {accessToken}, "openid": {openID}, "lang": {cmp.Or(lang, "zh_CN")},
	})
	r.NoToken = true
	a, err := core.Call[userAnswer](ctx, c.api, r)
	if err != nil {
		return nil, err
	}
	if string(a.OpenID) != openID || !a.OpenID.Valid() || (a.UnionID != "" && !a.UnionID.Valid()) {
		return nil, ErrIdentity
	}
	oneline.All(a)
	return &core.User{
		AppID: c.api.AppID(), OpenID: openID, UnionID: string(a.UnionID), Nickname: a.Nickname,
		HeadImgURL: a.HeadImgURL, Country: a.Country, Province: a.Province, City: a.City,
		Language: a.Language, Sex: int(a.Sex), Privilege: a.Privilege,
	}, nil
}

// Validate asks WeChat whether a user's access token is still good for openID; nil means yes.
//
// Errors: [core.ErrAccessToken] and [core.ErrInvalidOpenID] mean no; [core.WireError] means that
// WeChat did not answer.
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (c *Client) Validate(ctx context.Context, accessToken, openID string) error {
	r := core.Get("/sns/auth", url.Values{"access_token": {accessToken}, "openid": {openID}})
	r.NoToken = true
	_, err := core.Call[struct{}](ctx, c.api, r)
	return err
}
