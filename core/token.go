package core

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// A TokenSource provides the app access token. Its methods are called concurrently.
type TokenSource interface {
	// Token returns a token that is good as far as is known.
	Token(ctx context.Context) (string, error)
	// Refused is told that WeChat refused this token. The call is repeated only if Token then
	// returns another one.
	Refused(ctx context.Context, token string)
}

// StaticToken returns a source with one token that is never renewed, for programs that get theirs
// from elsewhere and restart, or make a new [Client], when it changes.
func StaticToken(token string) TokenSource {
	return TokenFunc(func(context.Context) (string, error) { return token, nil })
}

// TokenFunc returns a source that calls f for each token, for programs with a cache of their own
// or a central service that owns the token. f must not be nil, must be quick, and must be safe for
// concurrent use. If a token is refused, f is called again, without being told why. Its errors are
// returned unchanged to the caller of the API.
func TokenFunc(f func(context.Context) (string, error)) TokenSource { return tokenFunc(f) }

type tokenFunc func(context.Context) (string, error)

func (f tokenFunc) Token(ctx context.Context) (string, error) { return f(ctx) }
func (tokenFunc) Refused(context.Context, string)             {}

// StableTokens returns a source that fetches from /cgi-bin/stable_token, which gives every process
// the same token. It is the default. The token is kept in cfg.Cache and renewed in its last 5
// minutes, while the old one is still used. The error joins all faults of cfg. The errors of Token
// are [*Error], usually ErrInvalidSecret or ErrIPNotAllowed, and [*WireError].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
func StableTokens(cfg ClientConfig) (TokenSource, error) { return checkedTokens(cfg, stable) }

// ClassicTokens returns a source that fetches from /cgi-bin/token, for accounts of which other
// programs use that already. Five minutes after each fetch the token before it stops working, so
// several processes must share a Cache that is a [Leaser]. Errors are those of [StableTokens].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html
func ClassicTokens(cfg ClientConfig) (TokenSource, error) { return checkedTokens(cfg, classic) }

func checkedTokens(cfg ClientConfig, kind tokenKind) (TokenSource, error) {
	up, err := newUpstream(cfg)
	if err != nil {
		return nil, err
	}
	return newTokens(cfg, up, kind), nil
}

type tokenKind string

const (
	stable  tokenKind = "stable"
	classic tokenKind = "classic"
)

const (
	// In the last 5 minutes of a stable token WeChat gives out the next one, and both work.
	renewBefore = 5 * time.Minute
	cacheTime   = 2 * time.Second // for one call of the cache
	// How long the other processes wait if the holder of the lease has died.
	leaseTime = 10 * time.Second
	leasePoll = 50 * time.Millisecond
	// How long a process waits for other holders of the lease: for one that has died, and for the
	// call of the next. A lease that is still held then does not end: Redis has lost its ttl.
	leaseWait = leaseTime + callTime
	// How long callers get the error of a failed fetch, before the next one.
	failureTime = time.Second
	// Before the next fetch, if WeChat refused a token that it had just given.
	refusalPause = 30 * time.Second
	maxExpiresIn = 30 * 24 * 3600 // seconds
)

// tokens is the TokenSource of StableTokens and ClassicTokens.
type tokens struct {
	unprintable
	kind   tokenKind
	caller *Client // without tokens of its own
	cache  Cache
	key    string // in the cache; contains the AppID and the kind, but not the secret
	logger *slog.Logger

	// Nil if there is none or it was refused; stored while mu is held.
	current atomic.Pointer[appToken]
	flight  singleflight.Group

	mu sync.Mutex
	// The token that WeChat refused last, and when.
	refused   string
	refusedAt time.Time
	// Why there is no token, and until when none is fetched.
	failed      error
	failedUntil time.Time
}

// An appToken is immutable. It is stored in the cache as JSON.
type appToken struct {
	Value  string    `json:"token"`
	Expiry time.Time `json:"expiry"`
	Renew  time.Time `json:"renew"` // when it is renewed, while it is still used
}

func newTokens(cfg ClientConfig, up *upstream, kind tokenKind) *tokens {
	cache := cfg.Cache
	if cache == nil {
		cache = NewMemoryCache()
	}
	return &tokens{
		kind:   kind,
		caller: &Client{appID: cfg.AppID, secret: &cfg.Secret, upstream: up},
		cache:  cache,
		key:    "access_token:" + string(kind) + ":" + cfg.AppID,
		logger: up.logger,
	}
}

// Token implements [TokenSource].
func (t *tokens) Token(ctx context.Context) (string, error) {
	value, _, err := t.token(ctx)
	return value, err
}

func (t *tokens) token(ctx context.Context) (string, time.Time, error) {
	now := time.Now()
	if cur := t.current.Load(); cur != nil && now.Before(cur.Expiry) {
		if !now.Before(cur.Renew) {
			t.renew(ctx) // without waiting for the result, because this token still works
		}
		return cur.Value, cur.Expiry, nil
	}
	select {
	case res := <-t.renew(ctx):
		if res.Err != nil {
			return "", time.Time{}, res.Err
		}
		tok := res.Val.(*appToken)
		return tok.Value, tok.Expiry, nil
	case <-ctx.Done():
		return "", time.Time{}, transportError(ctx, "app access token", ctx.Err())
	}
}

// renew fetches a token, once for all callers of this process at that time. The fetch goes on if a
// caller's context ends.
func (t *tokens) renew(ctx context.Context) <-chan singleflight.Result {
	return t.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseWait+callTime)
		defer cancel()
		return t.fetch(ctx)
	})
}

