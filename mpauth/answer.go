package mpauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// The values of "error" in JSON answers. Clients branch on them, so they must not change.
const (
	loginRequired  = "login_required"
	sessionExpired = "session_expired"
	badRequest     = "bad_request"
	invalidCode    = "invalid_code"
	blocked        = "blocked"
	refused        = "refused"
	limited        = "limited"
	upstream       = "upstream"
	storeDown      = "store_down"
	misconfigured  = "config"
)

// A problem is a request that fails: the answer to the client, and err, which only the log sees.
type problem struct {
	status int
	word   string
	err    error
	access string // "read" or "write" where the word is store_down
}

func storeProblem(access string, err error) *problem {
	return &problem{http.StatusServiceUnavailable, storeDown, err, access}
}

// wechatProblem returns the problem that an error of [Client.Code2Session] is to the client.
func wechatProblem(err error) *problem {
	code, _ := errors.AsType[core.Code](err)
	switch code {
	case core.ErrInvalidCode, core.ErrCodeUsed, core.ErrCodeExpired:
		return &problem{status: http.StatusUnauthorized, word: invalidCode, err: err}
	case core.ErrBlocked, core.ErrUserRestricted:
		return &problem{status: http.StatusForbidden, word: blocked, err: err}
	case core.ErrQuota, core.ErrRateLimit:
		return &problem{status: http.StatusTooManyRequests, word: limited, err: err}
	case core.ErrInvalidAppID, core.ErrInvalidSecret, core.ErrIPNotAllowed, core.ErrAppIDMissing,
		core.ErrSecretMissing, core.ErrUnauthorizedAPI, core.ErrInterfaceForbidden,
		core.ErrSecretFrozen, core.ErrAccountFrozen:
		return &problem{status: http.StatusInternalServerError, word: misconfigured, err: err}
	default: // other codes, and calls that got no answer from WeChat
		return wireProblem(err)
	}
}

// wireProblem returns the problem of a call that failed between this server and WeChat, or that
// WeChat refused with a code that tells the client nothing.
func wireProblem(err error) *problem {
	p := &problem{status: http.StatusBadGateway, word: upstream, err: err}
	wire, ok := errors.AsType[*core.WireError](err)
	switch {
	case !ok:
	case wire.Kind == core.WireTimeout:
		p.status = http.StatusGatewayTimeout
	case wire.Kind == core.WireUnreachable || wire.Kind == core.WireBusy:
		p.status = http.StatusServiceUnavailable
	case wire.Status == http.StatusTooManyRequests:
		p.status, p.word = http.StatusTooManyRequests, limited
	}
	return p
}

// report logs a problem: as an error if the operator has to change something, as a warning if it
// may pass by itself, and otherwise for debugging.
func (a *Auth) report(ctx context.Context, p *problem) {
	level := slog.LevelDebug
	switch {
	case errors.Is(p.err, context.Canceled): // the client hung up
	case p.word == misconfigured:
		level = slog.LevelError
	case p.word == upstream || p.word == limited || p.word == refused:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("reason", p.word)}
	if p.err != nil {
		attrs = append(attrs, slog.Any("error", p.err))
	}
	a.logger.LogAttrs(ctx, level, "mpauth: not served", attrs...)
	if p.word == storeDown && !errors.Is(p.err, context.Canceled) {
		a.reportStoreDown(ctx, p)
	}
}

// reportStoreDown tells the log and the observer that the session store cannot be reached. During
// an outage that happens with every request, so the log gets one line a minute.
func (a *Auth) reportStoreDown(ctx context.Context, p *problem) {
	a.observe(ctx, core.Event{Name: core.EventStoreDown, Kind: p.access})
	if leftOut, due := a.storeDown.Due(time.Now()); due {
		a.logger.ErrorContext(ctx, "mpauth: session store down",
			"op", p.access, "left_out", leftOut, "error", p.err)
	}
}

func (p *problem) write(w http.ResponseWriter) {
	switch p.word {
	case loginRequired, invalidCode:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case sessionExpired:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case storeDown:
		w.Header().Set("Retry-After", "2")
	case limited:
		w.Header().Set("Retry-After", "60")
	}
	answers.JSON(w, p.status, map[string]string{"error": p.word})
}
