package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

const (
	refreshTime  = 2 * time.Second // a page load waits no longer for a new profile
	saveTime     = time.Second     // and then no longer for the store
	refreshPause = time.Minute     // between two refreshes of one session by this process
	tokenMargin  = time.Minute     // an access token this near its end is renewed first
)

// refreshProfile fetches the profile again if it is old and this page load is the one to do it. It
// returns rec itself if that is not so, or if WeChat or the store is away. false: the grant is
// dead, and the user has to log in again.
func (a *Auth) refreshProfile(v *visit, rec *record) (*record, bool) {
	if rec.profileAt.IsZero() || v.now.Sub(rec.profileAt) <= a.cfg.ProfileMaxAge || !navigation(v.r) ||
		!a.refreshes.begin(refreshKey(rec), v.now) {
		return rec, true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), refreshTime)
	defer cancel()
	rec, err := a.withTokens(v.r, rec, v.now)
	fresh := rec
	if err == nil {
		fresh, err = a.freshProfile(ctx, rec, v.now)
	}
	result := "ok"
	switch {
	case deadGrant(err):
		result = "revoked"
	case err != nil:
		result = "failed"
		a.cfg.Logger.DebugContext(ctx, "wxoauth: profile not refreshed", "error", err)
	}
	a.observe(ctx, core.Event{Name: core.EventProfileRefreshed, Kind: result, Duration: time.Since(v.now)})
	if result == "revoked" {
		a.refreshes.end(refreshKey(rec)) // the next page load is told the same
		return nil, false
	}
	if fresh == rec {
		return rec, true
	}
	// Tokens are saved even where the profile could not be fetched, and took all of ctx's time:
	// WeChat may have changed them.
	saving, cancelSaving := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancelSaving()
	if err := a.sessions.save(v.w, v.r.WithContext(saving), fresh, time.Now()); err != nil {
		a.cfg.Logger.WarnContext(ctx, "wxoauth: a refreshed profile cannot be saved", "error", err)
		a.observe(ctx, core.Event{Name: core.EventStoreDown, Kind: "write"})
	}
	return fresh, true
}

func refreshKey(rec *record) string {
	return rec.user.AppID + " " + rec.user.OpenID + " " + strconv.FormatInt(rec.user.LoginAt.Unix(), 36)
}

// withTokens returns rec complete; a remembered one has to be opened again.
func (a *Auth) withTokens(r *http.Request, rec *record, now time.Time) (*record, error) {
	if rec.hasTokens() {
		return rec, nil
	}
	if rec.user.Via != "" {
		return rec, ErrNoToken
	}
	full, err := a.sessions.open(r, now)
	if err == nil && full == nil {
		err = ErrNoSession // it ended this very moment
	}
	if err != nil {
		return rec, err
	}
	return full, nil
}

// freshProfile returns as much of a fresh record as could be had, and rec itself if nothing could.
func (a *Auth) freshProfile(ctx context.Context, rec *record, now time.Time) (*record, error) {
	client, tokens, renewed := a.clientOf(rec), rec, false
	if !tokenLive(rec, now) {
		var err error
		if tokens, err = a.renewTokens(ctx, rec); err != nil {
			return rec, err
		}
		renewed = true
	}
	user, err := client.UserInfo(ctx, tokens.accessToken, rec.user.OpenID, a.cfg.Lang)
	if errors.Is(err, core.ErrAccessToken) && !renewed {
		if tokens, err = a.renewTokens(ctx, rec); err != nil {
			return rec, err
		}
		user, err = client.UserInfo(ctx, tokens.accessToken, rec.user.OpenID, a.cfg.Lang)
	}
	if err != nil {
		return tokens, err
	}
	fresh := *tokens
	fresh.user, fresh.profileAt = withProfile(rec.user, user), now.Truncate(time.Second)
	return &fresh, nil
}

// withProfile returns u as the profile describes it now. All that a profile does not tell stays, and
// a UnionID that it leaves out.
func withProfile(u, profile *core.User) *core.User {
	fresh := *profile
	fresh.UnionID = cmp.Or(profile.UnionID, u.UnionID)
	fresh.Scope, fresh.Snapshot, fresh.Via, fresh.MemberID = u.Scope, u.Snapshot, u.Via, u.MemberID
	fresh.LoginAt, fresh.CheckedAt = u.LoginAt, u.CheckedAt
	return &fresh
}

func tokenLive(rec *record, now time.Time) bool {
	return rec.accessToken != "" && rec.expiry.Sub(now) > tokenMargin
}

// renewTokens gives the refresh token for new tokens.
func (a *Auth) renewTokens(ctx context.Context, rec *record) (*record, error) {
	token, err := a.clientOf(rec).Refresh(ctx, rec.refreshToken)
	if err != nil {
		return nil, err
	}
	if token.OpenID != rec.user.OpenID {
		return nil, ErrIdentity
	}
	fresh := *rec
	fresh.accessToken, fresh.expiry, fresh.refreshToken = token.AccessToken, token.Expiry, token.RefreshToken
	return &fresh, nil
}

var (
	// ErrNoSession is returned by [Auth.AccessToken] when nobody is signed in.
	ErrNoSession = errors.New("oauth: nobody is signed in")

	// ErrNoToken is returned by [Auth.AccessToken] for a session that WeChat gave this browser no
	// token for: its user's Via is "desk" or "handover".
	ErrNoToken = errors.New("oauth: the session has no access token")
)

// AccessToken returns a live access token of the signed-in user, to call WeChat with in the
// user's name. It may refresh the token and set a cookie, so call it before you write the answer.
//
// Errors: [ErrNoSession]; [ErrNoToken]; a dead grant is [core.ErrInvalidRefresh], [core.ErrRefreshExpired] or
// [core.ErrGrantRevoked]; [core.WireError]; the store's own.
func (a *Auth) AccessToken(w http.ResponseWriter, r *http.Request) (string, error) {
	now := time.Now()
	adm := a.admission(r.Context())
	if adm == nil { // a request that no middleware has seen
		rec, err := a.sessions.load(r, now)
		if err != nil {
			return "", err
		}
		if rec == nil {
			return "", ErrNoSession
		}
		adm = &admission{record: rec}
	}
	adm.mu.Lock() // a second call waits, and finds the token that the first one fetched
	defer adm.mu.Unlock()
	rec, err := a.withTokens(r, adm.record, now)
	if err != nil {
		return "", err
	}
	if !tokenLive(rec, now) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTime)
		defer cancel()
		if rec, err = a.renewTokens(ctx, rec); err != nil {
			return "", err
		}
		if err := a.sessions.save(w, r.WithContext(ctx), rec, time.Now()); err != nil {
			return "", err
		}
	}
	adm.record = rec
	return rec.accessToken, nil
}

// pauses remembers which sessions were refreshed a moment ago, so that one page load refreshes
// while the others pass with the old profile.
type pauses struct {
	mu    sync.Mutex
	until map[string]time.Time
}

const maxPauses = 10_000 // about 1 MB; beyond it profiles stay old a little longer

// begin reports whether key is not paused, and pauses it.
func (p *pauses) begin(key string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until[key]) {
		return false
	}
	if len(p.until) >= maxPauses {
		for k, until := range p.until {
			if !now.Before(until) {
				delete(p.until, k)
			}
		}
		if len(p.until) >= maxPauses {
			return false
		}
	}
	if p.until == nil {
		p.until = map[string]time.Time{}
	}
	p.until[key] = now.Add(refreshPause)
	return true
}

func (p *pauses) end(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.until, key)
}
