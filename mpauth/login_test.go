package mpauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

func TestLoginBodies(t *testing.T) {
	filler := func(size int) string {
		empty := `{"code":"c","x":""}`
		return `{"code":"c","x":"` + strings.Repeat("x", size-len(empty)) + `"}`
	}
	for _, tt := range []struct {
		name, body string
		code       string // sent to WeChat; "" for none
	}{
		{"as documented", `{"code":"c"}`, "c"},
		{"space around", " \r\n{ \"code\" : \"c\" }\n", "c"},
		{"fields of the client's own", `{"code":"c","userInfo":{"nickName":"Band"},"v":[1]}`, "c"},
		{"escapes", `{"code":"\u0063&appid=wx2#"}`, "c&appid=wx2#"},
		{"4 kB", filler(4 << 10), "c"},
		{"a byte more", filler(4<<10 + 1), ""},
		{"1 MB", filler(1 << 20), ""},
		{"nothing", ``, ""},
		{"space", ` `, ""},
		{"no code", `{}`, ""},
		{"an empty code", `{"code":""}`, ""},
		{"null for a code", `{"code":null}`, ""},
		{"a code of 512 bytes", `{"code":"` + strings.Repeat("c", 512) + `"}`, strings.Repeat("c", 512)},
		{"a longer code", `{"code":"` + strings.Repeat("c", 513) + `"}`, ""},
		{"a code with a blank", `{"code":"c c"}`, ""},
		{"a code with a control byte", `{"code":"c\u0000"}`, ""},
		{"a code of other characters", `{"code":"名"}`, ""},
		{"a code of bytes that are none", "{\"code\":\"\xff\"}", ""},
		{"a number for a code", `{"code":1}`, ""},
		{"a list for a code", `{"code":["c"]}`, ""},
		{"null", `null`, ""},
		{"a list", `[{"code":"c"}]`, ""},
		{"a text", `"c"`, ""},
		{"a form", `code=c`, ""},
		{"cut", `{"code":"c"`, ""},
		{"a byte behind", `{"code":"c"}x`, ""},
		{"a comma behind", `{"code":"c"},`, ""},
		{"a second object", `{"code":"c"}{"code":"d"}`, ""},
		{"a byte order mark", "\xef\xbb\xbf" + `{"code":"c"}`, ""},
		{"a raw control byte", "{\"code\":\"c\x01\"}", ""},
		{"deep nesting", `{"code":"c","x":` + strings.Repeat("[", 4000), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wx := answering(goodLogin)
			w := serve(newAuth(t, wx, nil).LoginHandler(), post(t, tt.body, ""))
			if tt.code == "" {
				wantError(t, w, http.StatusBadRequest, "bad_request")
				require.Empty(t, wx.Calls())
				return
			}
			wantStatus(t, w, http.StatusOK)
			require.Equal(t, tt.code, wx.Calls()[0].Query.Get("js_code"))
		})
	}
	t.Run("a connection that breaks", func(t *testing.T) {
		r := post(t, "", "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"code":"c"}`), broken{}))
		wantError(t, serve(newAuth(t, answering(goodLogin), nil).LoginHandler(), r), http.StatusBadRequest, "bad_request")
	})
	t.Run("no body at all", func(t *testing.T) {
		r := post(t, "", "")
		r.Body = nil
		wantError(t, serve(newAuth(t, answering(goodLogin), nil).LoginHandler(), r), http.StatusBadRequest, "bad_request")
	})
}

// A client that sends its login slowly does not use up the time for the store and WeChat, nor raise
// an alarm about them.
func TestASlowBodyIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := &recorder{}
		a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Observer = events })
		r := post(t, "", "")
		r.Body = io.NopCloser(io.MultiReader(slow{}, strings.NewReader(loginBody)))
		tokenOf(t, serve(a.LoginHandler(), r))
		events.want(t, "login_started mini", "login_finished mini")
	})
}

// slow takes a minute to send nothing.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	time.Sleep(time.Minute)
	return 0, io.EOF
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestMethods(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, "post"} {
		for name, h := range map[string]http.Handler{"login": a.LoginHandler(), "logout": a.LogoutHandler()} {
			r := post(t, loginBody, "")
			r.Method = method
			w := serve(h, r)
			wantError(t, w, http.StatusMethodNotAllowed, "bad_request")
			require.Equal(t, http.MethodPost, w.Header().Get("Allow"), "%s %s", method, name)
		}
	}
}

