package oauth

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// load returns the request's record, perhaps without tokens, or nil for a visitor who is anonymous.
// An error means that the store could not tell: then nothing may be saved, and no cookie cleared.
func (a *Auth) load(r *http.Request, now time.Time) (*record, error) {
	if a.memo == nil {
		return a.open(r)
	}
	for value := range cookie.Candidates(r, a.sessionName) {
		if rec, err := a.loadValue(r, value, now); rec != nil || err != nil {
			return rec, err
		}
	}
	return nil, nil
}

// loadValue is load for one value of the session's cookie.
func (a *Auth) loadValue(r *http.Request, value string, now time.Time) (*record, error) {
	sealed, err := a.peeker.Peek(r.Context(), a.sessionName, value)
	if err != nil {
		return nil, a.unlessAnonymous(r, err)
	}
	if rec, ok := a.memo.get(value, sealed, now); ok {
		return rec, nil
	}
	values, err := a.peeker.OpenPeeked(r.Context(), a.sessionName, value, sealed)
	if err != nil {
		return nil, a.unlessAnonymous(r, err)
	}
	rec := a.recordIn(values)
	if rec != nil {
		a.memo.put(value, sealed, rec, now, rec.user.LoginAt.Add(a.cfg.MaxAge))
	}
	return rec, nil
}

// open is load past the memo: a record of its own, with tokens.
func (a *Auth) open(r *http.Request) (*record, error) {
	session, err := a.store.New(r, a.sessionName)
	if err != nil {
		return nil, a.unlessAnonymous(r, err)
	}
	return a.recordIn(session.Values), nil
}

// unlessAnonymous returns an error of the store unless it means that nobody is signed in.
func (a *Auth) unlessAnonymous(r *http.Request, err error) error {
	if !sessionstore.Anonymous(err) {
		return err
	}
	if err != nil {
		a.cfg.Logger.DebugContext(r.Context(), "wxoauth: a session cookie was not accepted")
	}
	return nil
}

// recordIn returns the record of a session that is ours and alive, or nil.
func (a *Auth) recordIn(values map[any]any) *record {
	data, ok := values[recordKey].([]byte)
	if !ok {
		return nil
	}
	rec, err := decodeRecord(data)
	if err != nil || !a.ours(rec.user.AppID) || !a.alive(rec) {
		return nil
	}
	if rec.user.Snapshot && !a.cfg.AllowSnapshot { // from before it was forbidden, or of an Auth that allows it
		return nil
	}
	return rec
}

// ours reports whether appID is one of the accounts that this Auth logs in with.
func (a *Auth) ours(appID string) bool {
	return appID == a.cfg.AppID || (a.cfg.Website != nil && appID == a.cfg.Website.AppID)
}

// alive reports whether the session has not outlived MaxAge. Replicas' clocks may differ by a minute.
func (a *Auth) alive(rec *record) bool {
	age := time.Since(rec.user.LoginAt)
	return age < a.cfg.MaxAge && age > -time.Minute
}

// clientOf returns the account that the session was made with.
func (a *Auth) clientOf(rec *record) *Client {
	if a.website != nil && rec.user.AppID == a.cfg.Website.AppID {
		return a.website
	}
	return a.client
}

// save writes rec into the request's session, with the life that is left of it. A session that
// ended since it was read, by a logout in another tab, stays ended.
func (a *Auth) save(w http.ResponseWriter, r *http.Request, rec *record) error {
	session, err := a.store.New(r, a.sessionName)
	switch {
	case err != nil && !sessionstore.Anonymous(err):
		return err
	case err != nil || session.IsNew:
		return nil //nolint:nilerr // it ended
	}
	if err := a.write(w, r, session, rec); !errors.Is(err, sessionstore.ErrNotFound) {
		return err
	}
	return nil
}

// replace begins a new session for rec under a new ID, so that an ID planted in the browser before
// the login is worth nothing after it. The old record is deleted.
func (a *Auth) replace(w http.ResponseWriter, r *http.Request, rec *record) error {
	old, err := a.store.New(r, a.sessionName)
	if err != nil && !sessionstore.Anonymous(err) {
		return err
	}
	if err == nil && !old.IsNew {
		if err := a.end(headerWriter{http.Header{}}, r, old); err != nil {
			return err
		}
	}
	return a.write(w, r, newSession(a), rec)
}

func (a *Auth) write(w http.ResponseWriter, r *http.Request, session *sessions.Session, rec *record) error {
	left := time.Until(rec.user.LoginAt.Add(a.cfg.MaxAge))
	session.Options = a.cookieOptions(max(1, int(left/time.Second)))
	session.Values = map[any]any{recordKey: rec.encode()}
	return a.store.Save(r, w, session)
}

// end deletes the session in the store and its cookie in the browser.
func (a *Auth) end(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	session.Options = a.cookieOptions(-1)
	session.Values = map[any]any{}
	return a.store.Save(r, w, session)
}

func (a *Auth) cookieOptions(maxAge int) *sessions.Options {
	return &sessions.Options{Path: "/", MaxAge: maxAge, Secure: a.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// headerWriter takes the cookies that a store sets.
type headerWriter struct{ header http.Header }

func (w headerWriter) Header() http.Header       { return w.header }
func (headerWriter) Write(b []byte) (int, error) { return len(b), nil }
func (headerWriter) WriteHeader(int)             {}

// An admission is the context of a request that an Auth knows the user of. It is a context of its
// own, because a signed-in request must cost next to nothing: it is the only value there.
type admission struct {
	context.Context //nolint:containedctx // it is one
	auth            *Auth
	admitted        bool // by Admit; false: only identified
	user            *core.User

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

func (c *admission) current() *record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record
}

func (a *Auth) admission(ctx context.Context) *admission {
	adm, _ := ctx.Value(admissionKey{a}).(*admission)
	return adm
}

// pass puts the user on the context.
func (a *Auth) pass(r *http.Request, rec *record, admitted bool) *http.Request {
	return r.WithContext(&admission{Context: r.Context(), auth: a, admitted: admitted, user: rec.user, record: rec}) //nolint:contextcheck // it is the request's, and more
}

func newSession(a *Auth) *sessions.Session {
	session := sessions.NewSession(a.store, a.sessionName)
	session.IsNew = true
	return session
}
