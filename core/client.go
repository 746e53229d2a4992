package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ClientConfig describes one WeChat account. AppID and Secret are required.
type ClientConfig struct {
	AppID      string       // of the official account, website app or mini program
	Secret     Secret       // its AppSecret
	APIURL     string       // default https://api.weixin.qq.com
	HTTPClient *http.Client // default: an own pooled client that honours the proxy environment. A given one is copied: redirects are never followed, Timeout can only shorten ours
	Cache      Cache        // of the app access token; default: in memory; rediscache for a fleet. Unused where Tokens are given
	Tokens     TokenSource  // default: StableTokens through Cache
	Observer   Observer     // default: none
	Logger     *slog.Logger // default slog.Default(); ordinary traffic writes nothing above Debug
}

// A Client calls the APIs of one WeChat account. Make it with [NewClient]; it is immutable and safe
// for concurrent use.
type Client struct {
	unprintable
	appID    string
	secret   Secret
	upstream *upstream
	tokens   TokenSource
}

// NewClient checks cfg and reports all its faults at once. It does not call WeChat.
func NewClient(cfg ClientConfig) (*Client, error) {
	up, err := newUpstream(cfg)
	if err != nil {
		return nil, err
	}
	tokens := cfg.Tokens
	if tokens == nil {
		tokens = newTokens(cfg, up, stable)
	}
	return &Client{appID: cfg.AppID, secret: cfg.Secret, upstream: up, tokens: tokens}, nil
}

// AppID returns the account's AppID.
func (c *Client) AppID() string { return c.appID }

// Secret returns the account's AppSecret, for the calls that send it.
func (c *Client) Secret() Secret { return c.secret }

// AccessToken returns the app access token, fetching one only when needed. expiry is zero where
// the [TokenSource] does not know it. Errors are those of the TokenSource: see [StableTokens].
func (c *Client) AccessToken(ctx context.Context) (token string, expiry time.Time, err error) {
	if t, ok := c.tokens.(*tokens); ok {
		return t.token(ctx)
	}
	token, err = c.tokens.Token(ctx)
	return token, time.Time{}, err
}

// check joins all faults of cfg. Each names its field, none shows a value.
func (cfg ClientConfig) check() error {
	var faults []error
	if cfg.AppID == "" {
		faults = append(faults, errors.New("AppID is missing"))
	}
	if cfg.Secret == "" {
		faults = append(faults, errors.New("Secret is missing"))
	}
	if cfg.APIURL != "" {
		faults = append(faults, CheckURL("APIURL", cfg.APIURL))
	}
	return errors.Join(faults...)
}

// CheckURL reports whether raw is an absolute http or https URL without user, query or fragment.
// The error names field and never shows the value.
func CheckURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || strings.ContainsAny(raw, "?#") {
		return fmt.Errorf("%s is no http(s) URL", field)
	}
	return nil
}

func newUpstream(cfg ClientConfig) (*upstream, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	up := &upstream{
		base:     "https://api.weixin.qq.com",
		client:   http.Client{Transport: newTransport()},
		observer: cfg.Observer,
		logger:   cfg.Logger,
		limits:   map[string]*limit{},
	}
	if cfg.APIURL != "" {
		up.base = strings.TrimRight(cfg.APIURL, "/")
	}
	if cfg.HTTPClient != nil {
		up.client = *cfg.HTTPClient
		up.maxTime = up.client.Timeout
		up.client.Timeout = 0 // kept per call instead, where it also covers waiting
	}
	up.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if up.logger == nil {
		up.logger = slog.Default()
	}
	return up, nil
}
