package oauth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis" //nolint:depguard // the Redis store needs its client
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// A fleet is replicas with one Redis.
type fleet struct {
	t     *testing.T
	redis *redistest.Memory
}

func (f fleet) store() *redisstore.Store {
	f.t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"redis:6379"}, ForceSingleClient: true,
		Dialer:    net.Dialer{KeepAlive: 1000 * time.Hour},
		DialCtxFn: func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return f.redis.Dial(), nil },
	})
	require.NoError(f.t, err)
	f.t.Cleanup(client.Close)
	s, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}})
	require.NoError(f.t, err)
	return s
}

// replica is one at which everybody who logs in is that user.
func (f fleet) replica(openID string, change func(*oauth.Config)) (*oauth.Auth, http.Handler) {
	f.t.Helper()
	return newAuth(f.t, func(cfg *oauth.Config) {
		as := strings.NewReplacer("OPENID", openID)
		cfg.AllowSnapshot, cfg.Store = true, f.store()
		cfg.HTTPClient = webtest.InMemory(&wechat{answers: map[string][]string{
			exchangePath: {as.Replace(tokenAnswer)}, userPath: {as.Replace(userAnswer)},
		}})
		if change != nil {
			change(cfg)
		}
	})
}

func inFleet(t *testing.T, test func(f fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(fleet{t, redistest.NewMemory(t)}) })
}

func isNobody(t *testing.T, visitor jar, page http.Handler) bool {
	t.Helper()
	return visitor.do(t, page, http.MethodGet, "/me").StatusCode == http.StatusFound
}

func TestEndSessions(t *testing.T) {
	inFleet(t, func(f fleet) {
		t := f.t
		here, page := f.replica("OPENID", nil)
		_, there := f.replica("OPENID", nil)
		_, others := f.replica("SOMEBODY", nil)
		phone, tablet, somebody := signIn(t, page), signIn(t, there), signIn(t, others)
		for _, replica := range []http.Handler{page, there} {
			if isNobody(t, phone, replica) || isNobody(t, tablet, replica) {
				t.Fatal("not signed in")
			}
		}
		require.NoError(t, here.EndSessions(t.Context(), "OPENID"))
		synctest.Wait() // Redis has told the other replica
		for _, replica := range []http.Handler{page, there} {
			if !isNobody(t, phone, replica) || !isNobody(t, tablet, replica) {
				t.Error("a session goes on")
			}
			if isNobody(t, somebody, replica) {
				t.Error("somebody else's session was ended")
			}
		}
		again := signIn(t, page)
		if err := here.EndSessions(t.Context(), "NOBODY"); err != nil || isNobody(t, again, there) {
			t.Errorf("another user's end: %v", err)
		}
	})
}

// A ban comes while the user logs in. Nobody is signed in by that login, and the browser starts anew.
func TestALoginUnderWayDoesNotOutliveEndSessions(t *testing.T) {
	inFleet(t, func(f fleet) {
		t := f.t
		other, _ := f.replica("OPENID", nil)
		ends := 1
		_, page := f.replica("OPENID", func(cfg *oauth.Config) {
			cfg.OnLogin = func(ctx context.Context, _ *http.Request, u *core.User) error {
				time.Sleep(time.Second)
				if ends--; ends >= 0 {
					return other.EndSessions(ctx, u.OpenID)
				}
				return nil
			}
		})
		visitor := jar{}
		res := visitor.do(t, page, http.MethodGet, visitor.begin(t, page))
		next, err := url.Parse(res.Header.Get("Location"))
		if err != nil || next.Host != "open.weixin.qq.com" || !isNobody(t, visitor, page) {
			t.Fatalf("%d %s, want another login", res.StatusCode, res.Header.Get("Location"))
		}
		visitor.do(t, page, http.MethodGet, "/me?code=d&state="+next.Query().Get("state"))
		if isNobody(t, visitor, page) {
			t.Error("a login that began afterwards is refused")
		}
	})
}

