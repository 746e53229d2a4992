package oauth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/logs"
)

// A reporter tells the log and the Observer about failures.
type reporter struct {
	logger   *slog.Logger
	observer core.Observer // nil: none
	site     site

	loginServed atomic.Bool // whether something is known to answer LoginPath
	unserved    sync.Once   // for the log entry that nothing is known to answer it
	storeDown   logs.Sample
	cookiesLost logs.Sample
}

func newReporter(cfg Config, site site) *reporter {
	return &reporter{
		logger: cfg.Logger, observer: cfg.Observer, site: site,
		storeDown: logs.Sample{Every: time.Minute}, cookiesLost: logs.Sample{Every: time.Minute},
	}
}

func (p *reporter) observe(ctx context.Context, e core.Event) {
	if p.observer != nil {
		p.observer.Observe(ctx, e)
	}
}

// report tells the log and the observer about f.
func (p *reporter) report(v *visit, f *Failure) {
	ctx := v.r.Context()
	p.logger.LogAttrs(ctx, f.level(), "wxoauth: login refused", slog.String("kind", string(f.Kind)),
		slog.Int("status", f.Status), slog.String("code", f.code), slog.Any("error", f.Err))
	switch {
	case f.Kind == KindStore && !canceled(f.Err):
		p.reportStoreDown(ctx, f.storeOp, f.Err)
	case f.Kind == KindCookies:
		p.reportCookiesLost(v)
	}
	event := core.Event{Name: core.EventLoginRefused, Kind: string(f.Kind)}
	if refusal, ok := errors.AsType[*core.Error](f.Err); ok {
		event.Code = refusal.Code
	}
	p.observe(ctx, event)
}

// reportStoreDown tells the log and the observer that the session store cannot be reached. During
// an outage that happens with every request, so the log gets one line a minute.
func (p *reporter) reportStoreDown(ctx context.Context, op string, err error) {
	p.observe(ctx, core.Event{Name: core.EventStoreDown, Kind: op})
	if leftOut, due := p.storeDown.Due(time.Now()); due {
		p.logger.ErrorContext(ctx, "wxoauth: session store down",
			"op", op, "left_out", leftOut, "error", err)
	}
}

// reportCookiesLost tells the log, once a minute, that browsers come back from WeChat without the
// cookies that were set before. Usually they were set for another host than that of PublicURL.
func (p *reporter) reportCookiesLost(v *visit) {
	if leftOut, due := p.cookiesLost.Due(v.now); due {
		p.logger.WarnContext(v.r.Context(), "wxoauth: cookies lost",
			"host", v.r.Host, "public_url", p.site.publicURL, "left_out", leftOut)
	}
}

// warnUnserved tells the log, once, that scripts are sent to a path that perhaps nothing answers.
func (p *reporter) warnUnserved() {
	if p.loginServed.Load() {
		return
	}
	p.unserved.Do(func() {
		p.logger.Warn("wxoauth: a script was told to log in at LoginPath, which nothing is known "+
			"to answer: register Login or call Mount, unless the middleware sees every path",
			"login_path", p.site.plainLoginPath)
	})
}
