package oauth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A keeper keeps the sessions of an Auth in its store. An error of any method means that the store
// could not be asked. Nothing must be saved then, and no cookie cleared.
type keeper struct {
	store         sessions.Store
	peeker        stores.Peeker // the store, if there is a memo
	memo          *memo         // nil for none
	name          string        // of the session's cookie
	secure        bool          // whether the cookie is Secure
	firstOnly     bool          // whether the store may overlook ours behind a neighbour's cookie
	maxAge        time.Duration
	deskAge       time.Duration // maxAge of sessions that a phone has confirmed
	appIDs        []string      // of the accounts with which users log in
	allowSnapshot bool
	logger        *slog.Logger
	ended         farewells
	// Chosen by the session, so that only one request at a time changes it.
	saving [64]sync.Mutex
}

func newKeeper(cfg Config) (k *keeper, err error) {
	k = &keeper{
		store: cfg.Store, maxAge: cfg.MaxAge, deskAge: min(defaultDeskAge, cfg.MaxAge),
		appIDs: []string{cfg.AppID}, allowSnapshot: cfg.AllowSnapshot, logger: cfg.Logger,
		ended: farewells{known: map[sessionID]farewell{}},
	}
	k.name, k.secure = cfg.cookieName("wx")
	if cfg.Desk != nil {
		k.deskAge = cfg.Desk.MaxAge
	}
	if cfg.Website != nil {
		k.appIDs = append(k.appIDs, cfg.Website.AppID)
	}
	if k.store == nil {
		k.store, err = sessionstore.NewCookie(cfg.Keys...)
	}
	peeker, ours := stores.PeekerOf(k.store)
	if ours && cfg.MemoSize > 0 {
		k.peeker, k.memo = peeker, newMemo(cfg.MemoSize)
	}
	k.firstOnly = !ours && !k.secure
	return k, err
}

// load returns the record of the request's session, perhaps without tokens, or nil if nobody is
// signed in.
func (k *keeper) load(r *http.Request, now time.Time) (*record, error) {
	if k.memo == nil {
		return k.open(r, now)
	}
	for value := range cookie.Candidates(r, k.name) {
		if rec, err := k.loadValue(r, value, now); rec != nil || err != nil {
			return rec, err
		}
	}
	return nil, nil
}

// loadValue is like load, for one value of the session's cookie.
func (k *keeper) loadValue(r *http.Request, value string, now time.Time) (*record, error) {
	sealed, err := k.peeker.Peek(r.Context(), k.name, value)
	if err != nil {
		return nil, k.unlessAnonymous(r, err)
	}
	if rec, ok := k.memo.get(value, sealed, now); ok {
		return rec, nil
	}
	values, err := k.peeker.OpenPeeked(r.Context(), k.name, value, sealed)
	if err != nil {
		return nil, k.unlessAnonymous(r, err)
	}
	rec := k.recordIn(values, now)
	if rec == nil {
		return nil, nil
	}
	k.memo.put(value, sealed, rec, now, k.end(rec))
	// A moment ago, and perhaps before there was something to forget.
	if k.ended.of(rec) == loggedOut {
		k.memo.forget(rec)
		return nil, nil
	}
	return rec, nil
}

// endable reports whether the store can end all sessions of a user.
func (k *keeper) endable() bool {
	_, ok := k.store.(sessionstore.Ender)
	return ok
}

// open is like load, but does not use the memo: the record has its tokens and is not shared.
func (k *keeper) open(r *http.Request, now time.Time) (*record, error) {
	session, err := k.session(r)
	if err != nil {
		return nil, k.unlessAnonymous(r, err)
	}
	return k.recordIn(session.Values, now), nil
}

// openValue is like open, for one value of the session's cookie.
func (k *keeper) openValue(ctx context.Context, value string, now time.Time) (*record, error) {
	alone := &http.Request{Header: http.Header{"Cookie": {k.name + "=" + value}}}
	return k.open(alone.WithContext(ctx), now)
}

// valueOf returns the value of the cookie that opens the request's session, or "". Over http a
// neighbour's may stand in front of it.
func (k *keeper) valueOf(r *http.Request, now time.Time) (string, error) {
	for value := range cookie.Candidates(r, k.name) {
		if rec, err := k.openValue(r.Context(), value, now); rec != nil || err != nil {
			return value, err
		}
	}
	return "", nil
}

// session returns the request's session. Our own stores try each cookie of the name, a store of the
// program's own looks at the first one alone. Over http a neighbour's may stand in front of ours,
// so the next ones are tried here.
func (k *keeper) session(r *http.Request) (*sessions.Session, error) {
	session, err := k.store.New(r, k.name)
	if !k.firstOnly || !nobodys(session, err) {
		return session, err
	}
	for value := range cookie.Candidates(r, k.name) {
		alone := r.WithContext(r.Context())
		alone.Header = r.Header.Clone()
		alone.Header.Set("Cookie", k.name+"="+value)
		if one, err := k.store.New(alone, k.name); !nobodys(one, err) {
			return one, err
		}
	}
	return session, err
}

// nobodys reports whether a store knows that nobody is signed in.
func nobodys(session *sessions.Session, err error) bool {
	return sessionstore.Anonymous(err) && (err != nil || session == nil || session.IsNew)
}

// unlessAnonymous returns the error of the store, or nil if it means that nobody is signed in.
func (k *keeper) unlessAnonymous(r *http.Request, err error) error {
	if !sessionstore.Anonymous(err) {
		return err
	}
	if err != nil {
		k.logger.DebugContext(r.Context(), "wxoauth: a session cookie was not accepted")
	}
	return nil
}

