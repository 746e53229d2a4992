package mpauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// maxTokenSize is more than any store makes of a session: browsers take no longer cookies either.
const maxTokenSize = 4096

// valueKey is the key of the one value in our sessions.
const valueKey = "wxmini"

// errNoToken means that Store is no store for header tokens.
var errNoToken = errors.New("mpauth: the store set no cookie of the session's name, or one that fits into no header")

// tokens turns sessions into tokens and back, by way of a gorilla store: a token is the value of
// the cookie that the store would have set.
type tokens struct {
	store sessions.Store
	name  string               // of that cookie
	codec []securecookie.Codec // nil with a store that certainly seals: ours
	appID string
	life  time.Duration // of a session, from its login
	keep  time.Duration // how long the store holds it
}

// A login is a token's session as the store has it.
type login struct {
	record

	expired bool
	stored  *sessions.Session
}

// ready reports an outage of the store, before a code of WeChat's is spent on a session that could
// not be kept. Whoever sends codes that he made up leaves no more behind than one of 32 keys, which
// lie on different nodes of a cluster.
func (t *tokens) ready(r *http.Request) error {
	if outcomes, ok := t.store.(sessionstore.Outcomes); ok {
		_, err := outcomes.Reserve(r.Context(), "mini login "+rand.Text()[:1], postTime)
		return err
	}
	if t.codec == nil {
		return nil // a sealed token is kept by the client
	}
	trial := sessions.NewSession(t.store, t.name)
	trial.IsNew = true
	if _, err := t.save(r, trial, postTime); err != nil {
		return err
	}
	_, err := t.save(r, trial, -time.Second)
	return err
}

// issue stores a session under a new ID and returns its token. began is when the login began. An
// error is [sessionstore.ErrEnded], or an outage.
func (t *tokens) issue(r *http.Request, rec record, began time.Time) (token string, err error) {
	value := rec.marshal()
	if t.codec != nil {
		sealed, err := securecookie.EncodeMulti(t.name, value, t.codec...)
		if err != nil {
			return "", err
		}
		value = []byte(sealed)
	}
	stored := sessions.NewSession(t.store, t.name)
	stored.IsNew = true
	stored.Values[valueKey] = value
	r = r.WithContext(sessionstore.WithLogin(r.Context(), sessionstore.Login{
		Subject: subject.Of(t.appID, rec.session.OpenID), Began: began,
	}))
	header, err := t.save(r, stored, t.keep)
	if err != nil {
		return "", err
	}
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		if cookie.Name == t.name {
			token = cookie.Value
		}
	}
	if !validToken(token) {
		return "", errNoToken
	}
	return token, nil
}

// open returns the login behind a token, or nil if there is none. An error is an outage.
func (t *tokens) open(r *http.Request, token string) (*login, error) {
	if !validToken(token) {
		return nil, nil
	}
	stored, err := t.store.New(t.carrier(r, token), t.name)
	if !sessionstore.Anonymous(err) {
		return nil, err
	}
	if err != nil || stored == nil || stored.IsNew {
		return nil, nil //nolint:nilerr // the store knows no such session, and that is its answer
	}
	rec, err := t.read(stored)
	age := time.Since(rec.loginAt)
	if err != nil || age < -clock.Skew {
		return nil, nil //nolint:nilerr // a session of somebody else
	}
	return &login{record: rec, expired: age >= t.life, stored: stored}, nil
}

func (t *tokens) read(stored *sessions.Session) (record, error) {
	value, _ := stored.Values[valueKey].([]byte)
	if t.codec != nil {
		sealed := string(value)
		if err := securecookie.DecodeMulti(t.name, sealed, &value, t.codec...); err != nil {
			return record{}, err
		}
	}
	return unmarshalRecord(value, t.appID)
}

// endAll ends all sessions of a user; see [Auth.EndSessions].
func (t *tokens) endAll(ctx context.Context, openID string) error {
	ender, ok := t.store.(sessionstore.Ender)
	if !ok {
		return sessionstore.ErrUnsupported
	}
	return ender.EndAll(ctx, subject.Of(t.appID, openID))
}

// end removes the session from the store, as far as it is there. An error is an outage.
func (t *tokens) end(r *http.Request, l *login) error {
	if _, err := t.save(r, l.stored, -time.Second); !sessionstore.Anonymous(err) {
		return err
	}
	return nil
}

// save saves the session and returns the header that a browser would have got.
func (t *tokens) save(r *http.Request, stored *sessions.Session, life time.Duration) (http.Header, error) {
	stored.Options = &sessions.Options{
		Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	answer := headerOnly{}
	err := t.store.Save(t.carrier(r, ""), answer, stored)
	return answer.Header(), err
}

// carrier is r as a browser would send it: with the token in a cookie, and no other header.
func (t *tokens) carrier(r *http.Request, token string) *http.Request {
	carrier := r.WithContext(r.Context())
	carrier.Header = http.Header{}
	if token != "" {
		carrier.Header.Set("Cookie", t.name+"="+token)
	}
	return carrier
}

// validToken reports whether token can be the value of a cookie and part of a header: then it
// means the same to the store as to us.
func validToken(token string) bool {
	for _, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return 1 <= len(token) && len(token) <= maxTokenSize
}

// headerOnly is a ResponseWriter of which only the header is of interest.
type headerOnly http.Header

func (h headerOnly) Header() http.Header         { return http.Header(h) }
func (h headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h headerOnly) WriteHeader(int)             {}
