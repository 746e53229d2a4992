package oauth

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/logs"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// Auth is the login of one official account. Make it with [New]; it is safe for concurrent use.
type Auth struct {
	cfg       Config
	look      look    // of our pages
	origin    string  // PublicURL without its path
	prefix    string  // the path of PublicURL, which a proxy takes away; mostly empty
	loginPath string  // escaped, as it arrives here
	client    *Client // of the official account
	website   *Client // nil without cfg.Website
	attempts  attempts
	outcomes  *outcomes
	desk      *desk // nil without cfg.Desk
	sessions  *keeper
	handover  []securecookie.Codec // the seal of its tickets
	csrf      *http.CrossOriginProtection
	refreshes pauses

	files       map[string]string // that WeChat asks for, by path
	loginServed atomic.Bool       // something answers LoginPath, as far as is known
	unserved    sync.Once         // nothing does, and the log says so
	storeDown   logs.Sample
	cookiesLost logs.Sample
}

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	var faults [8]error
	a := &Auth{files: cfg.files(), storeDown: logs.Sample{Every: time.Minute}, cookiesLost: logs.Sample{Every: time.Minute}}
	a.client, faults[0] = cfg.newClient(cfg.AppID, cfg.Secret)
	if cfg.Website != nil {
		a.website, faults[1] = cfg.newClient(cfg.Website.AppID, cfg.Website.Secret)
	}
	cfg.Logger = logs.Of(cfg.Logger, cfg.AppID) // the clients name their own account
	if cfg.AnyBrowser && (cfg.OpenURL == "" || strings.TrimRight(cfg.OpenURL, "/") == defaultOpenURL) {
		cfg.Logger.Warn("wxoauth: AnyBrowser sends every browser to the real WeChat, which only its own can log in at: leave it to tests and the simulator")
	}
	a.cfg, a.look, a.csrf = cfg, look{cfg.Brand, cfg.PublicURL}, http.NewCrossOriginProtection()
	a.origin = originOf(cfg.PublicURL)
	a.prefix = strings.TrimPrefix(cfg.PublicURL, a.origin)
	a.loginPath = (&url.URL{Path: cfg.LoginPath}).EscapedPath()
	a.attempts, faults[2] = newAttempts(cfg)
	a.sessions, faults[3] = newKeeper(cfg)
	a.outcomes, faults[4] = newOutcomes(cfg, a.sessions.store)
	if cfg.Desk != nil {
		a.desk, faults[5] = newDesk(cfg, a.outcomes.store)
	}
	faults[6] = a.csrf.AddTrustedOrigin(a.origin)
	a.handover, faults[7] = cfg.codecs("handover")
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	kind := "cookies"
	if cfg.Store != nil {
		kind = fmt.Sprintf("%T", cfg.Store)
	}
	cfg.Logger.Info("wxoauth: ready", "public_url", cfg.PublicURL, "sessions", kind)
	return a, nil
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

// clientOf returns the account that a session was made with.
func (a *Auth) clientOf(rec *record) *Client {
	if a.website != nil && rec.user.AppID == a.cfg.Website.AppID {
		return a.website
	}
	return a.client
}

func (a *Auth) observe(ctx context.Context, e core.Event) {
	if a.cfg.Observer != nil {
		a.cfg.Observer.Observe(ctx, e)
	}
}
