package storetest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A Suite is the test for a store that needs more than a constructor, or is exempt from some of
// the rules.
type Suite struct {
	// New makes a store that is ready for use, called once per case.
	New func(t *testing.T) sessions.Store

	// Broken makes a store with the keys of New whose server does not answer. It is nil for a
	// store without a server. If a store with one leaves it nil, the errors of an outage are not
	// tested.
	Broken func(t *testing.T) sessions.Store

	// FixedExpiry is for a store whose sealed values stay good after the session's Options.MaxAge,
	// as those of gorilla/sessions do: only the browser ends a session.
	FixedExpiry bool

	// LooseSpelling is for a store that accepts several spellings of a cookie, as padded base64
	// has them. A changed cookie may then open, but only with its own values.
	LooseSpelling bool

	// LogoutKeepsValue is for a store that writes the session even into the cookie that a negative
	// MaxAge clears, as gorilla's CookieStore does.
	LogoutKeepsValue bool
}

// Run tests the stores that newStore makes by every rule.
func Run(t *testing.T, newStore func(t *testing.T) sessions.Store) {
	t.Helper()
	Suite{New: newStore}.Run(t)
}

// Run tests the store.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	t.Run("without a cookie nobody is signed in", s.noCookie)
	t.Run("saved values come back", s.roundTrip)
	t.Run("values of other types come back", s.otherValues)
	t.Run("an update replaces the values", s.update)
	t.Run("a login begins a new session", s.login)
	t.Run("a planted cookie never becomes somebody's session", s.plantedCookie)
	t.Run("a logout ends the session", s.logout)
	t.Run("a session ends at its MaxAge", s.expiry)
	t.Run("a changed bit is noticed", s.changedBits)
	t.Run("a cut or extended cookie is noticed", s.cutAndExtended)
	t.Run("strange cookies are anonymous", s.strangeCookies)
	t.Run("a cookie counts only under its own name", s.names)
	t.Run("of two cookies the first counts", s.twoCookies)
	t.Run("options are honoured", s.options)
	t.Run("the cookie does not show the values", s.secrecy)
	t.Run("a session that cannot be written sets no cookie", s.unwritable)
	t.Run("an outage is not a logout", s.outage)
	t.Run("requests do not disturb each other", s.concurrency)
}

const (
	cookieName = "__Host-wx-a1b2c3"
	valueKey   = "s"
	// maxAge is how long sessions last in these tests, in seconds, unless a case says otherwise.
	maxAge = 3600
)

// visit returns a request with this Cookie header, or without one for "".
func visit(t *testing.T, cookies string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// pair returns a cookie as a browser sends it.
func pair(c *http.Cookie) string { return c.Name + "=" + c.Value }

// load returns the session of a request with this Cookie header.
func load(t *testing.T, store sessions.Store, cookies string) (*sessions.Session, error) {
	t.Helper()
	session, err := store.New(visit(t, cookies), cookieName)
	if session == nil {
		t.Fatalf("New returned no session, error %v; it must never be nil", err)
	}
	return session, err
}

// save saves session, which must set exactly one cookie, and returns that.
func save(t *testing.T, store sessions.Store, session *sessions.Session) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := store.Save(visit(t, ""), w, session); err != nil {
		t.Fatalf("Save: %v", err)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != session.Name() {
		t.Fatalf("Save set the cookies %v, want one named %s", cookies, session.Name())
	}
	return cookies[0]
}

// begin signs somebody in with a new session, whatever cookies there are.
func begin(t *testing.T, store sessions.Store, value string) (*sessions.Session, *http.Cookie) {
	t.Helper()
	session, err := load(t, store, "")
	if err != nil {
		t.Fatalf("New without a cookie: %v", err)
	}
	fill(session, value)
	return session, save(t, store, session)
}

// fill sets the values and options of session as an engine does before a Save.
func fill(session *sessions.Session, value string) {
	session.Values = map[any]any{valueKey: []byte(value)}
	session.Options = &sessions.Options{
		Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
}

// end deletes the session's record. The cookie of the browser stays.
func end(t *testing.T, store sessions.Store, session *sessions.Session) {
	t.Helper()
	session.Options = &sessions.Options{Path: "/", MaxAge: -1}
	if err := store.Save(visit(t, ""), httptest.NewRecorder(), session); err != nil {
		t.Fatalf("Save with a negative MaxAge: %v", err)
	}
}

// valueOf returns the value that fill has put into a session.
func valueOf(session *sessions.Session) string {
	value, _ := session.Values[valueKey].([]byte)
	return string(value)
}

// wantSession checks that the cookies open a session that holds value.
func wantSession(t *testing.T, store sessions.Store, cookies, value string) {
	t.Helper()
	session, err := load(t, store, cookies)
	if err != nil || session.IsNew || valueOf(session) != value {
		t.Errorf("session = %q, IsNew %t, error %v; want %q", valueOf(session), session.IsNew, err,
			value)
	}
}

// wantNobody checks that the cookies open no session.
func wantNobody(t *testing.T, store sessions.Store, cookies string) {
	t.Helper()
	session, err := load(t, store, cookies)
	if !session.IsNew || len(session.Values) != 0 || !sessionstore.Anonymous(err) {
		t.Errorf("cookie %.100q opens %d values, IsNew %t, error %v; want nobody", cookies,
			len(session.Values), session.IsNew, err)
	}
}

// inCookie reports whether the store keeps the whole session in the cookie. Such a store gives no
// ID, cannot end a session, and uses the clock of this process.
func inCookie(session *sessions.Session) bool { return session.ID == "" }
