package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

const (
	refreshTime  = 2 * time.Second // how long a page load waits for a new profile
	saveTime     = time.Second     // and then for the store
	refreshPause = time.Minute     // between two refreshes of one session by this process
	tokenMargin  = time.Minute     // an access token is renewed this long before its end
)

// grants renew what users have granted: tokens, when they are needed, and profiles, when they are
// old.
type grants struct {
	clients       clients
	sessions      *keeper
	outcomes      *outcomes
	report        *reporter
	lang          string
	profileMaxAge time.Duration
	refreshes     pauses
}

// refreshProfile fetches the profile again if it is old and no other page load does so. Otherwise,
// and if WeChat or the store cannot be reached, it returns rec. It returns false if the user has
// withdrawn the grant and has to log in again.
func (g *grants) refreshProfile(v *visit, rec *record) (*record, bool) {
	if rec.profileAt.IsZero() || v.now.Sub(rec.profileAt) <= g.profileMaxAge || !navigation(v.r) {
		return rec, true
	}
	if mine, dead := g.refreshes.begin(rec.id(), v.now); !mine {
		return rec, !dead
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), refreshTime)
	defer cancel()
	was, err := g.withTokens(v.r, rec, v.now)
	fresh := was
	if err == nil {
		fresh, err = g.freshProfile(ctx, v.r, was, v.now)
	}
	result := "ok"
	switch {
	case deadGrant(err):
		result = "revoked"
	case err != nil:
		result = "failed"
		g.report.logger.DebugContext(ctx, "wxoauth: profile not refreshed", "error", err)
	}
	g.report.observe(ctx, core.Event{
		Name: core.EventProfileRefreshed, Kind: result, Duration: time.Since(v.now),
	})
	if result == "revoked" {
		g.refreshes.died(rec.id())
		return nil, false
	}
	if fresh == was {
		return rec, true
	}
	// Tokens are saved even if fetching the profile took all the time of ctx, because WeChat may
	// have changed them.
	saving, cancelSaving := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancelSaving()
	if err := g.sessions.save(v.w, v.r.WithContext(saving), was, fresh, time.Now()); err != nil {
		g.report.logger.WarnContext(ctx, "wxoauth: a refreshed profile cannot be saved",
			"error", err)
		g.report.observe(ctx, core.Event{Name: core.EventStoreDown, Kind: "write"})
	}
	return fresh, true
}

// withTokens returns rec with its tokens. If it comes from the memo, the session has to be opened
// again.
func (g *grants) withTokens(r *http.Request, rec *record, now time.Time) (*record, error) {
	if rec.hasTokens() {
		return rec, nil
	}
	if rec.user.Via != "" {
		return rec, ErrNoToken
	}
	full, err := g.sessions.open(r, now)
	if err == nil && full == nil {
		err = ErrNoSession // the session has just been ended
	}
	if err != nil {
		return rec, err
	}
	return full, nil
}

// freshProfile returns rec with a new profile. If that fails, it may still have new tokens, and
// otherwise it is rec itself.
func (g *grants) freshProfile(
	ctx context.Context, r *http.Request, rec *record, now time.Time,
) (*record, error) {
	client, tokens := g.clients.of(rec), rec
	if !tokenLive(rec, now) {
		var err error
		if tokens, err = g.renewTokens(ctx, r, rec); err != nil {
			return rec, err
		}
	}
	user, err := client.UserInfo(ctx, tokens.accessToken, rec.user.OpenID, g.lang)
	// The token was refused before its expiry.
	if errors.Is(err, core.ErrAccessToken) && tokens == rec {
		if tokens, err = g.renewTokens(ctx, r, rec); err != nil {
			return rec, err
		}
		user, err = client.UserInfo(ctx, tokens.accessToken, rec.user.OpenID, g.lang)
	}
	if err != nil {
		return tokens, err
	}
	fresh := *tokens
	fresh.user, fresh.profileAt = withProfile(tokens.user, user), now.Truncate(time.Second)
	return &fresh, nil
}

// withProfile returns u with the data of profile. Fields that a profile does not have are kept,
// and also the UnionID if it is missing.
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

// renewTokens returns rec with new tokens. WeChat may change the refresh token when it is used, so
// only one of the requests that have the same one uses it, at all replicas if they share outcomes.
// A later request finds the new tokens in the session.
func (g *grants) renewTokens(ctx context.Context, r *http.Request, rec *record) (*record, error) {
	fresh, err := g.useRefreshToken(ctx, rec)
	if !deadGrant(err) {
		return fresh, err
	}
	now := time.Now()
	current, openErr := g.sessions.open(r.WithContext(ctx), now)
	switch {
	case openErr != nil || current == nil || current.refreshToken == rec.refreshToken:
		return nil, err
	case tokenLive(current, now):
		return current, nil
	default:
		return g.useRefreshToken(ctx, current)
	}
}