// recordIn returns the record in a session's values, or nil if it is not of this account, or is
// over.
func (k *keeper) recordIn(values map[any]any, now time.Time) *record {
	data, ok := values[recordKey].([]byte)
	if !ok {
		return nil
	}
	rec, err := decodeRecord(data)
	if err != nil || !k.ours(rec) || !k.alive(rec, now) {
		return nil
	}
	if k.ended.of(rec) == loggedOut {
		return nil
	}
	// The session was made before this was forbidden, or by an Auth that allows it.
	if rec.user.Snapshot && !k.allowSnapshot {
		return nil
	}
	return rec
}

// ours reports whether the session is of one of our accounts. A session that was made by a phone
// or a mini program may have the AppID of another account; we have sealed it, so it is good.
func (k *keeper) ours(rec *record) bool {
	return rec.user.Via != "" || slices.Contains(k.appIDs, rec.user.AppID)
}

// alive reports whether the session has begun and has not ended.
func (k *keeper) alive(rec *record, now time.Time) bool {
	return now.Before(k.end(rec)) && now.Sub(rec.user.LoginAt) > -clock.Skew
}

// end returns when the session ends; its use does not extend it.
func (k *keeper) end(rec *record) time.Time {
	switch rec.user.Via {
	case viaDesk:
		return rec.user.LoginAt.Add(k.deskAge)
	case viaHandover:
		return rec.user.LoginAt.Add(min(k.maxAge, handoverMaxAge))
	}
	return rec.user.LoginAt.Add(k.maxAge)
}

// save writes rec into the request's session, which keeps its end. was is the session as it was
// read: changes that another request has made since are kept. If the session was ended meanwhile,
// by a logout in another tab, it stays ended.
func (k *keeper) save(
	w http.ResponseWriter, r *http.Request, was, rec *record, now time.Time,
) error {
	mine := &k.saving[rec.serial%uint32(len(k.saving))]
	mine.Lock()
	defer mine.Unlock()
	session, err := k.session(r)
	if err != nil {
		return k.unlessAnonymous(r, err)
	}
	current := k.recordIn(session.Values, now)
	if current == nil || current.id() != was.id() || k.ended.of(current) != notEnded {
		return nil
	}
	merged := rec.onto(was, current)
	if bytes.Equal(merged.encode(), current.encode()) {
		return nil // another request has made the same change
	}
	if err := k.write(w, r, session, merged, now); !errors.Is(err, sessionstore.ErrNotFound) {
		return err
	}
	return nil
}

// replace begins a new session for rec and deletes the old one. The new session has a new ID,
// because somebody may have put the old ID into the browser before the login. began is when the
// login began: the error is [sessionstore.ErrEnded] if the user's sessions were ended since. If
// began is in the future, because another replica's clock is ahead, it is set back by a minute, so
// that any end that the store remembers counts.
func (k *keeper) replace(
	w http.ResponseWriter, r *http.Request, rec *record, began, now time.Time,
) error {
	old, err := k.session(r)
	if err != nil && !sessionstore.Anonymous(err) {
		return err
	}
	if err == nil && !old.IsNew {
		k.ended.add(k.recordIn(old.Values, now), replaced)
		if err := k.delete(answers.HeaderOnly{}, r, old); err != nil {
			return err
		}
	}
	if began.After(now) {
		began = now.Add(-time.Minute)
	}
	login := sessionstore.Login{Subject: subject.Of(rec.user.AppID, rec.user.OpenID), Began: began}
	return k.create(w, r.WithContext(sessionstore.WithLogin(r.Context(), login)), rec, now)
}

// create begins a session without deleting another one.
func (k *keeper) create(w http.ResponseWriter, r *http.Request, rec *record, now time.Time) error {
	begun := *rec
	begun.serial = newSerial()
	session := sessions.NewSession(k.store, k.name)
	session.IsNew = true
	return k.write(w, r, session, &begun, now)
}

// removeAll ends all sessions of a user, and the logins that have begun.
func (k *keeper) removeAll(ctx context.Context, openID string) error {
	ender, ok := k.store.(sessionstore.Ender)
	if !ok {
		return sessionstore.ErrUnsupported
	}
	for _, appID := range k.appIDs {
		if err := ender.EndAll(ctx, subject.Of(appID, openID)); err != nil {
			return err
		}
	}
	return nil
}

// remove ends the request's session, in the store and in the browser. rec is its record, or nil.
func (k *keeper) remove(w http.ResponseWriter, r *http.Request, rec *record) error {
	session, err := k.session(r)
	switch {
	case !sessionstore.Anonymous(err):
		return err // the session may exist, so its cookie is kept
	case session == nil:
		return errors.New("the store gave no session")
	}
	k.ended.add(rec, loggedOut)
	k.memo.forget(rec)
	// The store has no such session, and some stores fail if they are asked to delete it.
	if session.IsNew {
		http.SetCookie(w, sessions.NewCookie(k.name, "", k.options(-1)))
		return nil
	}
	return k.delete(w, r, session)
}

func (k *keeper) write(
	w http.ResponseWriter, r *http.Request, session *sessions.Session, rec *record, now time.Time,
) error {
	session.Options = k.options(max(1, int(k.end(rec).Sub(now)/time.Second)))
	session.Values = map[any]any{recordKey: rec.encode()}
	return k.store.Save(r, w, session)
}

// delete ends a session, which another tab may have ended just before: that is no fault.
func (k *keeper) delete(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	session.Options = k.options(-1)
	session.Values = map[any]any{}
	err := k.store.Save(r, w, session)
	if err != nil && sessionstore.Anonymous(err) {
		http.SetCookie(w, sessions.NewCookie(k.name, "", session.Options))
		return nil
	}
	return err
}

func (k *keeper) options(maxAge int) *sessions.Options {
	return &sessions.Options{
		Path: "/", MaxAge: maxAge, Secure: k.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
