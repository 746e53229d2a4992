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

	// Keys are random, 32 bytes or more each, and the same on every replica. The first one seals
	// tokens, and each of them opens tokens, so a new key is added at the end and moved to the
	// front later. They are needed with a Store, too.
	Keys [][]byte
	// Store keeps the sessions. By default the whole session is sealed into the token, as
	// sessionstore.NewCookie(Keys...) does it. With a store on a server, a token is worthless
	// after a logout.
	Store sessions.Store

	// MaxAge is how long a session lasts from its login; nothing extends it. The default is 30
	// days.
	MaxAge time.Duration

	// OnLogin is called once per login, before its session is saved: find or make your user here.
	// An error refuses the login with a 403; its text is only logged. ctx ends after 8 seconds at
	// most, but not when the client hangs up. The body of r has been read already.
	OnLogin func(ctx context.Context, r *http.Request, s *Session) error

	// TrustCloudHeaders takes the user of a request without a token from the X-WX headers that
	// WeChat's cloud hosting sets. Anybody can forge them, so set it only if every request comes
	// through WeChat's gateway. Such a request is no login: OnLogin is not called for it, and
	// EndSessions ends nothing, so handlers themselves have to keep out whom you have banned.
	TrustCloudHeaders bool

	APIURL     string        // default https://api.weixin.qq.com
	HTTPClient *http.Client  // default: see core.ClientConfig
	Observer   core.Observer // default: none
	Logger     *slog.Logger  // default slog.Default(); ordinary traffic writes nothing above Debug
}

const defaultMaxAge = 30 * 24 * time.Hour

// Format writes only the AppID, whatever the verb, because Keys would print as they are.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "mpauth.Config of ", cfg.AppID)
}

func (cfg Config) check() error {
	wrong := faults.In("mpauth: Config.")
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	wrong.FilledKeys("Keys", cfg.Keys)
	wrong.If(stores.Readable(cfg.Store), "Store", "shows its sessions in clear: "+
		"give sessions.NewCookieStore a block key, or leave Store empty")
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

// Format writes only the AppID, whatever the verb.
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
		onLogin: cfg.OnLogin, trustCloud: cfg.TrustCloudHeaders, observer: cfg.Observer,
		logger: logs.Of(cfg.Logger, cfg.AppID), storeDown: logs.Sample{Every: time.Minute},
	}
	return a, nil
}

// A session is kept for a while after its end, so that its client is answered session_expired and
// not login_required, as for a forged token. A sealed token takes no room on the server and may
// last longer.
const (
	sealedAfterwards = 365 * 24 * time.Hour
	storedAfterwards = 24 * time.Hour // or the life of the session, if that is shorter
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
		// The record is sealed before the store gets it: a store may show its content to
		// operators, or even to clients, and the session_key must not be in it.
		t.codec, err = sessionstore.NewCodecs(cfg.Keys, "wxoauth mini "+cfg.AppID)
	}
	t.keep = max(t.life, t.life+afterwards) // the sum overflows if MaxAge is absurdly long
	return t, err
}
