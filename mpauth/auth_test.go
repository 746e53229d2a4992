package mpauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A recorder remembers the events of the engine; those of single calls are not its subject.
type recorder struct {
	mu     sync.Mutex
	events []core.Event
}

func (r *recorder) Observe(_ context.Context, e core.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Name != core.EventUpstreamCall {
		r.events = append(r.events, e)
	}
}

func (r *recorder) want(t *testing.T, names ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var got []string
	for _, e := range r.events {
		got = append(got, e.Name+" "+e.Kind)
	}
	require.Equal(t, names, got)
}

func TestALoginFromCodeToLogout(t *testing.T) {
	for _, store := range stores {
		inBubble(t, store.name, func(t *testing.T) {
			wx, events := answering(goodLogin), &recorder{}
			a := newAuth(t, wx, func(cfg *mpauth.Config) { cfg.Store, cfg.Observer = store.make(t), events })

			w := serve(a.LoginHandler(), post(t, loginBody, ""))
			var answer struct {
				Token     string `json:"token"`
				ExpiresIn int    `json:"expires_in"`
				User      core.User
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, 30*24*60*60, answer.ExpiresIn)
			now := time.Now().Local()
			user := core.User{AppID: appID, OpenID: openID, UnionID: unionID, LoginAt: now, CheckedAt: now}
			require.Equal(t, user, answer.User)
			require.Empty(t, w.Result().Cookies(), "a header session sets no cookie")
			require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
			wantNoCanary(t, "the answer", w.Body.String())
			wantSealed(t, answer.Token)
			require.Len(t, wx.Calls(), 1, "no app access token is fetched")

			w = httptest.NewRecorder()
			passed, ok := a.Admit(w, visit(t, answer.Token))
			require.True(t, ok, w.Body)
			session, ok := mpauth.SessionFrom(passed.Context())
			require.True(t, ok)
			require.Equal(t, &mpauth.Session{AppID: appID, OpenID: openID, UnionID: unionID, SessionKey: sessionKey}, session)
			seen, ok := core.UserFrom(passed.Context())
			require.True(t, ok)
			require.Equal(t, &user, seen)
			require.Empty(t, w.Header().Values("Set-Cookie"))
			require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "Authorization", w.Header().Get("Vary"))

			w = serve(a.LogoutHandler(), post(t, "", answer.Token))
			require.Equal(t, http.StatusNoContent, w.Code)
			require.Empty(t, w.Body.String())
			require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
			_, w = admit(t, a, visit(t, answer.Token))
			if store.revokes {
				wantError(t, w, http.StatusUnauthorized, "login_required")
				w = serve(a.LogoutHandler(), post(t, "", answer.Token))
				require.Equal(t, http.StatusNoContent, w.Code, "a second logout")
			}
			require.Len(t, wx.Calls(), 1, "a good session asks WeChat nothing")
			events.want(t, "login_started mini", "login_finished mini", "session_ended mini")
		})
	}
}

// wantSealed looks for the session_key below up to four layers of base64.
func wantSealed(t *testing.T, token string) {
	t.Helper()
	layer := []byte(token)
	for depth := range 4 {
		wantNoCanary(t, "layer "+strings.Repeat("i", depth), string(layer))
		require.NotContains(t, string(layer), openID, depth)
		layer = decodeAny(layer)
	}
}

// decodeAny decodes every stretch of base64 in data.
func decodeAny(data []byte) (out []byte) {
	for _, part := range strings.FieldsFunc(string(data), func(r rune) bool { return r == '|' || r == '=' }) {
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if b, err := alphabet.DecodeString(part); err == nil {
				out = append(append(out, b...), '|')
			}
		}
	}
	return out
}

func TestASessionEndsAtMaxAge(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			for _, age := range []time.Duration{time.Hour, 20 * 24 * time.Hour} {
				synctest.Test(t, func(t *testing.T) {
					a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.MaxAge = store.make(t), age })
					token := login(t, a)
					for range 3 { // use does not extend it
						time.Sleep(age/3 - time.Second)
						wantAdmitted(t, a, token)
					}
					time.Sleep(3 * time.Second)
					wantRefused(t, a, token, "session_expired")
				})
			}
		})
	}
}

// The default session, long after: the client hears that it had one.
func TestDefaultMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuth(t, answering(goodLogin), nil)
		token := login(t, a)
		time.Sleep(30*24*time.Hour - time.Second)
		wantAdmitted(t, a, token)
		time.Sleep(time.Second)
		for range 300 {
			wantRefused(t, a, token, "session_expired")
			time.Sleep(24 * time.Hour)
		}
		time.Sleep(65 * 24 * time.Hour) // in the end nobody remembers
		wantRefused(t, a, token, "login_required")
	})
}