// What WeChat says, and what the client hears.
func TestLoginFailures(t *testing.T) {
	code := func(n int) http.RoundTripper { return refusing(strconv.Itoa(n)) }
	status := func(n int, body string) http.RoundTripper {
		return &webtest.WeChat{Answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example.com/?"+appSecret)
			w.WriteHeader(n)
			fmt.Fprint(w, body)
		}}
	}
	for _, tt := range []struct {
		name   string
		wechat http.RoundTripper
		status int
		word   string
		level  slog.Level
	}{
		{"unknown code", code(40029), 401, "invalid_code", slog.LevelDebug},
		{"used code", code(40163), 401, "invalid_code", slog.LevelDebug},
		{"expired code", code(42003), 401, "invalid_code", slog.LevelDebug},
		{"risky user", code(40226), 403, "blocked", slog.LevelDebug},
		{"restricted user", code(50002), 403, "blocked", slog.LevelDebug},
		{"daily quota", code(45009), 429, "limited", slog.LevelWarn},
		{"minute quota", code(45011), 429, "limited", slog.LevelWarn},
		{"status 429", status(429, ""), 429, "limited", slog.LevelWarn},
		{"wrong appid", code(40013), 500, "config", slog.LevelError},
		{"wrong secret", code(40125), 500, "config", slog.LevelError},
		{"address not in the whitelist", code(40164), 500, "config", slog.LevelError},
		{"no appid", code(41002), 500, "config", slog.LevelError},
		{"no secret", code(41004), 500, "config", slog.LevelError},
		{"not allowed to log in", code(48001), 500, "config", slog.LevelError},
		{"not allowed to ask for tokens", code(50004), 500, "config", slog.LevelError},
		{"frozen AppSecret", code(40243), 500, "config", slog.LevelError},
		{"frozen account", code(50007), 500, "config", slog.LevelError},
		{"busy", code(-1), 502, "upstream", slog.LevelWarn},
		{"a code about app tokens, which play no part", code(40001), 502, "upstream", slog.LevelWarn},
		{"unknown errcode", code(99999), 502, "upstream", slog.LevelWarn},
		{"status 502", status(502, "<html>"), 502, "upstream", slog.LevelWarn},
		{"a redirect", status(302, ""), 502, "upstream", slog.LevelWarn},
		{"status 204", status(204, ""), 502, "upstream", slog.LevelWarn},
		{"HTML", answering("<html>"), 502, "upstream", slog.LevelWarn},
		{"no JSON", answering(`{"openid":`), 502, "upstream", slog.LevelWarn},
		{"nothing", answering(""), 502, "upstream", slog.LevelWarn},
		{"null", answering("null"), 502, "upstream", slog.LevelWarn},
		{"no openid", answering(`{"session_key":"` + sessionKey + `"}`), 502, "upstream", slog.LevelWarn},
		{"more than 1 MB", answering(`{"openid":"` + strings.Repeat("o", 1<<20) + `"}`), 502, "upstream", slog.LevelWarn},
		{"reset", failing{syscall.ECONNRESET}, 502, "upstream", slog.LevelWarn},
		{"DNS", failing{&net.DNSError{Name: "api.weixin.qq.com", Err: "no such host"}}, 503, "upstream", slog.LevelWarn},
		{"refused", failing{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, 503, "upstream", slog.LevelWarn},
		{"timeout", failing{context.DeadlineExceeded}, 504, "upstream", slog.LevelWarn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log levels
			events := &recorder{}
			a := newAuth(t, tt.wechat, func(cfg *mpauth.Config) {
				cfg.Logger, cfg.Observer = slog.New(&log), events
				cfg.OnLogin = func(context.Context, *http.Request, *mpauth.Session) error {
					t.Error("OnLogin ran")
					return nil
				}
			})
			w := serve(a.LoginHandler(), post(t, loginBody, ""))
			wantError(t, w, tt.status, tt.word)
			require.Equal(t, tt.level, log.highest())
			if tt.word == "limited" {
				wantRetryAfter(t, w, "60")
			}
			events.want(t, "login_started mini", "login_refused "+tt.word)
			wantNoCanary(t, "the answer", w.Body.String())
		})
	}
}

// failing is a network that fails, with an error that says too much.
type failing struct{ err error }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("GET %s: %w", r.URL, f.err)
}

// levels is a log of which only the levels matter.
type levels struct {
	mu  sync.Mutex
	max slog.Level
}

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }
func (l *levels) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *levels) WithGroup(string) slog.Handler            { return l }
func (l *levels) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.max == 0 || r.Level > l.max {
		l.max = r.Level
	}
	return nil
}

func (l *levels) highest() slog.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.max
}

