package oauth

import (
	"context"
	"net/http"
	"sync"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// An admission is the context of a request that an Auth knows the user of. It is a context of its
// own, because a signed-in request must cost next to nothing: it is the only value there.
type admission struct {
	context.Context //nolint:containedctx // it is one
	auth            *Auth
	admitted        bool // by Admit; false: only identified
	user            *core.User

	// The values of these headers: the request's own, as a handler may change them in place.
	cacheControl, vary [1]string

	mu     sync.Mutex
	record *record // of user; AccessToken may replace it
}

type admissionKey struct{ *Auth }

// Value answers for the user, and for the Auth that admitted the request.
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

// admits reports whether the request has been admitted for need already.
func (c *admission) admits(need demand) bool {
	return c != nil && c.admitted && need.maxAge == 0 && Scope(c.user.Scope).covers(need.scope)
}

func (c *admission) current() *record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record
}

// admission returns what this Auth has put on the context, or nil.
func (a *Auth) admission(ctx context.Context) *admission {
	adm, _ := ctx.Value(admissionKey{a}).(*admission)
	return adm
}

// pass puts the user on the context, and keeps the page, which depends on the user, out of shared
// caches, unless its handler says otherwise.
func (a *Auth) pass(
	w http.ResponseWriter, r *http.Request, rec *record, admitted bool,
) *http.Request {
	adm := &admission{
		Context: r.Context(), auth: a, admitted: admitted, user: rec.user, record: rec,
	}
	adm.cacheControl[0] = answers.NoStore
	w.Header()["Cache-Control"] = adm.cacheControl[:]
	varyCookie(w.Header(), &adm.vary)
	keepCode(w.Header(), r)
	return r.WithContext(adm) //nolint:contextcheck // it is the request's, and more
}