// A replica may be a little ahead, but nobody logs in tomorrow.
func TestATokenFromTheFuture(t *testing.T) {
	var token string
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		token = login(t, newAuth(t, answering(goodLogin), nil))
	})
	for _, tt := range []struct {
		behind time.Duration
		good   bool
	}{{4 * time.Minute, true}, {6 * time.Minute, false}, {time.Hour, false}} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Hour - tt.behind)
			wantGood(t, newAuth(t, answering(goodLogin), nil), visit(t, token), tt.good, "login_required")
		})
	}
}

func TestAuthorizationHeaders(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	token := login(t, a)
	for _, tt := range []struct {
		name   string
		values []string
		good   bool
	}{
		{"none", nil, false},
		{"as documented", []string{"Bearer " + token}, true},
		{"another case", []string{"bEARER " + token}, true},
		{"spaces around", []string{"Bearer   " + token + " "}, true},
		{"no scheme", []string{token}, false},
		{"another scheme", []string{"Basic " + token}, false},
		{"no token", []string{"Bearer"}, false},
		{"an empty token", []string{"Bearer "}, false},
		{"undefined", []string{"Bearer undefined"}, false},
		{"two headers", []string{"Bearer " + token, "Bearer " + token}, false},
		{"two tokens", []string{"Bearer " + token + ", Bearer " + token}, false},
		{"a second cookie behind it", []string{"Bearer x; wx-mini-2d7ce7=" + token}, false},
		{"a second cookie before it", []string{"Bearer " + token + "; a=b"}, false},
		{"quotes", []string{`Bearer "` + token + `"`}, false},
		{"a space inside", []string{"Bearer " + token[:9] + " " + token[9:]}, false},
		{"a tab inside", []string{"Bearer " + token[:9] + "\t" + token[9:]}, false},
		{"a NUL behind", []string{"Bearer " + token + "\x00"}, false},
		{"a line break behind", []string{"Bearer " + token + "\r\n x"}, false},
		{"not ASCII", []string{"Bearer " + token + "é"}, false},
		{"64 kB", []string{"Bearer " + strings.Repeat("A", 64<<10)}, false},
		{"the session_key", []string{"Bearer " + sessionKey}, false},
		{"the openid", []string{"Bearer " + openID}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := visit(t, "")
			r.Header["Authorization"] = tt.values
			wantGood(t, a, r, tt.good, "login_required")
		})
	}
	r := visit(t, "")
	r.AddCookie(&http.Cookie{Name: cookieName(appID), Value: token})
	if s, _ := admit(t, a, r); s != nil {
		t.Error("a token in a cookie counts, so that other sites could send it")
	}
}

// cookieName is the name under which a store keeps the sessions of an appid.
func cookieName(appID string) string {
	sum := sha256.Sum256([]byte(appID))
	return "wx-mini-" + hex.EncodeToString(sum[:3])
}

func TestChangedTokens(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			shared := store.make(t)
			a := newAuth(t, answering(goodLogin), with(shared))
			token := login(t, a)
			step := 7
			if shared == nil {
				step = 1
			}
			for bit := 0; bit < len(token)*8; bit += step {
				changed := []byte(token)
				changed[bit/8] ^= 1 << (bit % 8)
				wantNobody(t, a, token, string(changed))
			}
			for i := 0; i < len(token); i += step {
				wantNobody(t, a, token, token[:i])
				wantNobody(t, a, token, token[i+1:])
			}
			for _, more := range []string{"A", "=", "AAAA", "|", ".", token} {
				wantNobody(t, a, token, token+more)
				wantNobody(t, a, token, more+token)
			}
		})
	}
}

// wantNobody checks that a changed token is refused. Padded base64 has several spellings of one
// value; those of the token itself are excused.
func wantNobody(t *testing.T, a *mpauth.Auth, token, changed string) {
	t.Helper()
	s, w := admit(t, a, visit(t, changed))
	if s == nil {
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "login_required") {
			t.Errorf("token %q: %d %s", changed, w.Code, w.Body)
		}
		return
	}
	require.True(t, sameBase64(token, changed), "%q opens the session of %q", changed, token)
}

