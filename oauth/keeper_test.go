package oauth

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// diskAuth keeps sessions on a server, where one request's change is seen by the next.
func diskAuth(t *testing.T, change ...func(*Config)) *Auth {
	t.Helper()
	return testAuth(t, append(change, func(cfg *Config) {
		cfg.Store = sessions.NewFilesystemStore(t.TempDir(), bytes.Repeat([]byte("k"), 32), bytes.Repeat([]byte("e"), 32))
	})...)
}

// opened is the record of a request's session, with its tokens.
func opened(t *testing.T, a *Auth, r *http.Request) *record {
	t.Helper()
	rec, err := a.sessions.open(r, time.Now())
	require.NoError(t, err)
	return rec
}

// loaded is the record of a request's session; nil: there is none.
func loaded(t *testing.T, a *Auth, r *http.Request) *record {
	t.Helper()
	rec, err := a.sessions.load(r, time.Now())
	require.NoError(t, err)
	return rec
}

// A page has begun to refresh a profile. Before it saves that, another request has used the refresh
// token, and WeChat has changed it: the old one must not come back.
func TestALateWriterPutsNoOldTokenBack(t *testing.T) {
	a := diskAuth(t)
	r, now := signedIn(t, a, typicalUser(1)), time.Now()
	was := opened(t, a, r)
	renewed, checked := *was, *was.user
	checked.CheckedAt = now.Add(time.Hour).Truncate(time.Second)
	renewed.user = &checked
	renewed.refreshToken, renewed.accessToken, renewed.expiry = "new refresh token", "new access token", now.Add(3*time.Hour).Truncate(time.Second)
	require.NoError(t, a.sessions.save(nopWriter{http.Header{}}, r, was, &renewed, now))

	late, user := *was, *was.user
	user.Nickname = "new name"
	late.user, late.profileAt = &user, now.Add(time.Second).Truncate(time.Second)
	require.NoError(t, a.sessions.save(nopWriter{http.Header{}}, r, was, &late, now))

	got := opened(t, a, r)
	require.Equal(t, "new refresh token new access token new name", got.refreshToken+" "+got.accessToken+" "+got.user.Nickname)
	require.True(t, got.expiry.Equal(renewed.expiry) && got.user.CheckedAt.Equal(checked.CheckedAt))

	h := http.Header{}
	require.NoError(t, a.sessions.save(nopWriter{h}, r, was, was, now))
	require.Empty(t, h, "nothing has changed")
}

// An answer is under way when its session logs out, or gives way to another login. It does not
// bring the session back: the cookie is not set, and one that was set a moment before is nobody's.
func TestAnAnswerUnderWayDoesNotUndoALogout(t *testing.T) {
	a := testAuth(t)
	now := time.Now()
	for _, end := range []string{"a logout", "another login"} {
		r := signedIn(t, a, typicalUser(1))
		was := opened(t, a, r)
		renewed := *was
		renewed.accessToken = "new"

		before := http.Header{}
		require.NoError(t, a.sessions.save(nopWriter{before}, r, was, &renewed, now))
		require.NotEmpty(t, before["Set-Cookie"])
		if end == "a logout" {
			w := httptest.NewRecorder()
			out := httptest.NewRequest(http.MethodPost, "/logout", nil)
			out.Header = r.Header.Clone()
			a.LogoutHandler().ServeHTTP(w, out)
			require.Equal(t, http.StatusOK, w.Code)
		} else {
			require.NoError(t, a.sessions.replace(nopWriter{http.Header{}}, r, typicalUser(2), now, now))
		}
		after := http.Header{}
		require.NoError(t, a.sessions.save(nopWriter{after}, r, was, &renewed, now))
		require.Empty(t, after, "after %s", end)

		revived := httptest.NewRequest(http.MethodGet, "/me", nil)
		revived.Header.Set("Cookie", before.Get("Set-Cookie"))
		require.Equal(t, end == "a logout", loaded(t, a, revived) == nil, "a cookie from before %s", end)
	}
}

// Two tabs log out at once: the store of gorilla/sessions tells the second that there is no file.
func TestASessionThatAnotherTabHasEndedIsNoOutage(t *testing.T) {
	a := diskAuth(t)
	r := signedIn(t, a, typicalUser(1))
	first, err := a.sessions.store.New(r, a.sessions.name)
	require.NoError(t, err)
	second, err := a.sessions.store.New(r, a.sessions.name)
	require.NoError(t, err)
	for _, session := range []*sessions.Session{first, second} {
		h := http.Header{}
		require.NoError(t, a.sessions.delete(nopWriter{h}, r, session))
		require.Contains(t, h.Get("Set-Cookie"), "Max-Age=0")
	}
	require.Nil(t, loaded(t, a, r))
}

// A session was saved again before its logout, so it has had two cookies; both are remembered.
func TestALogoutCountsForEveryCookieOfTheSession(t *testing.T) {
	a := testAuth(t, memoOf(10))
	now := time.Now()
	r := signedIn(t, a, typicalUser(1))
	was := opened(t, a, r)
	renewed := *was
	renewed.accessToken = "new"
	later := http.Header{}
	require.NoError(t, a.sessions.save(nopWriter{later}, r, was, &renewed, now))
	out := httptest.NewRequest(http.MethodPost, "/logout", nil)
	out.Header.Set("Cookie", later.Get("Set-Cookie"))
	for _, copied := range []*http.Request{r, out} {
		require.NotNil(t, loaded(t, a, copied))
	}
	a.LogoutHandler().ServeHTTP(httptest.NewRecorder(), out)
	for _, copied := range []*http.Request{r, out} {
		require.Nil(t, loaded(t, a, copied))
	}
}

