package redisstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/redisvisit"
	"github.com/wxoauth/wxoauth/internal/seal"
	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/sessionstore"
)

const (
	defaultPrefix  = "wx:"
	defaultTimeout = 800 * time.Millisecond // short, so that an outage is answered within a second

	// cachedFor is how long a replica uses a value that it has read, even if Redis' message that
	// the value has changed gets lost.
	cachedFor = time.Minute

	// unread is the ID of a session that could not be read. Save refuses it, so that the session
	// is not overwritten.
	unread = "unread"
)

// Config describes how sessions are kept. Only Keys is required.
type Config struct {
	// At least 32 bytes each: the first one seals what Redis stores, and each of them opens.
	Keys   [][]byte
	Prefix string // of all keys in Redis; default "wx:"

	// NoTracking reads with a GET command each time and keeps nothing in memory. It is for Redis
	// behind a proxy that does not support client-side caching. The client then needs rueidis'
	// DisableCache, too.
	NoTracking bool

	Timeout time.Duration // for one command; default 0.8 s
	// Options are those of new sessions. The default is Path=/, HttpOnly, Secure, SameSite=Lax and
	// 30 days.
	Options sessions.Options
}

// A Store keeps sessions in Redis. Make it with [New]; it is safe for concurrent use.
//
// A session lasts for the Options.MaxAge that it has at the first Save, or 30 days if that is 0
// and the cookie ends with the browser. Later Saves do not extend it. One user has a thousand
// sessions at most: a login beyond that ends the one that would end first. A program that signs
// visitors in by itself, without this module's packages, must call [Store.Renew] before Save.
type Store struct {
	redis    *redisvisit.Server
	seal     *sealer
	ids      *mint
	strays   strays
	watched  watchlist // outcomes that may be in the client's cache
	prefix   string
	tracking bool
	options  sessions.Options
}

// New returns a store that uses client, which the caller closes. The error joins all faults of
// cfg. New does not ask Redis, so Redis may be started later.
func New(client rueidis.Client, cfg Config) (*Store, error) {
	sealer, sealErr := newSealer(cfg.Keys)
	ids, idErr := newMint(cfg.Keys)
	wrong := faultsOf("Config", client, cfg.Timeout)
	wrong.Keys("Config.Keys", cfg.Keys)
	if err := errors.Join(wrong.Err(), sealErr, idErr); err != nil {
		return nil, err
	}
	s := &Store{
		redis: redisvisit.New(client, cmp.Or(cfg.Timeout, defaultTimeout)),
		seal:  sealer, ids: ids, prefix: cmp.Or(cfg.Prefix, defaultPrefix),
		tracking: !cfg.NoTracking, options: cfg.Options,
	}
	if s.options == (sessions.Options{}) {
		s.options = stores.DefaultOptions()
	}
	return s, nil
}

// faultsOf begins with what is wrong with a client, and with the Timeout of the struct config.
func faultsOf(config string, client rueidis.Client, timeout time.Duration) *faults.List {
	wrong := faults.In("redisstore: ")
	wrong.If(client == nil, "client", "is missing")
	wrong.Duration(config+".Timeout", timeout, 0)
	return wrong
}

// Get returns the request's session of that name. It reads the session once per request.
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session whose id is in the cookie. The session is never nil: if there is none, it
// is empty and IsNew. If there is a cookie but no session of that id, the error is
// [sessionstore.ErrNotFound]. If a request has several cookies of that name, the first with a
// session is taken. If the name begins with "__Host-", only the first one is looked at, because
// browsers keep only one of such a name.
//
// After an [*Error] the visitor may have a session, so the returned one cannot be saved.
func (s *Store) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	options := s.options
	session.Options = &options
	session.IsNew = true

	var fault error
	for id := range cookie.Candidates(r, name) {
		values, err := s.read(r.Context(), name, id)
		switch {
		case err == nil:
			session.ID, session.Values, session.IsNew = id, values, false
			return session, nil
		case !errors.Is(err, sessionstore.ErrNotFound):
			session.ID = unread
			return session, err
		}
		fault = err
	}
	return session, fault
}

