package mpauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// maxTokenSize is the length that a token may have. A token is the value of a cookie that a store
// sets, and browsers take no longer ones.
const maxTokenSize = 4096

// valueKey is the key of the only value in our sessions.
const valueKey = "wxmini"

// errNoToken means that no token can be made with this Store.
var errNoToken = errors.New(
	"mpauth: the store set no cookie of the session's name, or one that fits into no header",
)

// tokens turns sessions into tokens and back. It uses a gorilla store, which knows only cookies: a
// token is the value of the cookie that the store sets.
type tokens struct {
	store sessions.Store
	name  string // of the cookie
	// Seals what the store gets; nil for our own cookie store, which seals by itself.
	codec []securecookie.Codec
	appID string
	life  time.Duration // of a session, from its login
	keep  time.Duration // how long the store keeps it
}

// A tokenSession is the session of a token, as it was found in the store.
type tokenSession struct {
	record

	expired bool
	stored  *sessions.Session
}

// ready returns an error if the store cannot be reached. It is called before a code is sent to
// WeChat, because a code works once and would be lost if the session could not be saved. To find
// out, it reserves one of 32 keys. More keys would let strangers, who send invented codes, fill the
// store; a single one would always ask the same node of a cluster.
func (t *tokens) ready(r *http.Request) error {
	if outcomes, ok := t.store.(sessionstore.Outcomes); ok {
		_, err := outcomes.Reserve(r.Context(), "mini login "+rand.Text()[:1], postTime)
		return err
	}
	if t.codec == nil {
		return nil // the token holds the session, so there is no server to ask
	}
	trial := sessions.NewSession(t.store, t.name)
	trial.IsNew = true
	if _, err := t.save(r, trial, postTime); err != nil {
		return err
	}
	_, err := t.save(r, trial, -time.Second)
	return err
}

// issue saves a new session and returns its token. began is when the login began. The error is
// [sessionstore.ErrEnded] if the user's sessions were ended since then, and otherwise means an
// outage.
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

// open returns the session of a token, or nil if the token has none. An error means an outage.
func (t *tokens) open(r *http.Request, token string) (*tokenSession, error) {
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
	return &tokenSession{record: rec, expired: age >= t.life, stored: stored}, nil
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

// end removes the session from the store, if it is there. An error means an outage.
func (t *tokens) end(r *http.Request, l *tokenSession) error {
	if _, err := t.save(r, l.stored, -time.Second); !sessionstore.Anonymous(err) {
		return err
	}
	return nil
}

// save saves the session and returns the header with the cookie that the store sets.
func (t *tokens) save(
	r *http.Request, stored *sessions.Session, life time.Duration,
) (http.Header, error) {
	stored.Options = &sessions.Options{
		Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode,
	}
	answer := answers.HeaderOnly{}
	err := t.store.Save(t.carrier(r, ""), answer, stored)
	return answer.Header(), err
}

// carrier returns r as the store expects it: with the token in a cookie, and no other header.
func (t *tokens) carrier(r *http.Request, token string) *http.Request {
	carrier := r.WithContext(r.Context())
	carrier.Header = http.Header{}
	if token != "" {
		carrier.Header.Set("Cookie", t.name+"="+token)
	}
	return carrier
}

// validToken reports whether token can be the value of a cookie without quoting. If it were
// quoted, the store would read another value than the one that was sent.
func validToken(token string) bool {
	for _, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return 1 <= len(token) && len(token) <= maxTokenSize
}