// Over http a neighbour on the domain can put a cookie of our name in front of ours. A store of the
// program's own sees the first one only.
func TestACookieOfANeighbourHidesNoSession(t *testing.T) {
	a := diskAuth(t, func(cfg *Config) { cfg.PublicURL, cfg.InsecureHTTP = "http://shop.example.com", true })
	r, now := signedIn(t, a, typicalUser(1)), time.Now()
	alone := r.Clone(t.Context())
	r.Header.Set("Cookie", a.sessions.name+"=planted; "+r.Header.Get("Cookie"))
	rec := loaded(t, a, r)
	require.NotNil(t, rec)

	renewed := *rec
	renewed.accessToken = "new"
	require.NoError(t, a.sessions.save(nopWriter{http.Header{}}, r, rec, &renewed, now))
	rec = loaded(t, a, alone)
	require.Equal(t, "new", rec.accessToken)

	require.NoError(t, a.sessions.remove(nopWriter{http.Header{}}, r, rec))
	require.Nil(t, loaded(t, a, alone), "the session is in the store after the logout")
}

// An endingStore notes when the logins began whose sessions it saves.
type endingStore struct {
	sessions.Store

	began *time.Time
}

func (s endingStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if login, ok := sessionstore.LoginFrom(r.Context()); ok {
		*s.began = login.Began
	}
	return s.Store.Save(r, w, session)
}

func (endingStore) EndAll(context.Context, string) error { return nil }

func (s endingStore) New(r *http.Request, name string) (*sessions.Session, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return s.Store.New(r, name)
}

// A replica whose clock is ahead tells of a login that has yet to begin. It may be as old as EndSessions
// reaches.
func TestALoginOfTheFutureMayHaveBegunLongAgo(t *testing.T) {
	a, now := diskAuth(t), time.Now()
	var got time.Time
	a.sessions.store = endingStore{a.sessions.store, &got}
	for _, tt := range []struct{ began, want time.Duration }{
		{-3 * time.Second, -3 * time.Second},
		{0, 0},
		{time.Second, -time.Minute},
		{4 * time.Minute, -time.Minute},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		require.NoError(t, a.sessions.replace(nopWriter{http.Header{}}, r, typicalUser(1), now.Add(tt.began), now))
		require.Equal(t, tt.want, got.Sub(now), "began %v from now", tt.began)
	}
}

// How long ago somebody has confirmed, the store's clock says alone. After that the phone's session
// tells whether it was ended since; of an approval by the app nobody can tell.
func TestAConfirmationStandsForAWhileAndThenWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := diskAuth(t)
		a.sessions.store = endingStore{a.sessions.store, new(time.Time)}
		a.desk = &desk{tickets: &tickets{now: time.Now}, ledger: ledger{store: sessionstore.NewMemoryOutcomes()}}
		r := signedIn(t, a, typicalUser(1))
		session := cookie.Value(r, a.sessions.name)
		d, err := a.approval(t.Context(), ticket{}, &core.User{OpenID: "o1"}, time.Now().Add(-8*time.Second))
		require.NoError(t, err)
		stands := func(at time.Time, session string) error {
			told := *d // at a replica whose clock is another
			told.At, told.Session = at, session
			return a.stands(t.Context(), ticket{}, &told)
		}
		for _, clock := range []time.Duration{-4 * time.Minute, 0, 4 * time.Minute} {
			for _, by := range []string{session, "ended", ""} {
				require.NoError(t, stands(d.At.Add(clock), by), clock)
			}
		}
		time.Sleep(deskStands - 8*time.Second)
		for _, clock := range []time.Duration{-4 * time.Minute, 0, 4 * time.Minute} {
			require.NoError(t, stands(d.At.Add(clock), session), clock)
			require.ErrorIs(t, stands(d.At.Add(clock), "ended"), sessionstore.ErrEnded, clock)
			require.ErrorIs(t, stands(d.At.Add(clock), ""), sessionstore.ErrEnded, clock)
		}
	})
}

// Over http a neighbour's cookie of the same name may stand in front of the phone's own, and a phone
// may hang up while Confirm runs.
func TestAConfirmationStandsWithTheCookieThatOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := diskAuth(t, withDesk)
		a.sessions.store = endingStore{a.sessions.store, new(time.Time)}
		phone, desktop := signedIn(t, a, typicalUser(1)), httptest.NewRequest(http.MethodGet, "/me", nil)
		desktop.Header = http.Header{"Cookie": {waitingDesktop(t, a)}, "Accept": {"text/html"}, "User-Agent": {webtest.DesktopChrome}}
		code := a.desk.held(desktop).tickets[0]
		ctx, hangUp := context.WithCancel(t.Context())
		a.desk.Confirm = func(context.Context, *http.Request, DeskRequest, *core.User) error { hangUp(); return nil }
		form := strings.NewReader("number=" + strconv.Itoa(code.number))
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/wechat/login?desk="+code.text, form)
		r.Header = http.Header{"Cookie": {a.sessions.name + "=planted; " + phone.Header.Get("Cookie")}}
		w := httptest.NewRecorder()
		a.LoginHandler().ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		time.Sleep(deskStands + time.Second)
		w = httptest.NewRecorder()
		a.Admit(w, desktop, "")
		require.Equal(t, http.StatusFound, w.Code, w.Body)
	})
}
