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

// A TokenSource gives the app access token. Its methods are called concurrently.
type TokenSource interface {
	// Token returns a token that WeChat honours as far as is known.
	Token(ctx context.Context) (string, error)
	// Refused reports that WeChat said this token is dead. A call is repeated only when Token
	// then gives another one.
	Refused(ctx context.Context, token string)
}

// StaticToken is a fixed token that is never renewed, for programs that get theirs from elsewhere
// and restart, or make a new [Client], to change it.
func StaticToken(token string) TokenSource {
	return TokenFunc(func(context.Context) (string, error) { return token, nil })
}

// TokenFunc asks f for each token: an own cache, or a central service that owns the token. f must
// not be nil, must be quick and safe for concurrent use. A refused token is not reported to f; it
// is asked again. Its errors reach the caller of the API as they are.
func TokenFunc(f func(context.Context) (string, error)) TokenSource { return tokenFunc(f) }

type tokenFunc func(context.Context) (string, error)

func (f tokenFunc) Token(ctx context.Context) (string, error) { return f(ctx) }
func (tokenFunc) Refused(context.Context, string)             {}

// StableTokens fetches from /cgi-bin/stable_token, where every process that asks gets the same
// token. It is the default. The token is kept in cfg.Cache and renewed in its last 5 minutes,
// while callers go on with the old one. The error joins all faults of cfg; those of Token are
// [*Error], with ErrInvalidSecret and ErrIPNotAllowed above all, and [*WireError].
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
func StableTokens(cfg ClientConfig) (TokenSource, error) { return checkedTokens(cfg, stable) }

// ClassicTokens fetches from /cgi-bin/token, for accounts whose other programs use that already.
// There each fetch kills the token before it, after 5 minutes: several processes must share a
// Cache that is a [Leaser]. Errors are those of [StableTokens].
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
	// WeChat gives a new stable token, and honours both, in the last 5 minutes.
	renewBefore  = 5 * time.Minute
	cacheTime    = 2 * time.Second  // for one visit to the cache
	leaseTime    = 10 * time.Second // a dead holder of the fleet's lease blocks the others no longer
	leasePoll    = 50 * time.Millisecond
	failureTime  = time.Second      // how long a failed fetch answers for the next callers
	refusalPause = 30 * time.Second // after WeChat refused a token it had just given
	maxExpiresIn = 30 * 24 * 3600   // seconds
)

// tokens is the TokenSource of StableTokens and ClassicTokens.
type tokens struct {
	unprintable
	kind   tokenKind
	caller *Client // without tokens of its own
	cache  Cache
	key    string // in the cache; holds the appid and the kind, never the secret
	logger *slog.Logger

	current atomic.Pointer[appToken] // nil: none, or refused; stored under mu
	flight  singleflight.Group

	mu          sync.Mutex
	refused     string    // the last token that WeChat refused …
	refusedAt   time.Time // … and when
	failed      error     // why there is no token …
	failedUntil time.Time // … and until when nobody asks again
}

// An appToken is immutable. It is stored in the cache as JSON.
type appToken struct {
	Value  string    `json:"token"`
	Expiry time.Time `json:"expiry"`
	Renew  time.Time `json:"renew"` // from then on it is renewed in passing
}

func newTokens(cfg ClientConfig, up *upstream, kind tokenKind) *tokens {
	cache := cfg.Cache
	if cache == nil {
		cache = NewMemoryCache()
	}
	return &tokens{
		kind:   kind,
		caller: &Client{appID: cfg.AppID, secret: cfg.Secret, upstream: up},
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
			t.renew(ctx) // nobody waits for it: this one is still honoured
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
		return "", time.Time{}, newWireError(ctx, "app access token", ctx.Err())
	}
}

// renew fetches once for all callers of this process. The fetch outlives a caller that leaves.
func (t *tokens) renew(ctx context.Context) <-chan singleflight.Result {
	return t.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime+callTime)
		defer cancel()
		return t.fetch(ctx)
	})
}

