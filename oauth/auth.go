package oauth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/logs"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// Auth is the login of one official account. Make it with [New]; it is safe for concurrent use.
type Auth struct {
	cfg   Config
	look  look              // of our pages
	files map[string]string // that WeChat asks for, by path
	site
	clients
	*reporter

	attempts attempts
	outcomes *outcomes
	sessions *keeper
	logins   *logins
	grants   *grants
	desk     *desk                // nil without cfg.Desk
	handover []securecookie.Codec // the seal of its tickets
	csrf     *http.CrossOriginProtection
}

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	var faults [7]error
	a := &Auth{files: cfg.files(), site: newSite(cfg), look: look{cfg.Brand, cfg.PublicURL}, csrf: http.NewCrossOriginProtection()}
	a.clients, faults[0] = newClients(cfg)
	cfg.Logger = logs.Of(cfg.Logger, cfg.AppID) // the clients name their own account
	if cfg.AnyBrowser && (cfg.OpenURL == "" || strings.TrimRight(cfg.OpenURL, "/") == defaultOpenURL) {
		cfg.Logger.Warn("wxoauth: AnyBrowser sends every browser to the real WeChat, which only its own can log in at: leave it to tests and the simulator")
	}
	a.cfg, a.reporter = cfg, newReporter(cfg, a.site)
	a.attempts, faults[1] = newAttempts(cfg)
	a.sessions, faults[2] = newKeeper(cfg)
	a.outcomes, faults[3] = newOutcomes(cfg, a.sessions.store)
	if cfg.Desk != nil {
		a.desk, faults[4] = newDesk(cfg, a.outcomes.store)
	}
	faults[5] = a.csrf.AddTrustedOrigin(a.origin)
	a.handover, faults[6] = cfg.codecs("handover")
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	a.logins = &logins{
		clients: a.clients, sessions: a.sessions, outcomes: a.outcomes, report: a.reporter,
		lang: cfg.Lang, allowSnapshot: cfg.AllowSnapshot, onLogin: cfg.OnLogin,
	}
	a.grants = &grants{
		clients: a.clients, sessions: a.sessions, outcomes: a.outcomes, report: a.reporter,
		lang: cfg.Lang, profileMaxAge: cfg.ProfileMaxAge,
	}
	kind := "cookies"
	if cfg.Store != nil {
		kind = fmt.Sprintf("%T", cfg.Store)
	}
	cfg.Logger.Info("wxoauth: ready", "public_url", cfg.PublicURL, "sessions", kind)
	return a, nil
}

// clients are the accounts that users log in with.
type clients struct {
	client  *Client // of the official account
	website *Client // nil without Config.Website
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

// of returns the account that a session was made with.
func (c clients) of(rec *record) *Client {
	if c.website != nil && c.website.api.AppID() == rec.user.AppID {
		return c.website
	}
	return c.client
}

// granting returns the account that asks for scope; nil: it is not configured, or no longer.
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

// cookieName returns a name of ours for the cookies of one account and program, and whether they
// carry Secure: both follow PublicURL, as browsers see it, and no header of a request.
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

// derive returns one key per key of cfg, for one purpose and account.
func (cfg *Config) derive(purpose string) ([][]byte, error) {
	keys := make([][]byte, len(cfg.Keys))
	for i, key := range cfg.Keys {
		var err error
		if keys[i], err = hkdf.Key(sha256.New, key, nil, "wxoauth "+purpose+" "+cfg.AppID, sha256.Size); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// codecs returns the seal for one purpose and account.
func (cfg *Config) codecs(purpose string) ([]securecookie.Codec, error) {
	return sessionstore.NewCodecs(cfg.Keys, "wxoauth "+purpose+" "+cfg.AppID)
}