func TestEventsCarryTheErrcode(t *testing.T) {
	events := &recorder{}
	a := newAuth(t, refusing("40163"), func(cfg *mpauth.Config) { cfg.Observer = events })
	serve(a.LoginHandler(), post(t, loginBody, ""))
	require.Equal(t, core.Event{Name: core.EventLoginRefused, Kind: "invalid_code", Code: core.ErrCodeUsed}, events.events[1])
}

func TestOnLogin(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			var got mpauth.Session
			var header string
			refuse := errors.New("SECRET REASON")
			var answer error
			a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) {
				cfg.Store = store.make(t)
				cfg.OnLogin = func(ctx context.Context, r *http.Request, s *mpauth.Session) error {
					if _, ok := ctx.Deadline(); !ok || r.Context() != ctx {
						t.Error("OnLogin may take forever")
					}
					got, header = *s, r.Header.Get("X-Device")
					s.OpenID, s.SessionKey = "changed", "changed"
					return answer
				}
			})
			r := post(t, loginBody, "")
			r.Header.Set("X-Device", "phone")
			w := serve(a.LoginHandler(), r)
			want := mpauth.Session{AppID: appID, OpenID: openID, UnionID: unionID, SessionKey: sessionKey}
			if w.Code != http.StatusOK || got != want || header != "phone" {
				t.Errorf("login = %d, OnLogin saw %+v and %q", w.Code, got, header)
			}
			if s, _ := admit(t, a, visit(t, login(t, a))); *s != want {
				t.Errorf("OnLogin changed the session to %+v", s)
			}
			answer = refuse
			w = serve(a.LoginHandler(), post(t, loginBody, ""))
			wantError(t, w, http.StatusForbidden, "refused")
		})
	}
}

// The session before a login ends with it: a store keeps one session of a client, not all.
func TestALoginEndsTheSessionBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refuse error
		a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) {
			cfg.Store = files(t)
			cfg.OnLogin = func(context.Context, *http.Request, *mpauth.Session) error { return refuse }
		})
		first, other := login(t, a), login(t, a)
		time.Sleep(time.Minute)
		refuse = errors.New("not now")
		serve(a.LoginHandler(), post(t, loginBody, first))
		wantAdmitted(t, a, first) // a refused login ends nothing
		refuse = nil
		wantStatus(t, serve(a.LoginHandler(), post(t, loginBody, first)), http.StatusOK)
		if s, _ := admit(t, a, visit(t, first)); s != nil {
			t.Error("the session before is still good")
		}
		wantAdmitted(t, a, other) // that of another device
		wantStatus(t, serve(a.LoginHandler(), post(t, loginBody, "garbage")), http.StatusOK)
	})
}

// Two calls of a mini program find its token expired and both log in, the second with the token
// that the first has just got. Neither ends the other's session.
func TestTwoLoginsAtOnceDoNotEndEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.MaxAge = files(t), time.Hour })
		old := login(t, a)
		time.Sleep(time.Hour)
		first := tokenOf(t, serve(a.LoginHandler(), post(t, loginBody, old)))
		time.Sleep(2 * time.Second)
		second := tokenOf(t, serve(a.LoginHandler(), post(t, loginBody, first)))
		wantAdmitted(t, a, first)
		wantAdmitted(t, a, second)
	})
}

// Of two logouts at once the store of gorilla/sessions tells the second that there is no file.
func TestASessionThatAnotherCallHasEndedIsNoOutage(t *testing.T) {
	store := &faulty{Store: files(t)}
	a := newAuth(t, answering(goodLogin), with(store))
	token := login(t, a)
	store.saveErr = fs.ErrNotExist
	wantStatus(t, serve(a.LogoutHandler(), post(t, "", token)), http.StatusNoContent)
}

// While the store is away no code is spent: the client's next try can use it.
func TestALoginSpendsNoCodeWhileTheStoreIsAway(t *testing.T) {
	for name, store := range map[string]*faulty{"files": {Store: files(t)}, "gorilla's cookies": {Store: sessions.NewCookieStore(key(8), key(9))}} {
		t.Run(name, func(t *testing.T) {
			wx := answering(goodLogin)
			a := newAuth(t, wx, with(store))
			store.saveErr = errOutage
			wantError(t, serve(a.LoginHandler(), post(t, loginBody, "")), http.StatusServiceUnavailable, "store_down")
			require.Empty(t, wx.Calls(), "WeChat was asked")
			store.saveErr = nil
			wantStatus(t, serve(a.LoginHandler(), post(t, loginBody, "")), http.StatusOK)
		})
	}
}

// A store with outcomes notes the keys that it is tried with.
type tried struct {
	sessions.Store
	*sessionstore.MemoryOutcomes

	keys map[string]bool
}