func (t *tokens) fetch(ctx context.Context) (*appToken, error) {
	if cur := t.current.Load(); cur != nil && time.Now().Before(cur.Renew) {
		return cur, nil // another caller has fetched one since this one looked
	}
	t.mu.Lock()
	err, until := t.failed, t.failedUntil
	t.mu.Unlock()
	if time.Now().Before(until) {
		return nil, err
	}
	tok, err := t.shared(ctx)
	if err == nil {
		return tok, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed, t.failedUntil = err, time.Now().Add(failureTime)
	if cur := t.current.Load(); cur != nil && time.Now().Before(cur.Expiry) {
		return cur, nil // the cached token, which should be renewed but still works
	}
	return nil, err
}

// shared returns the token of the cache, or takes the lease and fetches one. While another process
// holds the lease, it waits for the token that this process will store.
func (t *tokens) shared(ctx context.Context) (*appToken, error) {
	end := time.Now().Add(leaseWait)
	for {
		tok, err := t.cached(ctx)
		if tok != nil && time.Now().Before(tok.Renew) {
			return tok, nil
		}
		leaser, ok := t.cache.(Leaser)
		if err != nil || !ok || !time.Now().Before(end) {
			return t.call(ctx)
		}
		release, held, err := leaser.Lease(ctx, t.key+":lease", leaseTime)
		if err != nil {
			t.warn(ctx, "lease", err)
			return t.call(ctx)
		}
		if held {
			return t.leased(ctx, release)
		}
		<-time.After(leasePoll)
	}
}

// leased fetches a token as the holder of the lease, unless the holder before has stored one
// meanwhile.
func (t *tokens) leased(ctx context.Context, release func()) (*appToken, error) {
	defer release()
	if tok, _ := t.cached(ctx); tok != nil && time.Now().Before(tok.Renew) {
		return tok, nil
	}
	return t.call(ctx)
}

// cached returns the token of the cache and makes it the current one. It returns nil if there is
// none, or if it is expired or was refused.
func (t *tokens) cached(ctx context.Context) (*appToken, error) {
	ctx, cancel := context.WithTimeout(ctx, cacheTime)
	defer cancel()
	value, ok, err := t.cache.Get(ctx, t.key)
	if err != nil {
		t.warn(ctx, "read", err)
		return nil, err
	}
	tok := new(appToken)
	if !ok || json.Unmarshal([]byte(value), tok) != nil || tok.Value == "" ||
		!time.Now().Before(tok.Expiry) {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if tok.Value == t.refused {
		return nil, nil
	}
	if cur := t.current.Load(); cur == nil || cur.Expiry.Before(tok.Expiry) {
		t.current.Store(tok)
	}
	return tok, nil
}

// call fetches a token from WeChat, stores it in the cache and makes it the current one.
func (t *tokens) call(ctx context.Context) (*appToken, error) {
	r := Get("/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {t.caller.appID},
		"secret": {string(*t.caller.secret)},
	})
	if t.kind == stable {
		r = Post("/cgi-bin/stable_token", stableRequest{
			"client_credential", t.caller.appID, string(*t.caller.secret),
		})
	}
	r.NoToken = true
	r.Once = t.kind == classic // a repeat would end the token of the first fetch
	asked := time.Now()
	answer, err := Call[tokenAnswer](ctx, t.caller, r)
	if err != nil {
		if refusal, ok := errors.AsType[*Error](err); ok && refusal.Code == 40001 {
			refusal.aboutSecret = true
		}
		return nil, err
	}
	if answer.AccessToken == "" || answer.ExpiresIn < 1 || answer.ExpiresIn > maxExpiresIn {
		return nil, r.BadAnswer("no token, or a lifetime out of bounds")
	}
	life := time.Duration(answer.ExpiresIn) * time.Second
	expiry := asked.Add(life)
	tok := &appToken{
		Value: answer.AccessToken, Expiry: expiry, Renew: expiry.Add(-min(renewBefore, life/2)),
	}
	t.store(ctx, tok, life)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.Store(tok) // even if it was refused before: WeChat says that it is good
	return tok, nil
}

type stableRequest struct {
	GrantType string `json:"grant_type"`
	AppID     string `json:"appid"`
	Secret    string `json:"secret"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   Int    `json:"expires_in"` // seconds
}

func (t *tokens) store(ctx context.Context, tok *appToken, life time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, cacheTime)
	defer cancel()
	value, err := json.Marshal(tok)
	if err == nil {
		err = t.cache.Set(ctx, t.key, string(value), life)
	}
	if err != nil {
		t.warn(ctx, "write", err, tok.Value)
	}
}

// warn logs that the cache failed. It removes secrets from the error, because some servers quote
// the command that they refuse.
func (t *tokens) warn(ctx context.Context, op string, err error, sent ...string) {
	text := cleanMessage(redact(err.Error(), append(sent, string(*t.caller.secret))))
	t.logger.WarnContext(ctx, "wechat: token cache failed, going on without it",
		slog.String("op", op), slog.String("error", text))
}

// Refused implements [TokenSource]. If the token is still the current one, it is dropped, and the
// next caller fetches. If that token is refused as well, it stays for the next 30 seconds: WeChat
// has just said that it is good, and other APIs may take it.
func (t *tokens) Refused(_ context.Context, token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if cur := t.current.Load(); cur == nil || cur.Value != token ||
		now.Sub(t.refusedAt) < refusalPause {
		return
	}
	t.refused, t.refusedAt = token, now
	t.failedUntil = time.Time{} // one fetch is allowed at once
	t.current.Store(nil)
}