// A phone has confirmed, or a mini program has handed over, and then the user's sessions are ended:
// what was not made use of is worth nothing.
func TestDeskAndHandoverDoNotOutliveEndSessions(t *testing.T) {
	inFleet(t, func(f fleet) {
		t := f.t
		a, page := f.replica("OPENID", func(cfg *oauth.Config) { cfg.Desk, cfg.Scope = &oauth.Desk{}, oauth.ScopeBase })
		for _, ended := range []bool{false, true} {
			desktop := jar{}
			body := new(strings.Builder)
			require.NoError(t, desktop.as(t, page, "Mozilla/5.0 Chrome/140", "/me").Write(body))
			ticket := regexp.MustCompile(`desk=([A-Za-z0-9_-]{32})`).FindStringSubmatch(body.String())
			require.NotNil(t, ticket, body)
			require.NoError(t, a.ApproveDesk(t.Context(), ticket[1], &core.User{OpenID: "OPENID"}))
			address, err := a.HandoverURL(t.Context(), &core.User{AppID: "wxMINI", OpenID: "OPENID"}, "/me")
			require.NoError(t, err)
			time.Sleep(time.Second)
			if ended {
				require.NoError(t, a.EndSessions(t.Context(), "OPENID"))
				require.NoError(t, f.store().EndAll(t.Context(), subject.Of("wxMINI", "OPENID")))
			}
			desktop.as(t, page, "Mozilla/5.0 Chrome/140", "/me")
			view := handOver(t, a, address)
			for name, visitor := range map[string]jar{"desk": desktop, "handover": view} {
				require.Equal(t, ended, isNobody(t, visitor, page), "nobody is signed in by the %s", name)
			}
		}
	})
}

// A handler of the mini program is at work when its user's sessions are ended, and makes an address
// only then.
func TestARequestFromBeforeEndSessionsHandsNobodyOver(t *testing.T) {
	inFleet(t, func(f fleet) {
		t := f.t
		a, page := f.replica("OPENID", nil)
		mini, err := mpauth.New(mpauth.Config{
			AppID: "wxMINI", Secret: "SECRET", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Store: f.store(),
			HTTPClient: webtest.InMemory(&wechat{answers: map[string][]string{
				"/sns/jscode2session": {`{"openid":"OPENID","session_key":"HyVFkGl5F5OQWJZZaNzBBg=="}`},
			}}),
		})
		require.NoError(t, err)
		for _, ended := range []bool{false, true} {
			w := httptest.NewRecorder()
			mini.LoginHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mini/login", strings.NewReader(`{"code":"c"}`)))
			var answer struct{ Token string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
			r := httptest.NewRequest(http.MethodPost, "/mini/handover", nil)
			r.Header.Set("Authorization", "Bearer "+answer.Token)
			r, ok := mini.Admit(httptest.NewRecorder(), r)
			require.True(t, ok)
			time.Sleep(time.Second)
			if ended {
				require.NoError(t, mini.EndSessions(t.Context(), "OPENID"))
			}
			time.Sleep(time.Second)
			u, _ := core.UserFrom(r.Context())
			address, err := a.HandoverURL(r.Context(), u, "/me")
			require.NoError(t, err)
			require.Equal(t, ended, isNobody(t, handOver(t, a, address), page), "nobody is signed in")
			time.Sleep(time.Minute)
			if _, err := a.HandoverURL(r.Context(), u, "/me"); err == nil {
				t.Error("a request of more than a minute ago still hands its user over")
			}
		}
	})
}

// handOver opens the address of a handover in a mini program's web-view.
func handOver(t *testing.T, a *oauth.Auth, address string) jar {
	t.Helper()
	view := jar{}
	view.as(t, a.LoginHandler(), "Mozilla/5.0 MicroMessenger/8.0 miniProgram/wxmini", strings.TrimPrefix(address, "https://shop.example.com"))
	return view
}

// as is do with another browser.
func (j jar) as(t *testing.T, h http.Handler, agent, target string) *http.Response {
	t.Helper()
	return j.do(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("User-Agent", agent)
		h.ServeHTTP(w, r)
	}), http.MethodGet, target)
}

type unreachable struct{ sessions.Store }

var errAway = errors.New("connection refused")

func (unreachable) EndAll(context.Context, string) error { return errAway }

func TestEndSessionsThatCannot(t *testing.T) {
	cookies, err := sessionstore.NewCookie(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	for _, tt := range []struct {
		name, openID string
		store        sessions.Store
		want         error
	}{
		{"sessions in cookies", "OPENID", nil, sessionstore.ErrUnsupported},
		{"a store that is away", "OPENID", unreachable{cookies}, errAway},
		{"no openid", "", cookies, nil},
		{"what is none", "a b", cookies, nil},
	} {
		a, _ := newAuth(t, func(cfg *oauth.Config) { cfg.Store = tt.store })
		if err := a.EndSessions(t.Context(), tt.openID); err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && errors.Is(err, sessionstore.ErrUnsupported) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
