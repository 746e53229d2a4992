package oauth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
)

// A Kind is the reason why a login failed.
type Kind string

// The kinds of [Failure].
const (
	KindDenied   Kind = "denied"   // the user refused, or granted less than asked
	KindState    Kind = "state"    // state, or something that came with it, is forged
	KindCookies  Kind = "cookies"  // the browser keeps losing its cookies
	KindCode     Kind = "code"     // WeChat keeps refusing the code
	KindSnapshot Kind = "snapshot" // a virtual user of WeChat's snapshot page
	KindBlocked  Kind = "blocked"  // WeChat blocks or restricts this user
	KindIdentity Kind = "identity" // WeChat's answer does not name the expected user
	// A quota or rate limit of WeChat; or one login, or one user, asks too often here.
	KindLimited      Kind = "limited"
	KindUpstream     Kind = "upstream"       // WeChat cannot be reached, or sent no valid answer
	KindConfig       Kind = "config"         // AppID, Secret, IP whitelist or permissions are wrong
	KindStore        Kind = "store"          // the session store cannot be reached
	KindRefusedByApp Kind = "refused_by_app" // OnLogin returned ErrRefused
	KindApp          Kind = "app"            // OnLogin returned another error
)

// ErrRefused is for OnLogin to return, wrapped or not, if a user may not sign in: the login ends
// with a 403 page. Any other error means that OnLogin has failed.
var ErrRefused = errors.New("oauth: the app refuses this login")

// ErrDeskTicket is returned for a ticket that is over 5 minutes old, or that this Auth did not
// make.
var ErrDeskTicket = errors.New("oauth: not a ticket of this desk, or no longer")

// errDecided is returned for a ticket about which another user has decided.
var errDecided = errors.New("oauth: somebody else has decided about this ticket")

// errCrowded means that too many requests wait for the same work.
var errCrowded = errors.New("many requests for the same wait already")

// errBusy is of a user who opens code after code of desktops, or is handed over again and again.
var errBusy = errors.New("one user asks for too much")

// A Failure is a login that ended at an error page. Config.OnError is given one.
type Failure struct {
	Status int  // HTTP status of the answer: 400, 403, 500, 502, 503 or 504
	Kind   Kind // the reason, in one word
	// RetryURL is the absolute URL of the page that was asked for, without WeChat's code. Opening
	// it tries again.
	RetryURL string
	Err      error // for logs, not for pages; contains no secret

	storeOp string // for KindStore: "read" or "write"

	code   string // name of this failure, on its page and in the log
	look   *look  // of its page
	script script // of its page; none if the address in the browser is RetryURL already
}

// Error returns the kind and the cause. It is for logs, not for pages.
func (f *Failure) Error() string {
	if f.Err == nil {
		return "wxoauth: " + string(f.Kind)
	}
	return "wxoauth: " + string(f.Kind) + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// level returns the level at which a failure is logged.
func (f *Failure) level() slog.Level {
	switch {
	case f.Err == nil: // the answer is repeated; the failure was logged the first time
		return slog.LevelDebug
	case f.Kind == KindApp:
		return slog.LevelError
	case canceled(f.Err) || errors.Is(f.Err, errCrowded) || errors.Is(f.Err, errBusy):
		return slog.LevelDebug
	default:
		return kinds[f.Kind].level
	}
}

// canceled reports whether err means only that the browser has hung up.
func canceled(err error) bool { return errors.Is(err, context.Canceled) }

// kinds says how each kind of failure is answered, and at which level it is logged. Those that any
// visitor can cause are logged for debugging only.
//
//nolint:gochecknoglobals // a constant table
var kinds = map[Kind]struct {
	status     int
	retryAfter string // the header, in seconds
	level      slog.Level
}{
	KindDenied:       {http.StatusForbidden, "", slog.LevelDebug},
	KindState:        {http.StatusBadRequest, "", slog.LevelDebug},
	KindCookies:      {http.StatusBadRequest, "", slog.LevelDebug},
	KindCode:         {http.StatusBadRequest, "", slog.LevelDebug},
	KindSnapshot:     {http.StatusForbidden, "", slog.LevelDebug},
	KindBlocked:      {http.StatusForbidden, "", slog.LevelDebug},
	KindIdentity:     {http.StatusBadGateway, "", slog.LevelWarn},
	KindLimited:      {http.StatusServiceUnavailable, "60", slog.LevelWarn},
	KindUpstream:     {http.StatusBadGateway, "", slog.LevelWarn},
	KindConfig:       {http.StatusInternalServerError, "", slog.LevelError},
	KindStore:        {http.StatusServiceUnavailable, "2", slog.LevelDebug}, // see reportStoreDown
	KindRefusedByApp: {http.StatusForbidden, "", slog.LevelDebug},
	KindApp:          {http.StatusInternalServerError, "", slog.LevelError},
}

// newFailure returns a failure with the status of its kind.
func newFailure(kind Kind, err error) *Failure {
	f := &Failure{Status: cmp.Or(kinds[kind].status, http.StatusBadGateway), Kind: kind, Err: err}
	if errors.Is(err, errDecided) {
		f.Status = http.StatusConflict
	}
	return f
}

// storeFailure returns the failure of a session store that cannot be reached. The user stays
// signed in.
func storeFailure(op string, err error) *Failure {
	f := newFailure(KindStore, err)
	f.storeOp = op
	return f
}

// failureOf returns the Failure that an error of a login is to the user. For nil it returns nil.
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
	if wire, ok := errors.AsType[*core.WireError](err); ok &&
		wire.Status == http.StatusTooManyRequests {
		return KindLimited
	}
	refusal, ok := errors.AsType[*core.Error](err)
	if !ok {
		return KindUpstream
	}
	switch refusal.Code {
	case core.ErrInvalidCode, core.ErrCodeUsed, core.ErrCodeExpired, core.ErrGrantRevoked:
		// Other calls return these codes as well, but not about the login code.
		if refusal.Op == exchangeOp {
			return KindCode
		}
	case core.ErrBlocked, core.ErrUserRestricted:
		return KindBlocked
	case core.ErrQuota, core.ErrRateLimit:
		return KindLimited
	case core.ErrInvalidAppID, core.ErrInvalidSecret, core.ErrIPNotAllowed, core.ErrAppIDMissing,
		core.ErrSecretMissing, core.ErrUnauthorizedAPI, core.ErrInterfaceForbidden,
		core.ErrSecretFrozen, core.ErrAccountFrozen:
		return KindConfig
	default: // not known here
	}
	return KindUpstream
}