func (s tried) Reserve(_ context.Context, key string, _ time.Duration) (bool, error) {
	s.keys[key] = true
	return false, nil
}

// Whoever makes codes up makes no keys with them.
func TestLoginsTryTheStoreWithAHandfulOfKeys(t *testing.T) {
	store := tried{files(t), nil, map[string]bool{}}
	a := newAuth(t, refusing("40029"), with(store))
	for i := range 500 {
		serve(a.LoginHandler(), post(t, `{"code":"`+strconv.Itoa(i)+`"}`, ""))
	}
	if n := len(store.keys); n == 0 || n > 32 {
		t.Errorf("%d keys", n)
	}
}

// A trial of the store leaves nothing behind.
func TestALoginLeavesOneSession(t *testing.T) {
	dir := t.TempDir()
	a := newAuth(t, answering(goodLogin), with(sessions.NewFilesystemStore(dir, key(8))))
	login(t, a)
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// A code that WeChat has refused is not asked about again while it could live.
func TestARefusedCodeIsRemembered(t *testing.T) {
	for _, tt := range []struct {
		code  string
		asked int // times in two tries
	}{{"40029", 1}, {"40163", 1}, {"42003", 1}, {"-1", 2}, {"45011", 2}, {"40125", 2}, {"40226", 2}} {
		inBubble(t, tt.code, func(t *testing.T) {
			wx := refusing(tt.code)
			a := newAuth(t, wx, nil)
			first := serve(a.LoginHandler(), post(t, loginBody, ""))
			again := serve(a.LoginHandler(), post(t, loginBody, ""))
			if calls := len(wx.Calls()); calls != tt.asked || again.Code != first.Code || again.Body.String() != first.Body.String() {
				t.Errorf("%d calls, %d %s and then %d %s", calls, first.Code, first.Body, again.Code, again.Body)
			}
			serve(a.LoginHandler(), post(t, `{"code":"another"}`, ""))
			time.Sleep(5 * time.Minute)
			serve(a.LoginHandler(), post(t, loginBody, ""))
			require.Equal(t, tt.asked+2, len(wx.Calls()))
		})
	}
}

func TestLogoutOfNobody(t *testing.T) {
	events := &recorder{}
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Observer = events })
	for _, token := range []string{"", "garbage", strings.Repeat("A", 5000)} {
		wantStatus(t, serve(a.LogoutHandler(), post(t, "", token)), http.StatusNoContent)
	}
	events.want(t)
}

// A phone that hangs up while WeChat answers has spent its code. The login goes on: OnLogin runs
// and the session is saved.
func TestALoginSurvivesAClientThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wx := late(2 * time.Second)
		var logins atomic.Int32
		a := newAuth(t, wx, func(cfg *mpauth.Config) {
			cfg.Store = files(t)
			cfg.OnLogin = func(context.Context, *http.Request, *mpauth.Session) error { logins.Add(1); return nil }
		})
		ctx, hangUp := context.WithTimeout(t.Context(), time.Second)
		defer hangUp()
		w := serve(a.LoginHandler(), post(t, loginBody, "").WithContext(ctx))
		if ctx.Err() == nil || w.Code != http.StatusOK || logins.Load() != 1 {
			t.Errorf("login = %d %s, OnLogin ran %d times", w.Code, w.Body, logins.Load())
		}
	})
}

// late is a WeChat that takes its time.
func late(d time.Duration) *webtest.WeChat {
	return &webtest.WeChat{Answer: func(w http.ResponseWriter, r *http.Request) {
		_ = wait(r.Context(), d)
		fmt.Fprint(w, goodLogin)
	}}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestALoginIsOverAfterEightSeconds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		wechat time.Duration
		app    time.Duration
		after  time.Duration
		status int
		word   string
	}{
		{"WeChat hangs", time.Hour, 0, 5 * time.Second, 504, "upstream"},
		{"OnLogin hangs", time.Second, time.Hour, 8 * time.Second, 403, "refused"},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			a := newAuth(t, late(tt.wechat), func(cfg *mpauth.Config) {
				cfg.OnLogin = func(ctx context.Context, _ *http.Request, _ *mpauth.Session) error { return wait(ctx, tt.app) }
			})
			began := time.Now()
			wantError(t, serve(a.LoginHandler(), post(t, loginBody, "")), tt.status, tt.word)
			require.Equal(t, tt.after, time.Since(began))
		})
	}
}

