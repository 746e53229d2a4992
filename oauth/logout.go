package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

const maxLogoutBody = 8 << 10 // bytes

// LogoutHandler ends the session on a POST from this site. It goes on to a checked return_to of
// query or form; without one it shows a small page, and a script gets 204.
//
// With cookie sessions, a cookie that was copied before stays good until it expires; a store on a
// server forgets the session.
func (a *Auth) LogoutHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			answers.MethodNotAllowed(w, http.MethodPost)
			return
		}
		if err := a.csrf.Check(r); err != nil {
			answers.JSON(w, http.StatusForbidden, map[string]string{"error": "cross_origin"})
			return
		}
		v := newVisit(w, r)
		if err := a.signOut(&v); err != nil {
			a.fail(&v, storeFailure("write", err))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxLogoutBody)
		switch to := r.FormValue("return_to"); {
		case to != "":
			a.returnTo(w, http.StatusSeeOther, to)
		case wantsPage(r):
			a.look.message(w, r, http.StatusOK, page{Name: signedOutPage})
		default:
			answers.Private(w.Header())
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// SignOut ends the session of the visitor, if there is one, in a handler of the program's own, which
// has to see to it that another site's page cannot call it. It sets a cookie, so call it before you
// write the answer. An error means that the session store is away, and the session lives on.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	v := newVisit(w, r)
	return a.signOut(&v)
}

// EndSessions ends every session of a user of this account, or of Config.Website's: on all replicas,
// in every browser and on every desk. A login that is under way does not survive it; to keep the
// user out, let OnLogin return [ErrRefused], too.
//
// Errors: [sessionstore.ErrUnsupported] with sessions in cookies, which nobody can end; an openID that
// is none. After any other error nobody knows whether it has taken effect: call it again.
func (a *Auth) EndSessions(ctx context.Context, openID string) error {
	if !subject.ValidID(openID) {
		return errors.New("oauth: openID is empty or malformed")
	}
	if err := a.sessions.removeAll(ctx, openID); err != nil {
		if !errors.Is(err, sessionstore.ErrUnsupported) {
			a.observe(ctx, core.Event{Name: core.EventStoreDown, Kind: "write"})
		}
		return fmt.Errorf("oauth: the user's sessions cannot be ended: %w", err)
	}
	a.observe(ctx, core.Event{Name: core.EventSessionEnded, Kind: "end"})
	return nil
}

// signOut ends the session, if there is one, and answers nothing.
func (a *Auth) signOut(v *visit) error {
	rec, err := a.sessions.load(v.r, v.now)
	if err != nil {
		return err
	}
	if err := a.sessions.remove(v.w, v.r, rec); err != nil {
		return err
	}
	a.attempts.clearUnkept(v) // that login was kept
	if rec != nil {
		a.observe(v.r.Context(), core.Event{Name: core.EventSessionEnded})
	}
	return nil
}
