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

// LogoutHandler ends the session on a POST from this site. It redirects to return_to of the query
// or the form, if that is on this site. Without one it shows a small page, and a script gets 204.
//
// With cookie sessions, a cookie that was copied before stays good until it expires. A store on a
// server deletes the session.
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

// SignOut ends the session of the visitor, if there is one, in a handler of your own. The handler
// must make sure that a page of another site cannot call it. SignOut sets a cookie, so call it
// before you write the answer. An error means that the session store cannot be reached and the
// session still exists.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	v := newVisit(w, r)
	return a.signOut(&v)
}

// EndSessions ends every session of a user of this account, or of Config.Website: on all replicas
// and in every browser. A login that has begun before fails. To keep the user out, let OnLogin
// return [ErrRefused] as well.
//
// Errors: [sessionstore.ErrUnsupported] if Config.Store is not a [sessionstore.Ender], as it is not
// by default; an invalid openID. After any other error the sessions may have been ended or not:
// call it again.
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

// signOut ends the session, if there is one, without writing an answer.
func (a *Auth) signOut(v *visit) error {
	rec, err := a.sessions.load(v.r, v.now)
	if err != nil {
		return err
	}
	if err := a.sessions.remove(v.w, v.r, rec); err != nil {
		return err
	}
	a.attempts.clearUnkept(v) // the browser has kept this session
	if rec != nil {
		a.observe(v.r.Context(), core.Event{Name: core.EventSessionEnded})
	}
	return nil
}
