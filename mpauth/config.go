package mpauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/logs"
	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// Config describes the login of a mini program. AppID, Secret and Keys are required; every other
// zero field is a safe default.
type Config struct {
	AppID  string      // of the mini program
	Secret core.Secret // its AppSecret

	// Random, 32 bytes or more each: the first seals, all open. The same on every replica, and
	// needed with a Store, too.
	Keys [][]byte
	// Default sessionstore.NewCookie(Keys...): the sealed token is the session. A server-side
	// store makes a logout final.
	Store sessions.Store

	MaxAge time.Duration // a session's life from its login, never extended; default 30 days

	// OnLogin is called once per login, before its session is saved: find or make your user here.
	// An error refuses the login with a 403; its text is only logged. ctx lives 8 seconds at most
	// and survives a client that hangs up. The body of r was read.
	OnLogin func(ctx context.Context, r *http.Request, s *Session) error

	// TrustCloudHeaders lets WeChat's cloud hosting say who the user is, in its X-WX headers, where
	// a request has no token. Anybody can forge them: set it only where every request comes through
	// WeChat's gateway.
	TrustCloudHeaders bool

	APIURL     string        // default https://api.weixin.qq.com
	HTTPClient *http.Client  // default: see core.ClientConfig
	Observer   core.Observer // default: none
	Logger     *slog.Logger  // default slog.Default(); ordinary traffic writes nothing above Debug
}

const defaultMaxAge = 30 * 24 * time.Hour

// Format writes no more than the AppID, under every verb: Keys are bytes and would print as such.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "mpauth.Config of ", cfg.AppID)
}

func (cfg Config) check() error {
	wrong := faults.In("mpauth: Config.")
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	wrong.Keys("Keys", cfg.Keys)
	wrong.If(stores.Readable(cfg.Store), "Store", "shows its sessions in clear: give sessions.NewCookieStore a block key, or leave Store empty")
	wrong.Duration("MaxAge", cfg.MaxAge, time.Second)
	wrong.URL("APIURL", cfg.APIURL)
	return wrong.Err()
}

// Auth is the login of one mini program. Make it with [New]; it is safe for concurrent use.
type Auth struct {
	appID      string
	client     *Client
	tokens     *tokens
	refusals   *refusals
	onLogin    func(ctx context.Context, r *http.Request, s *Session) error
	trustCloud bool
	observer   core.Observer
	logger     *slog.Logger
	storeDown  logs.Sample
}

// Format writes no more than the AppID, under every verb.
func (a *Auth) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "mpauth.Auth of ", a.appID) }

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	wechat, err := core.NewClient(core.ClientConfig{
		AppID: cfg.AppID, Secret: cfg.Secret, APIURL: cfg.APIURL,
		HTTPClient: cfg.HTTPClient, Observer: cfg.Observer, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	tokens, err := newTokens(cfg)
	if err != nil {
		return nil, err
	}
	a := &Auth{
		appID: cfg.AppID, client: NewClient(wechat), tokens: tokens, refusals: newRefusals(),
		onLogin: cfg.OnLogin, trustCloud: cfg.TrustCloudHeaders, observer: cfg.Observer, logger: logs.Of(cfg.Logger, cfg.AppID),
		storeDown: logs.Sample{Every: time.Minute},
	}
	return a, nil
}

// For a while after its end a session is still kept, so that its client hears session_expired
// rather than what a forged token hears. In a sealed token that costs nothing.
const (
	sealedAfterwards = 365 * 24 * time.Hour
	storedAfterwards = 24 * time.Hour // and no longer than the session itself lived
)

func newTokens(cfg Config) (*tokens, error) {
	digest := sha256.Sum256([]byte(cfg.AppID))
	t := &tokens{
		store: cfg.Store,
		name:  "wx-mini-" + hex.EncodeToString(digest[:3]),
		appID: cfg.AppID,
		life:  cfg.MaxAge,
	}
	if t.life == 0 {
		t.life = defaultMaxAge
	}
	var err error
	afterwards := sealedAfterwards
	if cfg.Store == nil {
		t.store, err = sessionstore.NewCookie(cfg.Keys...)
	} else {
		afterwards = min(t.life, storedAfterwards)
		// Whatever the store shows to clients or operators, the session_key is not in it.
		t.codec, err = sessionstore.NewCodecs(cfg.Keys, "wxoauth mini "+cfg.AppID)
	}
	t.keep = max(t.life, t.life+afterwards) // the sum of absurd lives overflows
	return t, err
}
