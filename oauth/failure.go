package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
)

// A Kind says why a login failed.
type Kind string

// The kinds of [Failure].
const (
	KindDenied       Kind = "denied"         // the user refused, or granted less than asked
	KindState        Kind = "state"          // state, or what came with it, was not made by us
	KindCookies      Kind = "cookies"        // the browser keeps losing its cookies
	KindCode         Kind = "code"           // WeChat keeps refusing the code
	KindSnapshot     Kind = "snapshot"       // a virtual user of WeChat's snapshot page
	KindBlocked      Kind = "blocked"        // WeChat blocks or restricts this user
	KindIdentity     Kind = "identity"       // WeChat's answer does not name the expected user
	KindLimited      Kind = "limited"        // a quota or rate limit of WeChat; or one login, or one user, asks too often here
	KindUpstream     Kind = "upstream"       // WeChat is away or answers nonsense
	KindConfig       Kind = "config"         // AppID, Secret, IP whitelist or permissions are wrong
	KindStore        Kind = "store"          // the session store is away
	KindRefusedByApp Kind = "refused_by_app" // OnLogin returned ErrRefused
	KindApp          Kind = "app"            // OnLogin failed: it returned any other error
)

// ErrRefused is what OnLogin returns, as it is or wrapped, for a user who is not wanted here: the
// login ends at a 403 page. Any other error is a fault of the program.
var ErrRefused = errors.New("oauth: the app refuses this login")

// ErrDeskTicket is returned for a ticket that is over 5 minutes old, or that this Auth did not make.
var ErrDeskTicket = errors.New("oauth: not a ticket of this desk, or no longer")

// errDecided is returned for a ticket that somebody else decided about.
var errDecided = errors.New("oauth: somebody else has decided about this ticket")

// errCrowded means that many wait for a work already.
var errCrowded = errors.New("many requests for the same wait already")

// errBusy is of a user who opens code after code of desktops, or is handed over again and again.
var errBusy = errors.New("one user asks for too much")

// A Failure is a login that ended at an error page. Config.OnError is given one.
type Failure struct {
	Status   int    // HTTP status of the answer: 400, 403, 500, 502, 503 or 504
	Kind     Kind   // why, in one word
	RetryURL string // absolute: the page that was asked for; opening it tries again. After a callback it is the address without WeChat's code
	Err      error  // for logs; never holds a secret. Not for pages

	storeOp string // of KindStore: "read" or "write"

	code   string // names this failure on its page and in the log
	look   *look  // of the site that it happened on
	script script // of its page; none: the browser's address is RetryURL
}

// Error says why, with the cause: for logs, not for pages.
func (f *Failure) Error() string {
	if f.Err == nil {
		return "wxoauth: " + string(f.Kind)
	}
	return "wxoauth: " + string(f.Kind) + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// retryAfter is how long a client should wait, in seconds; empty: no word about it.
func (f *Failure) retryAfter() string {
	switch f.Kind {
	case KindStore:
		return "2"
	case KindLimited:
		return "60"
	default:
		return ""
	}
}

// level is how a failure is logged: what a visitor can bring about is no news to an operator.
func (f *Failure) level() slog.Level {
	switch {
	case f.Err == nil: // a repeated answer: the first one was logged
		return slog.LevelDebug
	case f.Kind == KindApp:
		return slog.LevelError
	case canceled(f.Err) || errors.Is(f.Err, errCrowded) || errors.Is(f.Err, errBusy):
		return slog.LevelDebug
	case f.Kind == KindConfig:
		return slog.LevelError
	case f.Kind == KindUpstream || f.Kind == KindLimited || f.Kind == KindIdentity:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}

// canceled reports whether err only says that the browser has hung up.
func canceled(err error) bool { return errors.Is(err, context.Canceled) }

// newFailure is a failure with the status of its kind.
func newFailure(kind Kind, err error) *Failure {
	f := &Failure{Status: http.StatusBadGateway, Kind: kind, Err: err}
	switch kind {
	case KindState, KindCookies, KindCode:
		f.Status = http.StatusBadRequest
	case KindDenied, KindSnapshot, KindBlocked, KindRefusedByApp:
		f.Status = http.StatusForbidden
	case KindConfig, KindApp:
		f.Status = http.StatusInternalServerError
	case KindLimited, KindStore:
		f.Status = http.StatusServiceUnavailable
	case KindUpstream, KindIdentity: // 502
	}
	if errors.Is(err, errDecided) {
		f.Status = http.StatusConflict
	}
	return f
}

// storeFailure is the answer while the session store is away: never a logout, never a redirect.
func storeFailure(op string, err error) *Failure {
	f := newFailure(KindStore, err)
	f.storeOp = op
	return f
}

// failureOf sorts an error of a login; nil stays nil.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Failure](err); ok {
		return known
	}
	f := newFailure(kindOf(err), err)
	if wire, ok := errors.AsType[*core.WireError](err); ok && f.Kind == KindUpstream {
		switch wire.Kind {
		case core.WireTimeout:
			f.Status = http.StatusGatewayTimeout
		case core.WireUnreachable, core.WireBusy:
			f.Status = http.StatusServiceUnavailable
		default: // it answered something
		}
	}
	return f
}

// kindOf says what an error of a call to WeChat means for the login.
func kindOf(err error) Kind {
	if errors.Is(err, ErrIdentity) {
		return KindIdentity
	}
	if wire, ok := errors.AsType[*core.WireError](err); ok && wire.Status == http.StatusTooManyRequests {
		return KindLimited
	}
	refusal, ok := errors.AsType[*core.Error](err)
	if !ok {
		return KindUpstream
	}
	switch refusal.Code {
	case core.ErrInvalidCode, core.ErrCodeUsed, core.ErrCodeExpired, core.ErrGrantRevoked:
		if refusal.Op == exchangeOp { // of UserInfo they say nothing about the code
			return KindCode
		}
	case core.ErrBlocked, core.ErrUserRestricted:
		return KindBlocked
	case core.ErrQuota, core.ErrRateLimit:
		return KindLimited
	case core.ErrInvalidAppID, core.ErrInvalidSecret, core.ErrIPNotAllowed, core.ErrAppIDMissing,
		core.ErrSecretMissing, core.ErrUnauthorizedAPI, core.ErrInterfaceForbidden:
		return KindConfig
	default: // not known here
	}
	return KindUpstream
}