func sameBase64(a, b string) bool {
	x, errX := base64.URLEncoding.DecodeString(a)
	y, errY := base64.URLEncoding.DecodeString(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Tokens and sealed values of other places are worth nothing here.
func TestMovedTokens(t *testing.T) {
	other := strings.Replace(appID, "4f", "5f", 1)
	a := newAuth(t, answering(goodLogin), nil)
	strangers := map[string]string{
		"of another mini program": login(t, newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.AppID = other })),
		"under another key":       login(t, newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Keys = [][]byte{key(2)} })),
		"of another store":        login(t, newAuth(t, answering(goodLogin), with(sessions.NewCookieStore(key(1), key(1))))),
	}
	for _, purpose := range []string{"__Host-" + strings.Replace(cookieName(appID), "wx-mini", "wx", 1), "__Host-" + strings.Replace(cookieName(appID), "wx-mini", "wxa", 1) + "-abcdefgh", "wxoauth mini " + appID, cookieName(other)} {
		strangers["sealed for "+purpose] = sealedFor(t, purpose)
	}
	for name, token := range strangers {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, a, token, "login_required")
		})
	}
}

// sealedFor saves a session of another purpose in a cookie store with our key.
func sealedFor(t *testing.T, name string) string {
	t.Helper()
	store, err := sessionstore.NewCookie(key(1))
	require.NoError(t, err)
	codecs, err := sessionstore.NewCodecs([][]byte{key(1)}, name)
	require.NoError(t, err)
	token, err := sessionstore.Seal(codecs, name, map[any]any{"wxmini": []byte("x")}, time.Now().Add(time.Hour))
	require.NoError(t, err)
	r := visit(t, "")
	r.AddCookie(&http.Cookie{Name: name, Value: token})
	if s, err := store.New(r, name); !strings.Contains(name, " ") && (err != nil || s.IsNew) {
		t.Fatalf("the stranger is not good where it belongs: %v", err)
	}
	return token
}

// Two mini programs may share one store, its keys, and even a name for their sessions.
func TestASharedStore(t *testing.T) {
	store := files(t)
	mine := newAuth(t, answering(goodLogin), with(store))
	token := login(t, mine)

	r := visit(t, "")
	r.AddCookie(&http.Cookie{Name: cookieName(appID), Value: token})
	session, err := store.New(r, cookieName(appID))
	require.NoError(t, err)
	value := session.Values["wxmini"].([]byte)
	require.NotContains(t, string(value), sessionKey)

	for _, tt := range []struct {
		name   string
		values map[any]any
		good   bool
	}{
		{"what was there", map[any]any{"wxmini": value}, true},
		{"nothing", map[any]any{}, false},
		{"under another key", map[any]any{"wx": value}, false},
		{"as a text", map[any]any{"wxmini": string(value)}, false},
		{"an empty value", map[any]any{"wxmini": []byte{}}, false},
		{"a value of somebody else", map[any]any{"wxmini": []byte("hello")}, false},
		{"sealed by the other mini program", map[any]any{"wxmini": sealRecord(t, "wxoauth mini wx2")}, false},
		{"sealed by us, but no record", map[any]any{"wxmini": sealRecord(t, "wxoauth mini "+appID)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			session.Values = tt.values
			require.NoError(t, store.Save(r, httptest.NewRecorder(), session))
			wantGood(t, mine, visit(t, token), tt.good, "login_required")
		})
	}
}

func sealRecord(t *testing.T, purpose string) []byte {
	t.Helper()
	codecs, err := sessionstore.NewCodecs([][]byte{key(1)}, purpose)
	require.NoError(t, err)
	sealed, err := codecs[0].Encode(cookieName(appID), []byte("\x01\x00\x00\x00\x00no record"))
	require.NoError(t, err)
	return []byte(sealed)
}

// The new key goes last in the list, then first, then the old one goes.
func TestKeyRotation(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			shared := store.make(t)
			deploy := func(keys ...[]byte) *mpauth.Auth {
				return newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.Keys = shared, keys })
			}
			oldest := login(t, deploy(key(1)))
			second := deploy(key(1), key(2))
			third := deploy(key(2), key(1))
			newest := login(t, third)
			last := deploy(key(2))
			for _, deploy := range []*mpauth.Auth{second, third} {
				wantAdmitted(t, deploy, oldest)
				wantAdmitted(t, deploy, newest)
			}
			wantAdmitted(t, last, newest)
			if s, _ := admit(t, last, visit(t, oldest)); s != nil {
				t.Error("a token of the key that went is admitted")
			}
		})
	}
}

func TestNestedAdmit(t *testing.T) {
	store := &faulty{Store: sessions.NewCookieStore(key(8), key(9))}
	a := newAuth(t, answering(goodLogin), with(store))
	outer, ok := a.Admit(httptest.NewRecorder(), visit(t, login(t, a)))
	require.True(t, ok)
	w := httptest.NewRecorder()
	inner, ok := a.Admit(w, outer)
	if !ok || inner != outer || store.opened.Load() != 1 || len(w.Header()) > 0 {
		t.Errorf("the second Admit: ok %t, same request %t, store read %d times, headers %v", ok, inner == outer, store.opened.Load(), w.Header())
	}
	other := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.AppID = "wx2" })
	if _, ok := other.Admit(httptest.NewRecorder(), outer); ok {
		t.Error("another mini program believes this one")
	}
}

