package oauth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// clients are the accounts that users log in with.
type clients struct {
	client  *Client // of the official account
	website *Client // nil if Config.Website is nil
}

func newClients(cfg Config) (c clients, err error) {
	c.client, err = cfg.newClient(cfg.AppID, cfg.Secret)
	if cfg.Website != nil {
		var fault error
		c.website, fault = cfg.newClient(cfg.Website.AppID, cfg.Website.Secret)
		err = errors.Join(err, fault)
	}
	return c, err
}

// of returns the account with which a session was made.
func (c clients) of(rec *record) *Client {
	if c.website != nil && c.website.api.AppID() == rec.user.AppID {
		return c.website
	}
	return c.client
}

// granting returns the account that asks for scope, or nil if it is not configured, or no longer.
func (c clients) granting(scope Scope) *Client {
	if scope == ScopeLogin {
		return c.website
	}
	return c.client
}

func (cfg *Config) newClient(appID string, secret core.Secret) (*Client, error) {
	return NewClient(ClientConfig{
		AppID: appID, Secret: secret, APIURL: cfg.APIURL, OpenURL: cfg.OpenURL,
		HTTPClient: cfg.HTTPClient, Observer: cfg.Observer, Logger: cfg.Logger,
	})
}

// cookieName returns the name of a cookie of one account and program, and whether it must be
// Secure. Both follow from PublicURL and not from the headers of a request, which a client can
// choose.
func (cfg *Config) cookieName(kind string) (name string, secure bool) {
	sum := sha256.Sum256([]byte(cfg.AppID))
	name = kind + "-" + hex.EncodeToString(sum[:3])
	if cfg.Name != "" {
		name += "-" + cfg.Name
	}
	if secure = strings.HasPrefix(cfg.PublicURL, "https:"); secure {
		name = "__Host-" + name
	}
	return name, secure
}

// newCookie returns a cookie of this package; secure is that of cookieName.
func newCookie(name, value string, secure bool, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows PublicURL
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// derive returns one key per key of cfg, for one purpose and account.
func (cfg *Config) derive(purpose string) ([][]byte, error) {
	keys := make([][]byte, len(cfg.Keys))
	for i, key := range cfg.Keys {
		var err error
		info := "wxoauth " + purpose + " " + cfg.AppID
		if keys[i], err = hkdf.Key(sha256.New, key, nil, info, sha256.Size); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// codecs returns the codecs that seal for one purpose and account.
func (cfg *Config) codecs(purpose string) ([]securecookie.Codec, error) {
	return sessionstore.NewCodecs(cfg.Keys, "wxoauth "+purpose+" "+cfg.AppID)
}
