package oauth

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"
)

// diskAuth keeps sessions on a server, where one request's change is seen by the next.
func diskAuth(t *testing.T) *Auth {
	t.Helper()
	a, err := New(Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
		Store: sessions.NewFilesystemStore(t.TempDir(), bytes.Repeat([]byte("k"), 32), bytes.Repeat([]byte("e"), 32)),
	})
	require.NoError(t, err)
	return a
}

// A page has begun to refresh a profile. Before it saves that, another request has used the refresh
// token, and WeChat has changed it: the old one must not come back.
func TestALateWriterPutsNoOldTokenBack(t *testing.T) {
	a := diskAuth(t)
	r, now := signedIn(t, a, typicalUser(1)), time.Now()
	was, err := a.sessions.open(r, now)
	require.NoError(t, err)

	renewed, checked := *was, *was.user
	checked.CheckedAt = now.Add(time.Hour).Truncate(time.Second)
	renewed.user = &checked
	renewed.refreshToken, renewed.accessToken, renewed.expiry = "new refresh token", "new access token", now.Add(3*time.Hour).Truncate(time.Second)
	require.NoError(t, a.sessions.save(nopWriter{http.Header{}}, r, was, &renewed, now))

	late, user := *was, *was.user
	user.Nickname = "new name"
	late.user, late.profileAt = &user, now.Add(time.Second).Truncate(time.Second)
	require.NoError(t, a.sessions.save(nopWriter{http.Header{}}, r, was, &late, now))

	got, err := a.sessions.open(r, now)
	require.NoError(t, err)
	require.Equal(t, "new refresh token new access token new name", got.refreshToken+" "+got.accessToken+" "+got.user.Nickname)
	require.True(t, got.expiry.Equal(renewed.expiry) && got.user.CheckedAt.Equal(checked.CheckedAt))

	h := http.Header{}
	require.NoError(t, a.sessions.save(nopWriter{h}, r, was, was, now))
	require.Empty(t, h, "nothing has changed")
}

// An answer is under way when its session logs out, or gives way to another login. It does not
// bring the session back: the cookie is not set, and one that was set a moment before is nobody's.
func TestAnAnswerUnderWayDoesNotUndoALogout(t *testing.T) {
	a := benchAuth(t, 0)
	now := time.Now()
	for _, end := range []string{"a logout", "another login"} {
		r := signedIn(t, a, typicalUser(1))
		was, err := a.sessions.open(r, now)
		require.NoError(t, err)
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
		rec, err := a.sessions.load(revived, now)
		require.NoError(t, err)
		require.Equal(t, end == "a logout", rec == nil, "a cookie from before %s", end)
	}
}
