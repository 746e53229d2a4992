package oauth

import (
	"context"
	"net/http"
	"sync"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// An admission is the context of a request whose user an Auth knows. It is an implementation of
// context.Context, so that one allocation holds everything: context.WithValue would take one for
// each value, and this runs with every request.
type admission struct {
	context.Context //nolint:containedctx // it is a context itself
	auth            *Auth
	admitted        bool // by Admit; false if only Identify was called
	user            *core.User

	// Memory for the values of these headers. Each request has its own, because a handler may
	// change them in place.
	cacheControl, vary [1]string

	mu     sync.Mutex
	record *record // the session of user; AccessToken may replace it
}

type admissionKey struct{ *Auth }

// Value returns the user or the admission for their keys.
func (c *admission) Value(key any) any {
	switch key := key.(type) {
	case core.UserKey:
		return c.user
	case admissionKey:
		if key.Auth == c.auth {
			return c
		}
	}
	return c.Context.Value(key)
}

// admits reports whether the request has already been admitted for need.
func (c *admission) admits(need demand) bool {
	return c != nil && c.admitted && need.maxAge == 0 && Scope(c.user.Scope).covers(need.scope)
}

func (c *admission) current() *record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record
}

// admission returns the admission of this Auth on the context, or nil.
func (a *Auth) admission(ctx context.Context) *admission {
	adm, _ := ctx.Value(admissionKey{a}).(*admission)
	return adm
}

// pass returns the request with the user on its context. The page depends on the user, so pass
// also keeps it out of shared caches; a handler may change that header.
func (a *Auth) pass(
	w http.ResponseWriter, r *http.Request, rec *record, admitted bool,
) *http.Request {
	adm := &admission{
		Context: r.Context(), auth: a, admitted: admitted, user: rec.user, record: rec,
	}
	adm.cacheControl[0] = answers.NoStore
	h := w.Header()
	h["Cache-Control"] = adm.cacheControl[:]
	varyCookie(h, &adm.vary)
	keepCode(h, r)
	return r.WithContext(adm) //nolint:contextcheck // it contains the request's
}
