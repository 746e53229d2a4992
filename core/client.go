package core

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/logs"
)

const defaultAPIURL = "https://api.weixin.qq.com"

// ClientConfig describes one WeChat account. AppID and Secret are required.
type ClientConfig struct {
	AppID  string // of the official account, website app or mini program
	Secret Secret // its AppSecret
	APIURL string // default https://api.weixin.qq.com
	// HTTPClient makes the calls. The default has connections of its own and uses the proxy of the
	// environment. A given one is copied: the copy follows no redirects, and its Timeout can only
	// shorten the limits of a call.
	HTTPClient *http.Client
	// Cache keeps the app access token, by default in memory. Several processes share a
	// rediscache. It is not used if Tokens is set.
	Cache    Cache
	Tokens   TokenSource  // default: StableTokens through Cache
	Observer Observer     // default: none
	Logger   *slog.Logger // default slog.Default(); ordinary traffic writes nothing above Debug
}

// A Client calls the APIs of one WeChat account. Make it with [NewClient]; it is immutable and safe
// for concurrent use.
type Client struct {
	unprintable
	appID string
	// Behind a pointer: of a Client in a field of another struct, fmt may print the fields without
	// calling Format, but does not follow their pointers.
	secret   *Secret
	upstream *upstream
	tokens   TokenSource
}

// NewClient checks cfg and reports all its faults at once. It does not call WeChat. It logs a
// warning about an AppID or a Secret of an unusual form.
func NewClient(cfg ClientConfig) (*Client, error) {
	up, err := newUpstream(cfg)
	if err != nil {
		return nil, err
	}
	cfg.warn(up)
	c := &Client{appID: cfg.AppID, secret: &cfg.Secret, upstream: up, tokens: cfg.Tokens}
	if c.tokens == nil {
		c.tokens = newTokens(cfg, up, stable)
	}
	return c, nil
}

// AppID returns the account's AppID.
func (c *Client) AppID() string { return c.appID }

// Secret returns the account's AppSecret, for the calls that send it.
func (c *Client) Secret() Secret { return *c.secret }

// AccessToken returns the app access token and fetches one only if needed. expiry is zero if the
// [TokenSource] does not know it. Errors are those of the TokenSource: see [StableTokens].
func (c *Client) AccessToken(ctx context.Context) (token string, expiry time.Time, err error) {
	if t, ok := c.tokens.(*tokens); ok {
		return t.token(ctx)
	}
	token, err = c.tokens.Token(ctx)
	return token, time.Time{}, err
}

// AppIDs of WeChat look like this. Another form is no fault, since WeChat promises none.
var appIDForm = regexp.MustCompile(`^wx[0-9a-f]{16}$`)

// warn logs what looks wrong about an account of the real WeChat. It does not log the value,
// because what was given as AppID may be the AppSecret.
func (cfg ClientConfig) warn(up *upstream) {
	switch appID, secret, logger := cfg.AppID, string(cfg.Secret), up.logger; {
	case up.base != defaultAPIURL: // a simulator
	case cfg.HTTPClient != nil && cfg.HTTPClient.Transport != nil: // which may lead to one
	case appIDForm.MatchString(secret) || logs.LikeSecret(appID):
		logger.Warn("wechat: AppID and Secret look swapped")
	case !appIDForm.MatchString(appID):
		logger.Warn("wechat: AppID is not of WeChat's form, wx and 16 hexadecimal digits")
	case !logs.LikeSecret(secret):
		logger.Warn("wechat: Secret is not of WeChat's form, 32 hexadecimal digits")
	}
}

// CheckURL reports whether raw is an absolute http or https URL without user, query or fragment.
// The error names field and never shows the value.
func CheckURL(field, raw string) error {
	if !faults.IsURL(raw) {
		return errors.New(field + " " + faults.NotURL)
	}
	return nil
}

func newUpstream(cfg ClientConfig) (*upstream, error) {
	wrong := faults.In("core: ClientConfig.")
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	wrong.URL("APIURL", cfg.APIURL)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	up := &upstream{
		base:     strings.TrimRight(cmp.Or(cfg.APIURL, defaultAPIURL), "/"),
		client:   http.Client{Transport: newTransport()},
		observer: cfg.Observer,
		logger:   logs.Of(cfg.Logger, cfg.AppID),
		limits:   map[string]*limit{},
	}
	if cfg.HTTPClient != nil {
		up.client = *cfg.HTTPClient
		up.maxTime = up.client.Timeout
		up.client.Timeout = 0 // do applies it to each call, with the time that the call waits
	}
	up.client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return up, nil
}