// A renewal is the outcome of using a refresh token.
type renewal struct {
	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	UnionID      string    `json:"unionid,omitempty"`
	Expiry       time.Time `json:"expiry"`
	// WeChat's code, if the refresh token does not work any more.
	Dead    core.Code `json:"dead,omitempty"`
	Message string    `json:"message,omitempty"`
}

const (
	// How long a request with the old refresh token gets the same new tokens.
	renewalTime = 10 * time.Minute
	maxRenewals = 1000 // requests of one session that may wait for a renewal in a process
)

// useRefreshToken exchanges the refresh token for new tokens, once. If WeChat refuses it for good,
// that is kept as well, so that WeChat is not asked again.
func (g *grants) useRefreshToken(ctx context.Context, rec *record) (*record, error) {
	client := g.clients.of(rec)
	once := task{
		key: outcomeKey("refresh ", rec.refreshToken), maxWaiters: maxRenewals, keep: renewalTime,
	}
	data, err := g.outcomes.once(ctx, once, func(ctx context.Context) ([]byte, error) {
		token, err := client.Refresh(ctx, rec.refreshToken)
		if refusal, ok := errors.AsType[*core.Error](err); ok && deadGrant(err) {
			//nolint:gosec // contains no token
			return json.Marshal(renewal{Dead: refusal.Code, Message: refusal.Message})
		}
		if err != nil {
			return nil, err
		}
		if token.OpenID != rec.user.OpenID {
			return nil, ErrIdentity
		}
		//nolint:gosec // once seals it
		return json.Marshal(renewal{
			AccessToken: token.AccessToken, RefreshToken: token.RefreshToken,
			UnionID: token.UnionID, Expiry: token.Expiry,
		})
	})
	if err != nil {
		return nil, err
	}
	var got renewal
	if err := json.Unmarshal(data, &got); err != nil {
		return nil, err
	}
	if got.Dead != 0 {
		return nil, &core.Error{Op: refreshOp, Code: got.Dead, Message: got.Message}
	}
	fresh, user := *rec, *rec.user
	user.UnionID = cmp.Or(got.UnionID, user.UnionID)
	fresh.user, fresh.accessToken, fresh.expiry, fresh.refreshToken = &user, got.AccessToken,
		got.Expiry, got.RefreshToken
	return &fresh, nil
}

var (
	// ErrNoSession is returned by [Auth.AccessToken] when nobody is signed in.
	ErrNoSession = errors.New("oauth: nobody is signed in")

	// ErrNoToken is returned by [Auth.AccessToken] for a session that did not begin with a login
	// in this browser, and so has no token: its user's Via is "desk" or "handover".
	ErrNoToken = errors.New("oauth: the session has no access token")
)

// AccessToken returns an access token of the signed-in user that works, for calls to WeChat in the
// user's name. It may refresh the token and set a cookie, so call it before you write the answer.
//
// Errors: [ErrNoSession]; [ErrNoToken]; [core.ErrInvalidRefresh], [core.ErrRefreshExpired] or
// [core.ErrGrantRevoked] if the user has to log in again; [core.WireError]; those of the store.
func (a *Auth) AccessToken(w http.ResponseWriter, r *http.Request) (string, error) {
	now := time.Now()
	adm := a.admission(r.Context())
	if adm == nil { // no middleware has read the session
		rec, err := a.sessions.load(r, now)
		if err != nil {
			return "", err
		}
		if rec == nil {
			return "", ErrNoSession
		}
		adm = &admission{record: rec}
	}
	adm.mu.Lock() // a second call waits and gets the token that the first one has fetched
	defer adm.mu.Unlock()
	rec, err := a.grants.withTokens(r, adm.record, now)
	if err != nil {
		return "", err
	}
	if !tokenLive(rec, now) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTime)
		defer cancel()
		was := rec
		if rec, err = a.grants.renewTokens(ctx, r, was); err != nil {
			return "", err
		}
		if err := a.sessions.save(w, r.WithContext(ctx), was, rec, time.Now()); err != nil {
			return "", err
		}
	}
	adm.record = rec
	return rec.accessToken, nil
}

// pauses are the sessions that were refreshed lately, so that one page load refreshes while the
// others pass with the old profile. They also contain the sessions that have to log in again.
type pauses struct {
	mu    sync.Mutex
	known map[sessionID]pause
}

type pause struct {
	until time.Time
	dead  bool
}

const maxPauses = 10_000 // in about 1 MB; if there are more, profiles are refreshed later

// begin adds a session and returns mine as true, unless the session is there already. dead reports
// whether died was called for it.
func (p *pauses) begin(id sessionID, now time.Time) (mine, dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := p.known[id]; now.Before(last.until) {
		return false, last.dead
	}
	if len(p.known) >= maxPauses {
		for other, last := range p.known {
			if !now.Before(last.until) {
				delete(p.known, other)
			}
		}
		if len(p.known) >= maxPauses {
			return false, false
		}
	}
	p.known[id] = pause{until: now.Add(refreshPause)}
	return true, false
}

// died notes that the user of a session has to log in again.
func (p *pauses) died(id sessionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[id] = pause{p.known[id].until, true}
}