func (t *tokens) fetch(ctx context.Context) (*appToken, error) {
	if cur := t.current.Load(); cur != nil && time.Now().Before(cur.Renew) {
		return cur, nil // another flight landed between the caller's look and this one
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
	if until := time.Now().Add(failureTime); until.After(t.failedUntil) {
		t.failed, t.failedUntil = err, until
	}
	if cur := t.current.Load(); cur != nil && time.Now().Before(cur.Expiry) {
		return cur, nil // what the cache had: too old to do without a try, too young to throw away
	}
	return nil, err
}

// shared takes the token from the cache, or fetches it under the fleet's lease. While another
// process holds the lease it waits for what that one stores.
func (t *tokens) shared(ctx context.Context) (*appToken, error) {
	for {
		tok, err := t.cached(ctx)
		if tok != nil && time.Now().Before(tok.Renew) {
			return tok, nil
		}
		leaser, ok := t.cache.(Leaser)
		if err != nil || !ok {
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
		select {
		case <-time.After(leasePoll):
		case <-ctx.Done():
			return nil, newWireError(ctx, "app access token", ctx.Err())
		}
	}
}

// leased fetches as the holder, unless the holder before has stored a token meanwhile.
func (t *tokens) leased(ctx context.Context, release func()) (*appToken, error) {
	defer release()
	if tok, _ := t.cached(ctx); tok != nil && time.Now().Before(tok.Renew) {
		return tok, nil
	}
	return t.call(ctx)
}

// cached returns the fleet's token, and makes it the current one. It returns nil where there is
// none, or only one that is expired or refused.
func (t *tokens) cached(ctx context.Context) (*appToken, error) {
	ctx, cancel := context.WithTimeout(ctx, cacheTime)
	defer cancel()
	value, ok, err := t.cache.Get(ctx, t.key)
	if err != nil {
		t.warn(ctx, "read", err)
		return nil, err
	}
	tok := new(appToken)
	if !ok || json.Unmarshal([]byte(value), tok) != nil || tok.Value == "" || !time.Now().Before(tok.Expiry) {
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

// call asks WeChat, and stores the answer in the cache and as the current token.
func (t *tokens) call(ctx context.Context) (*appToken, error) {
	r := Get("/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {t.caller.appID}, "secret": {string(t.caller.secret)},
	})
	if t.kind == stable {
		r = Post("/cgi-bin/stable_token", stableRequest{"client_credential", t.caller.appID, string(t.caller.secret)})
	}
	r.NoToken = true
	r.Once = t.kind == classic // each fetch kills the token before it
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
	tok := &appToken{Value: answer.AccessToken, Expiry: expiry, Renew: expiry.Add(-min(renewBefore, life/2))}
	t.store(ctx, tok, life)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.Store(tok) // even one that was refused, if WeChat insists on it
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

// warn logs that the cache failed. Some servers echo a command that they refuse, secrets and all.
func (t *tokens) warn(ctx context.Context, op string, err error, sent ...string) {
	text := cleanMessage(redact(err.Error(), append(sent, string(t.caller.secret))))
	t.logger.WarnContext(ctx, "wechat: token cache failed, going on without it", slog.String("op", op), slog.String("error", text))
}

// Refused implements [TokenSource]: the token is dropped if it is still the current one. One
// fetch may follow at once; if that token is refused as well, none for 30 seconds.
func (t *tokens) Refused(ctx context.Context, token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cur := t.current.Load(); cur == nil || cur.Value != token {
		return
	}
	now := time.Now()
	t.failedUntil = time.Time{}
	if now.Sub(t.refusedAt) < refusalPause {
		t.failed = refusedAgain(ctx)
		t.failedUntil = now.Add(refusalPause)
	}
	t.refused, t.refusedAt = token, now
	t.current.Store(nil)
}

type refusalKey struct{}

// withRefusal tells a TokenSource how WeChat refused its token, also through one that wraps ours.
func withRefusal(ctx context.Context, refusal error) context.Context {
	return context.WithValue(ctx, refusalKey{}, refusal)
}

const stillRefused = "the token just fetched was refused as well"

// refusedAgain is why there is no token, with what WeChat said about the last one.
func refusedAgain(ctx context.Context) error {
	err, _ := ctx.Value(refusalKey{}).(error)
	if refusal, ok := errors.AsType[*Error](err); ok {
		return &Error{Op: "app access token", Code: refusal.Code, Message: stillRefused + ": " + refusal.Message, RID: refusal.RID}
	}
	return tokenRefusal{}
}

// A tokenRefusal stands in where somebody else reports the refusal, without a code.
type tokenRefusal struct{}

func (tokenRefusal) Error() string        { return "wechat: app access token: " + stillRefused }
func (tokenRefusal) Is(target error) bool { return target == ErrAccessToken }