// read returns the values of the session with this id.
func (s *Store) read(ctx context.Context, name, id string) (map[any]any, error) {
	sealed, err := s.Peek(ctx, name, id)
	if err != nil {
		return nil, err
	}
	return s.OpenPeeked(ctx, name, id, sealed)
}

// Itself returns s. The login engines call it to find s in a store that embeds it.
func (s *Store) Itself() sessions.Store { return s }

// Peek returns the sealed record of the session whose id is in the cookie. It is for the login
// engines.
func (s *Store) Peek(ctx context.Context, name, cookie string) (string, error) {
	switch {
	case s.ids.made(name, cookie):
		return s.load(ctx, s.sessionKey(name, cookie))
	case isID(cookie):
		return s.loadStray(ctx, s.sessionKey(name, cookie))
	default:
		return "", sessionstore.ErrNotFound
	}
}

// OpenPeeked opens a sealed record. It is for the login engines. A record that was sealed with an
// older key is sealed again with the first one, so that visitors stay signed in after the older
// key is removed.
func (s *Store) OpenPeeked(ctx context.Context, name, cookie, sealed string) (map[any]any, error) {
	key := s.sessionKey(name, cookie)
	record, reseal, err := s.seal.open(key, sealed)
	if errors.Is(err, errGarbled) {
		return nil, wrap("read a session",
			fmt.Errorf("%w under %s: once it is deleted, its owner can sign in again", err, key))
	}
	var values map[any]any
	if err == nil {
		values, _, err = seal.Unmarshal(record)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: its record does not open: %w", sessionstore.ErrNotFound, err)
	}
	if reseal {
		s.reseal(ctx, key, sealed, s.seal.seal(key, record))
	}
	return values, nil
}

// replaceScript replaces a record that is still there, or with a second argument only that one, and
// keeps its life. SET can keep it by itself since Redis 6.
//
//nolint:gochecknoglobals // a constant but for its sum
var replaceScript = redisvisit.NewScript(`local life = redis.call('PTTL', KEYS[1])
if life < 1 or ARGV[2] and redis.call('GET', KEYS[1]) ~= ARGV[2] then return false end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', life)`)

// reseal replaces a record by the same one with a new seal. If that fails, the next reader tries
// again.
func (s *Store) reseal(ctx context.Context, key, old, sealed string) {
	_ = s.redis.Run(ctx, replaceScript, []string{key}, sealed, old).Error()
}

// load returns the record under key, from the client's cache if that has it.
func (s *Store) load(ctx context.Context, key string) (string, error) {
	if get := s.redis.Client.B().Get().Key(key); s.tracking {
		return sealedIn(s.redis.DoCache(ctx, get.Cache().ToStaticTTL(), cachedFor))
	}
	return s.loadPlain(ctx, key)
}

// loadPlain returns the record under key, always from Redis.
func (s *Store) loadPlain(ctx context.Context, key string) (string, error) {
	return sealedIn(s.redis.Do(ctx, s.redis.Client.B().Get().Key(key).Build()))
}

func sealedIn(result rueidis.RedisResult) (string, error) {
	sealed, err := result.ToString()
	if redisvisit.Missing(err) {
		return "", sessionstore.ErrNotFound
	}
	if err == nil && sealed == "" {
		err = errGarbled
	}
	return sealed, wrap("read a session", err)
}

// Save stores the session and sets its cookie, or with a negative MaxAge deletes both. A session
// without an ID gets one. The cookie is set only after Redis has stored the session. If the
// session was ended since it was read, it stays ended, and the error is
// [sessionstore.ErrNotFound].
func (s *Store) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	options := s.options
	if session.Options != nil {
		options = *session.Options
	}
	if options.MaxAge < 0 {
		if err := s.Renew(r.Context(), session); err != nil {
			return err
		}
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", &options))
		return nil
	}
	if err := s.store(r.Context(), session, stores.Expiry(options.MaxAge)); err != nil {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, &options))
	return nil
}

