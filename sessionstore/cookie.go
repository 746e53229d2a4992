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

// maxCookieSize is the limit of name=value. Browsers ignore a longer cookie.
const maxCookieSize = 4096

// A CookieStore keeps the whole session in one encrypted and authenticated cookie. Make it with
// [NewCookie]; it is safe for concurrent use. Nothing is stored on a server, so a cookie that was
// copied before a logout stays good until it expires; use the redisstore package where that
// matters.
//
// The sealed value contains its expiry, which is the session's Options.MaxAge after Save. With
// MaxAge 0 the cookie ends when the browser is closed, and after 30 days at the latest.
type CookieStore struct {
	// Options are those of new sessions; the default is Path=/, HttpOnly, Secure, SameSite=Lax and
	// 30 days. Change them before the store is used. A session's own Options may be changed before
	// its Save.
	Options sessions.Options

	// Keeps the keys, which fmt would print from a field.
	newCodecs func(name string) ([]securecookie.Codec, error)
	codecs    sync.Map // cookie name → []securecookie.Codec
}

// NewCookie returns a store that keeps the whole session in one sealed cookie. The first key
// seals, and each of them opens. So to change keys on several replicas, add the new one at the
// end, move it to the front in a second deploy, and remove the old one in a third. No keys, and
// keys under 32 bytes, are errors, and all of them are joined.
func NewCookie(keys ...[]byte) (*CookieStore, error) {
	wrong := faults.In("sessionstore: ")
	wrong.Keys("keys", keys)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	var mine [][]byte
	for _, key := range keys {
		mine = append(mine, bytes.Clone(key))
	}
	return &CookieStore{
		Options: stores.DefaultOptions(),
		newCodecs: func(name string) ([]securecookie.Codec, error) {
			return NewCodecs(mine, name)
		},
	}, nil
}

// Get returns the request's session of that name. It reads the cookie once per request.
func (s *CookieStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session from the cookie. The session is never nil: without a good cookie it is
// empty and IsNew. If there is a cookie that does not open, the error is a [securecookie.Error]
// with IsDecode. If a request has several cookies of that name, the first good one is taken. If
// the name begins with "__Host-", only the first one is looked at, because browsers keep only one
// of such a name.
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

// Itself returns s. The login engines call it to find s in a store that embeds it.
func (s *CookieStore) Itself() sessions.Store { return s }

// Peek returns the cookie's value, which is the whole session. It is for the login engines.
func (s *CookieStore) Peek(_ context.Context, _, cookie string) (string, error) {
	return cookie, nil
}

// OpenPeeked opens a cookie's value. It is for the login engines.
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
func (s *CookieStore) Save(
	_ *http.Request, w http.ResponseWriter, session *sessions.Session,
) error {
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
		if value, err = Seal(codecs, name, session.Values,
			stores.Expiry(options.MaxAge)); err != nil {
			return err
		}
	}
	if size := len(name) + len("=") + len(value); size > maxCookieSize {
		return fmt.Errorf("%w: this one has %d", ErrTooLarge, size)
	}
	http.SetCookie(w, sessions.NewCookie(name, value, &options))
	return nil
}

// codecsFor returns the codecs of one cookie name. They are kept, because an app has only a few
// names.
func (s *CookieStore) codecsFor(name string) ([]securecookie.Codec, error) {
	if codecs, ok := s.codecs.Load(name); ok {
		return codecs.([]securecookie.Codec), nil
	}
	codecs, err := s.newCodecs(name)
	if err != nil {
		return nil, err
	}
	s.codecs.Store(name, codecs)
	return codecs, nil
}