// Who returns from OnLogin after its time is not signed in. That is no outage of the store.
func TestOnLoginIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := &recorder{}
		a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) {
			cfg.Observer = events
			cfg.OnLogin = func(context.Context, *http.Request, *mpauth.Session) error {
				time.Sleep(9 * time.Second)
				return nil
			}
		})
		wantError(t, serve(a.LoginHandler(), post(t, loginBody, "")), http.StatusForbidden, "refused")
		events.want(t, "login_started mini", "login_refused refused")
	})
}

// A client that goes away while its session is read is not an outage of the store.
func TestAClientThatLeavesIsNoOutage(t *testing.T) {
	var log levels
	events := &recorder{}
	store := &faulty{Store: sessions.NewCookieStore(key(8), key(9)), newErr: fmt.Errorf("get: %w", context.Canceled)}
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) {
		cfg.Store, cfg.Observer, cfg.Logger = store, events, slog.New(&log)
	})
	_, w := admit(t, a, visit(t, "token"))
	wantError(t, w, http.StatusServiceUnavailable, "store_down")
	events.want(t)
	require.Equal(t, slog.LevelDebug, log.highest())
}

// All that can happen, with the chattiest log: nothing of it shows a secret, and the ordinary part
// writes nothing above Debug.
func TestNothingLeaks(t *testing.T) {
	var log webtest.Buffer
	var loud levels
	both := slog.New(slog.NewMultiHandler(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}), &loud))
	var answers bytes.Buffer
	try := func(wx http.RoundTripper, change func(*mpauth.Config)) (token string) {
		a := newAuth(t, wx, func(cfg *mpauth.Config) {
			cfg.Logger = both
			if change != nil {
				change(cfg)
			}
		})
		for _, r := range []*http.Request{post(t, loginBody, ""), post(t, loginBody+"x", ""), post(t, `{"code":["`+jsCode+`"]}`, "")} {
			w := serve(a.LoginHandler(), r)
			fmt.Fprintln(&answers, w.Code, w.Header(), w.Body)
			if _, rest, ok := strings.Cut(w.Body.String(), `"token":"`); ok {
				token, _, _ = strings.Cut(rest, `"`)
			}
		}
		for _, sent := range []string{token, token + "x", jsCode, sessionKey} {
			_, w := admit(t, a, visit(t, sent))
			fmt.Fprintln(&answers, w.Code, w.Header(), w.Body)
			w = serve(a.LogoutHandler(), post(t, loginBody, sent))
			fmt.Fprintln(&answers, w.Code, w.Header(), w.Body)
		}
		return token
	}
	tokens := []string{try(answering(goodLogin), nil), try(answering(goodLogin), with(files(t)))}
	require.Equal(t, slog.LevelDebug, loud.highest())
	for _, wx := range []http.RoundTripper{
		refusing("40029"), refusing("40125"), refusing("45011"), refusing("-1"), answering("<html>" + sessionKey), answering(`{"openid":1,"session_key":"` + sessionKey + `"}`),
		answering(`{"openid":"","session_key":"` + sessionKey + `"}`),
		failing{io.ErrUnexpectedEOF},
		failing{context.DeadlineExceeded},
	} {
		try(wx, nil)
	}
	try(answering(goodLogin), with(&faulty{Store: sessions.NewCookieStore(key(8), key(9)), saveErr: errOutage}))
	try(answering(goodLogin), with(&faulty{Store: sessions.NewCookieStore(key(8), key(9)), newErr: errOutage}))
	try(answering(goodLogin), func(cfg *mpauth.Config) {
		cfg.OnLogin = func(_ context.Context, _ *http.Request, s *mpauth.Session) error { return fmt.Errorf("no: %+v", s) }
	})
	require.Contains(t, log.String(), "invalid_code", "the test does not test")
	require.Contains(t, answers.String(), "store_down", "the test does not test")
	wantNoCanary(t, "the log", log.String())
	wantNoCanary(t, "an answer", answers.String())
	for _, token := range tokens {
		if token == "" || strings.Contains(log.String(), token) {
			t.Errorf("the log shows the token %q", token)
		}
	}
}

func TestLoginsAtTheSameTime(t *testing.T) {
	a := newAuth(t, answering(goodLogin), nil)
	webtest.AtOnce(16, func(int) {
		w := serve(a.LoginHandler(), post(t, loginBody, ""))
		wantStatus(t, w, http.StatusOK)
		_, rest, _ := strings.Cut(w.Body.String(), `"token":"`)
		token, _, _ := strings.Cut(rest, `"`)
		if _, ok := a.Admit(httptest.NewRecorder(), visit(t, token)); !ok {
			t.Error("not admitted")
		}
	})
}