func TestAdmitKeepsTheHandlersHeaders(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	w := httptest.NewRecorder()
	w.Header().Set("Cache-Control", "max-age=5")
	w.Header().Set("Vary", "Origin")
	_, ok := a.Admit(w, visit(t, login(t, a)))
	require.True(t, ok)
	require.Equal(t, http.Header{"Cache-Control": {"max-age=5"}, "Vary": {"Origin", "Authorization"}}, w.Header())
}

// The store sees the token as a cookie, and the handler never does.
func TestAdmitKeepsTheRequest(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	r := visit(t, login(t, a))
	r.Header.Set("Cookie", "theirs=1")
	before := r.Header.Clone()
	passed, ok := a.Admit(httptest.NewRecorder(), r)
	require.True(t, ok)
	require.Equal(t, before, passed.Header)
}

func TestSessionFromNowhere(t *testing.T) {
	if s, ok := mpauth.SessionFrom(t.Context()); ok || s != nil {
		t.Errorf("SessionFrom = %+v, %t", s, ok)
	}
}

// A handler that finds a stale session_key says so, and the client logs in again.
func TestSessionExpired(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	token := login(t, a)
	s, _ := admit(t, a, visit(t, token))
	w := httptest.NewRecorder()
	_, err := mpauth.Decrypt[mpauth.UserData](s.SessionKey, s.AppID, seal(t, "sealed with an older key"), officialIV)
	if errors.Is(err, mpauth.ErrSessionKey) {
		mpauth.SessionExpired(w)
	}
	wantError(t, w, http.StatusUnauthorized, "session_expired")
	require.Equal(t, `Bearer error="invalid_token"`, w.Header().Get("WWW-Authenticate"))
}

func BenchmarkAdmit(b *testing.B) {
	a, err := mpauth.New(mpauth.Config{
		AppID: appID, Secret: appSecret, Keys: [][]byte{key(1)}, HTTPClient: &http.Client{Transport: answering(goodLogin)},
	})
	require.NoError(b, err)
	w := serve(a.LoginHandler(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(loginBody)))
	var answer struct{ Token string }
	require.NoError(b, json.Unmarshal(w.Body.Bytes(), &answer))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+answer.Token)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := a.Admit(httptest.NewRecorder(), r); !ok {
			b.Fatal("not admitted")
		}
	}
}

// Transports without requests ask for the session of a token.
func TestSession(t *testing.T) {
	for _, store := range stores {
		inBubble(t, store.name, func(t *testing.T) {
			a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.MaxAge = store.make(t), time.Hour })
			token := login(t, a)
			s, u, err := a.Session(t.Context(), token)
			want := mpauth.Session{AppID: appID, OpenID: openID, UnionID: unionID, SessionKey: sessionKey}
			if err != nil || *s != want || u.AppID != appID || u.OpenID != openID || u.UnionID != unionID || u.LoginAt.IsZero() {
				t.Errorf("Session = %+v, %+v, %v", s, u, err)
			}
			for _, bad := range []string{"", "garbage", "Bearer " + token, token + "x", token + "\n", strings.Repeat("A", 5000)} {
				if s, u, err := a.Session(t.Context(), bad); s != nil || u != nil || !errors.Is(err, mpauth.ErrNoSession) {
					t.Errorf("Session(%.20q) = %v, %v, %v", bad, s, u, err)
				}
			}
			time.Sleep(time.Hour)
			if s, u, err := a.Session(t.Context(), token); s != nil || u != nil || !errors.Is(err, mpauth.ErrSessionExpired) {
				t.Errorf("after MaxAge: %v, %v, %v", s, u, err)
			}
		})
	}
}

// An outage of the store is neither of the two errors that make a client log in.
func TestSessionInAnOutage(t *testing.T) {
	store, events := &faulty{Store: files(t)}, &recorder{}
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.Observer = store, events })
	token := login(t, a)
	store.newErr = errOutage
	_, _, err := a.Session(t.Context(), token)
	if !errors.Is(err, errOutage) || errors.Is(err, mpauth.ErrNoSession) || errors.Is(err, mpauth.ErrSessionExpired) {
		t.Errorf("err = %v", err)
	}
	events.want(t, "login_started mini", "login_finished mini", "store_down read")
	store.newErr = nil
	_, _, err = a.Session(t.Context(), token)
	require.NoError(t, err)
}
