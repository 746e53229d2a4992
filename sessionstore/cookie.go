package sessionstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/seal"
	"github.com/wxoauth/wxoauth/internal/stores"
)

// maxCookieSize bounds name=value; browsers drop longer ones without a word.
const maxCookieSize = 4096

// A CookieStore keeps the whole session in one encrypted and authenticated cookie. Make it with
// [NewCookie]; it is safe for concurrent use. Nothing is stored elsewhere, so a cookie that was
// copied before a logout stays good until it expires; use the redisstore package where that matters.
//
// The expiry is inside the seal: it is what Options.MaxAge of the session says at Save. MaxAge 0
// makes a cookie that ends with the browser, and 30 days at the latest.
type CookieStore struct {
	// Options are those of new sessions. From the start they are Path=/, HttpOnly, Secure,
	// SameSite=Lax and 30 days. Each session may change its own before Save. Change them before first use.
	Options sessions.Options

	keys   [][]byte
	codecs sync.Map // cookie name → []securecookie.Codec
}

// NewCookie returns a store that keeps the whole session in one sealed cookie. The first key
// seals, all open, so a new key is added last, moved to the front in a second deploy, and the old
// one removed in a third. It refuses no key, and keys that are under 32 bytes or all zero, all faults
// joined.
func NewCookie(keys ...[]byte) (*CookieStore, error) {
	wrong := faults.In("sessionstore: ")
	wrong.Keys("keys", keys)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	s := &CookieStore{Options: stores.DefaultOptions()}
	for _, key := range keys {
		s.keys = append(s.keys, bytes.Clone(key))
	}
	return s, nil
}

// Get returns the request's session of that name, reading the cookie once per request.
func (s *CookieStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the cookie. The session is never nil: without a good cookie it is empty and IsNew,
// and if there was a cookie that does not open, the error is a [securecookie.Error] with IsDecode.
// Of several cookies of one name the first good one counts; with the prefix "__Host-", which browsers
// keep once, only the first is looked at.
func (s *CookieStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	options := s.Options
	session.Options = &options
	session.IsNew = true

	var fault error
	for value := range cookie.Candidates(r, name) {
		values, err := s.OpenPeeked(r.Context(), name, value, value)
		if err == nil {
			session.Values, session.IsNew = values, false
			return session, nil
		}
		fault = cmp.Or(fault, err)
	}
	return session, fault
}

// Itself returns s, also of a store that embeds s: for the login engines.
func (s *CookieStore) Itself() sessions.Store { return s }

// Peek returns the cookie's value, which is the whole session: for the login engines.
func (s *CookieStore) Peek(_ context.Context, _, cookie string) (string, error) { return cookie, nil }

// OpenPeeked opens a cookie's value: for the login engines.
func (s *CookieStore) OpenPeeked(_ context.Context, name, _, value string) (map[any]any, error) {
	if len(value) > maxCookieSize {
		return nil, seal.Error("a cookie is too long")
	}
	codecs, err := s.codecsFor(name)
	if err != nil {
		return nil, err
	}
	values, _, err := Open(codecs, name, value)
	return values, err
}

// Save sets the session's cookie, or with a negative MaxAge clears it. The error is [ErrTooLarge]
// if the session does not fit; then no cookie is set.
func (s *CookieStore) Save(_ *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	options := s.Options
	if session.Options != nil {
		options = *session.Options
	}
	name, value := session.Name(), ""
	if options.MaxAge >= 0 {
		codecs, err := s.codecsFor(name)
		if err != nil {
			return err
		}
		if value, err = Seal(codecs, name, session.Values, stores.Expiry(options.MaxAge)); err != nil {
			return err
		}
	}
	if size := len(name) + len("=") + len(value); size > maxCookieSize {
		return fmt.Errorf("%w: this one has %d", ErrTooLarge, size)
	}
	http.SetCookie(w, sessions.NewCookie(name, value, &options))
	return nil
}

// codecsFor returns the codecs of one cookie name. Names come from the app and are few.
func (s *CookieStore) codecsFor(name string) ([]securecookie.Codec, error) {
	if codecs, ok := s.codecs.Load(name); ok {
		return codecs.([]securecookie.Codec), nil
	}
	codecs, err := NewCodecs(s.keys, name)
	if err != nil {
		return nil, err
	}
	s.codecs.Store(name, codecs)
	return codecs, nil
}
