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
	defaultTimeout = 800 * time.Millisecond // so that a visitor is told within a second

	// cachedFor bounds how long a replica goes on with what it read, should Redis' word that it
	// has changed get lost.
	cachedFor = time.Minute

	// unread is the ID of a session that could not be read, so that Save refuses to overwrite it.
	unread = "unread"
)

// Config says how sessions are kept. Only Keys is required.
type Config struct {
	Keys   [][]byte // at least 32 bytes each; the first seals what Redis stores, all open
	Prefix string   // of all keys in Redis; default "wx:"

	// NoTracking reads with a plain GET each time, for Redis behind a proxy that cannot track
	// what its clients have read. Such a client also needs rueidis' DisableCache.
	NoTracking bool

	Timeout time.Duration    // for one visit to Redis; default 0.8 s
	Options sessions.Options // of new sessions; default: Path=/, HttpOnly, Secure, SameSite=Lax, 30 days
}

// A Store keeps sessions in Redis. Make it with [New]; it is safe for concurrent use.
//
// The life of a session is what its Options.MaxAge says at the first Save, or 30 days if that is
// 0 and the cookie ends with the browser. Later Saves never extend it. Whoever signs a visitor in
// without our engines calls [Store.Renew] before Save.
type Store struct {
	redis    *redisvisit.Server
	seal     *sealer
	ids      *mint
	strays   strays
	watched  watchlist // outcomes that are asked for again and again
	prefix   string
	tracking bool
	options  sessions.Options
}

// New returns a store that uses client, which stays the caller's to close. All faults of cfg are
// joined. It does not visit Redis, so it works before Redis does.
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
		seal:  sealer, ids: ids, prefix: cmp.Or(cfg.Prefix, defaultPrefix), tracking: !cfg.NoTracking, options: cfg.Options,
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

// Get returns the request's session of that name, reading it once per request.
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session that the cookie names. The session is never nil: without a good one it is
// empty and IsNew. A cookie that names none, or one that is over, is [sessionstore.ErrNotFound]. Of
// several cookies of one name the first good one counts; with the prefix "__Host-", which browsers
// keep once, only the first is looked at.
//
// After an [*Error] nothing is known, and the session returned cannot be saved.
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

// read returns the values of the session with that id.
func (s *Store) read(ctx context.Context, name, id string) (map[any]any, error) {
	sealed, err := s.Peek(ctx, name, id)
	if err != nil {
		return nil, err
	}
	return s.OpenPeeked(ctx, name, id, sealed)
}

// Itself returns s, also of a store that embeds s: for the login engines.
func (s *Store) Itself() sessions.Store { return s }

// Peek returns the sealed record of the session that the cookie names: for the login engines.
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

// OpenPeeked opens a record: for the login engines. One that an older key has sealed is sealed
// anew, so that who visits while keys are rotated stays signed in after the old one is gone.
func (s *Store) OpenPeeked(ctx context.Context, name, cookie, sealed string) (map[any]any, error) {
	key := s.sessionKey(name, cookie)
	record, reseal, err := s.seal.open(key, sealed)
	if errors.Is(err, errGarbled) {
		return nil, wrap("read a session", fmt.Errorf("%w under %s: once it is deleted, its owner can sign in again", err, key))
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

// reseal replaces the seal of a record. If that fails the next reader tries again.
func (s *Store) reseal(ctx context.Context, key, old, sealed string) {
	_ = s.redis.Run(ctx, replaceScript, []string{key}, sealed, old).Error()
}

// load reads the record under key.
func (s *Store) load(ctx context.Context, key string) (string, error) {
	if get := s.redis.Client.B().Get().Key(key); s.tracking {
		return sealedIn(s.redis.DoCache(ctx, get.Cache().ToStaticTTL(), cachedFor))
	}
	return s.loadPlain(ctx, key)
}

// loadPlain reads the record under key from Redis itself.
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
// without an ID gets one. Nothing is set unless Redis has done its part. A session that ended
// since it was read stays ended: the error is [sessionstore.ErrNotFound].
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

// store writes the record: a new one under a new id, or an old one in its place.
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

// create stores a new record under a new id.
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
// a visitor signs in or gains rights: an id that somebody else planted or saw is worthless then.
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

// announced waits, after a command that changed key and whose error is err, until this replica knows
// of the change.
func (s *Store) announced(ctx context.Context, key string, err error) error {
	if err == nil && s.tracking {
		s.redis.Announced(ctx, key)
	}
	return err
}

// sessionKey is where the record of an id is kept. It tells whoever reads Redis nothing about the
// cookie, and an id is good under one cookie name only. The record is sealed with it, so that
// records cannot be exchanged.
func (s *Store) sessionKey(name, id string) string {
	var buf [128]byte // spares the hot path an allocation
	sum := sha256.Sum256(append(append(append(buf[:0], name...), '='), id...))
	if tag := tagOf(id); tag != "" {
		return s.keyOf(tag, encoding.EncodeToString(sum[:memberSize]))
	}
	return s.prefix + "s:" + encoding.EncodeToString(sum[:])
}

// keyOf is where a session's record is kept: tag is its owner's, and member its name in the owner's list.
func (s *Store) keyOf(tag, member string) string { return s.prefix + "s:{" + tag + "}" + member }

// memberOf is the last part of a key that keyOf made.
func memberOf(key string) string { return key[len(key)-memberLength:] }

// listKey is where an owner's sessions are listed.
func (s *Store) listKey(tag string) string { return s.prefix + "u:{" + tag + "}" }
