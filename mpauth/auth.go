package mpauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/stores"
)

// Admit decides whether a request may pass. If it carries the token of a good session, Admit
// returns the request to pass on, with the [Session] and a [core.User] on its context, and true.
// Otherwise it has answered already and returns false. The answers are 401 login_required, 401
// session_expired for a token older than MaxAge, and 503 store_down while the session store cannot
// be asked; the token stays good during such an outage. A request that this Auth has admitted
// before passes unchanged.
func (a *Auth) Admit(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
	if in, ok := r.Context().Value(admissionKey{}).(admission); ok && in.auth == a {
		return r, true
	}
	came := time.Now()
	rec, refusal := a.identify(r)
	if refusal != nil {
		a.report(r.Context(), refusal)
		answers.Drain(w, r)
		refusal.write(w)
		return nil, false
	}
	if h := w.Header(); h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", answers.NoStore)
	}
	w.Header().Add("Vary", "Authorization")
	ctx := context.WithValue(stores.WithAdmission(r.Context(), came), admissionKey{},
		admission{a, &rec.session})
	return r.WithContext(core.WithUser(ctx, rec.user())), true
}

// identify returns who sent r: the user of its token, or if it has none, the user that the gateway
// of WeChat's cloud hosting names.
func (a *Auth) identify(r *http.Request) (record, *problem) {
	token := bearer(r)
	if token == "" && a.trustCloud {
		if s, ok := cloudSession(r.Header, a.appID); ok {
			return record{session: s}, nil
		}
	}
	rec, err := a.find(r, token)
	switch {
	case err == nil:
		return rec, nil
	case errors.Is(err, ErrNoSession):
		return record{}, &problem{status: http.StatusUnauthorized, word: loginRequired}
	case errors.Is(err, ErrSessionExpired):
		return record{}, &problem{status: http.StatusUnauthorized, word: sessionExpired}
	}
	return record{}, storeProblem("read", err)
}

// The errors of [Auth.Session] for a token that has no session, or no longer.
var (
	ErrNoSession      = errors.New("mpauth: no session has this token")
	ErrSessionExpired = errors.New("mpauth: the session is older than MaxAge")
)

// Session returns the session and the user of a token, for transports without an HTTP request:
// gRPC metadata, a message of a WebSocket. token is what LoginHandler answered, without "Bearer".
//
// Errors: [ErrNoSession] (the client logs in), [ErrSessionExpired] (it logs in again). Any other
// error is an outage of the session store: the token stays good.
func (a *Auth) Session(ctx context.Context, token string) (*Session, *core.User, error) {
	// A session store reads its cookie from a request, so the token gets one.
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	rec, err := a.find(r, token)
	if err != nil {
		if !errors.Is(err, ErrNoSession) && !errors.Is(err, ErrSessionExpired) {
			a.report(ctx, storeProblem("read", err))
		}
		return nil, nil, err
	}
	return &rec.session, rec.user(), nil
}

// find returns the record of a token's session. Its errors are those of [Auth.Session].
func (a *Auth) find(r *http.Request, token string) (record, error) {
	l, err := a.tokens.open(r, token)
	switch {
	case err != nil:
		return record{}, fmt.Errorf("mpauth: the session cannot be read: %w", err)
	case l == nil:
		return record{}, ErrNoSession
	case l.expired:
		return record{}, ErrSessionExpired
	}
	return l.record, nil
}

// bearer returns the token of r, or "" if r has none, or several Authorization headers: then a
// proxy in front may have looked at another one than we would.
func bearer(r *http.Request) string {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// user returns the part of the session that handlers and the client may see.
func (rec record) user() *core.User {
	return &core.User{
		AppID: rec.session.AppID, OpenID: rec.session.OpenID, UnionID: rec.session.UnionID,
		LoginAt: rec.loginAt, CheckedAt: rec.loginAt,
	}
}

// An admission is what [Auth.Admit] leaves on the context.
type admission struct {
	auth    *Auth
	session *Session
}

type admissionKey struct{}

// SessionFrom returns the session of an admitted request, with the session_key for [Decrypt];
// false means that no [Auth.Admit] let the request in.
func SessionFrom(ctx context.Context) (*Session, bool) {
	in, ok := ctx.Value(admissionKey{}).(admission)
	return in.session, ok
}

// SessionExpired answers 401 {"error":"session_expired"}: the client calls wx.login and logs in
// again. Answer so when [Decrypt] or [Client.CheckSession] returns [ErrSessionKey].
func SessionExpired(w http.ResponseWriter) {
	(&problem{status: http.StatusUnauthorized, word: sessionExpired}).write(w)
}

func (a *Auth) observe(ctx context.Context, e core.Event) {
	if a.observer != nil {
		a.observer.Observe(ctx, e)
	}
}