// store stores a new session under a new id, or replaces the record of an old one.
func (s *Store) store(ctx context.Context, session *sessions.Session, expiry time.Time) error {
	if session.ID == unread {
		return wrap("save a session", errors.New("it could not be read before"))
	}
	if session.ID == "" {
		return s.create(ctx, session, expiry)
	}
	key := s.sessionKey(session.Name(), session.ID)
	record, err := seal.Marshal(session.Values, expiry)
	if err != nil {
		return err
	}
	replaced := s.redis.Run(ctx, replaceScript, []string{key}, s.seal.seal(key, record))
	err = s.announced(ctx, key, replaced.Error())
	if redisvisit.Missing(err) {
		return sessionstore.ErrNotFound
	}
	return wrap("save a session", err)
}

// create stores a new session under a new id.
func (s *Store) create(ctx context.Context, session *sessions.Session, expiry time.Time) error {
	login, known := sessionstore.LoginFrom(ctx)
	owner := nobody()
	if known {
		owner = ownerOf(login.Subject)
	}
	id := s.ids.make(session.Name(), owner)
	key := s.sessionKey(session.Name(), id)
	record, err := seal.Marshal(session.Values, expiry)
	if err != nil {
		return err
	}
	sealed, life := s.seal.seal(key, record), max(time.Until(expiry), time.Millisecond)
	if known {
		err = s.saveNew(ctx, id, key, sealed, life, login)
	} else {
		set := s.redis.Client.B().Set().Key(key).Value(sealed).Px(life).Build()
		err = wrap("save a session", s.redis.Do(ctx, set.ToRetryable()).Error())
	}
	if err == nil {
		session.ID = id
	}
	return err
}

// Renew deletes the session's record, so that the next Save stores it under a new id. Call it when
// a visitor signs in or gets more rights: somebody else may know the old id, or have put it into
// the visitor's browser.
func (s *Store) Renew(ctx context.Context, session *sessions.Session) error {
	if session.ID == unread {
		return wrap("end a session", errors.New("it could not be read before"))
	}
	if session.ID != "" {
		key := s.sessionKey(session.Name(), session.ID)
		if err := s.remove(ctx, session.ID, key); err != nil {
			return wrap("end a session", err)
		}
	}
	session.ID = ""
	return nil
}

// announced waits until this process has got Redis' message that key has changed, so that the next
// load does not return the old value from memory. It returns err, the error of the command that
// changed key, and waits only if that is nil.
func (s *Store) announced(ctx context.Context, key string, err error) error {
	if err == nil && s.tracking {
		s.redis.Announced(ctx, key)
	}
	return err
}

// sessionKey returns the Redis key of the session with this id. It is made of a digest, so that
// somebody who reads Redis does not learn the id. The digest covers the name of the cookie, so an
// id is not good for another cookie. The record is sealed for this key, so records cannot be
// exchanged in Redis.
func (s *Store) sessionKey(name, id string) string {
	var buf [128]byte // on the stack, because this runs with every request
	sum := sha256.Sum256(append(append(append(buf[:0], name...), '='), id...))
	if tag := tagOf(id); tag != "" {
		return s.keyOf(tag, encoding.EncodeToString(sum[:memberSize]))
	}
	return s.prefix + "s:" + encoding.EncodeToString(sum[:])
}

// keyOf returns the Redis key of a session, from the tag of its owner and its name in the owner's
// list.
func (s *Store) keyOf(tag, member string) string { return s.prefix + "s:{" + tag + "}" + member }

// memberOf returns the name in the owner's list of a session whose key keyOf has made.
func memberOf(key string) string { return key[len(key)-memberLength:] }

// listKey returns the Redis key of the list of an owner's sessions.
func (s *Store) listKey(tag string) string { return s.prefix + "u:{" + tag + "}" }
