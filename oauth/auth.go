package oauth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/internal/logs"
)

// Auth is the login of one official account. Make it with [New]; it is safe for concurrent use.
type Auth struct {
	cfg   Config
	look  look              // of the pages that this package shows
	files map[string]string // which WeChat asks for, by path
	site
	clients
	*reporter

	attempts *attempts
	outcomes *outcomes
	sessions *keeper
	logins   *logins
	grants   *grants
	desk     *desk // nil if cfg.Desk is nil
	openings *openings
	handover []securecookie.Codec // seals the tickets of handovers
	csrf     *http.CrossOriginProtection
}

// New checks cfg and reports all its faults at once. It does not call WeChat.
func New(cfg Config) (*Auth, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	var faults [7]error
	a := &Auth{
		files: cfg.files(), site: newSite(cfg), look: look{cfg.Brand, cfg.PublicURL},
		csrf: http.NewCrossOriginProtection(), openings: &openings{},
	}
	a.clients, faults[0] = newClients(cfg)
	// Only now: the clients have added their accounts to it by themselves.
	cfg.Logger = logs.Of(cfg.Logger, cfg.AppID)
	a.cfg, a.reporter = cfg, newReporter(cfg, a.site)
	a.attempts, faults[1] = newAttempts(cfg)
	a.sessions, faults[2] = newKeeper(cfg)
	a.outcomes, faults[3] = newOutcomes(cfg, a.sessions.store)
	if cfg.Desk != nil {
		a.desk, faults[4] = newDesk(cfg, a.outcomes.store)
	}
	faults[5] = a.csrf.AddTrustedOrigin(a.origin)
	a.handover, faults[6] = cfg.codecs("handover " + cfg.Name)
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
		refreshes: pauses{known: map[sessionID]pause{}},
	}
	a.cfg.Secret, a.cfg.Keys = "", nil // not needed any more, and fmt might print them
	if cfg.AnyBrowser && a.client.openURL == defaultOpenURL {
		cfg.Logger.Warn("wxoauth: AnyBrowser sends every browser to the real WeChat, " +
			"which only its own can log in at: leave it to tests and the simulator")
	}
	kind := "cookies"
	if cfg.Store != nil {
		kind = fmt.Sprintf("%T", cfg.Store)
	}
	cfg.Logger.Info("wxoauth: ready", "public_url", cfg.PublicURL, "sessions", kind)
	return a, nil
}
