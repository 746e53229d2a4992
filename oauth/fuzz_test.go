package oauth

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

// fuzzAuth logs nothing, and talks to this WeChat.
func fuzzAuth(f *testing.F, wechat http.HandlerFunc, change func(*Config)) *Auth {
	f.Helper()
	return testAuth(f, change, func(cfg *Config) {
		cfg.AskAtOnce, cfg.HTTPClient, cfg.Logger = true, webtest.InMemory(wechat), slog.New(slog.DiscardHandler)
	})
}

// beginLogin starts a login and returns its state and the attempt's cookie.
func beginLogin(tb testing.TB, a *Auth) (state string, attempt *http.Cookie) {
	tb.Helper()
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0")
	w := httptest.NewRecorder()
	a.Admit(w, r, "")
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || len(w.Result().Cookies()) != 1 {
		tb.Fatalf("no login began: %d, %v", w.Code, err)
	}
	return u.Query().Get("state"), w.Result().Cookies()[0]
}

// An attempt cookie opens to the state it was made for, or not at all. change is laid over a good
// cookie, bit by bit; tail is put behind it.
func FuzzAttemptCookie(f *testing.F) {
	a := testAuth(f, func(cfg *Config) { cfg.AskAtOnce = true })
	state, good := beginLogin(f, a)
	f.Add([]byte{}, "", "")
	f.Add([]byte{1}, "", "")
	f.Add([]byte{}, "=", "")
	f.Add([]byte{}, "", "0")
	f.Fuzz(func(t *testing.T, change []byte, tail, name string) {
		value := []byte(good.Value)
		for i := range min(len(change), len(value)) {
			value[i] ^= change[i]
		}
		c := &http.Cookie{Name: good.Name + name, Value: string(value) + tail}
		opened, ok := a.attempts.open(c.Name, c.Value)
		same := c.Name == good.Name && c.Value == good.Value
		if ok != same || (ok && opened.text != state) {
			t.Errorf("%q opened: %v, to %q", c.Value, ok, opened.text)
		}
	})
}

// Whatever address and cookies a browser brings, without an attempt of its own and a session made
// with our key nobody is signed in, WeChat is not asked, and no redirect leads elsewhere.
func FuzzCallback(f *testing.F) {
	var asked bool
	a := fuzzAuth(f, func(http.ResponseWriter, *http.Request) { asked = true }, func(*Config) {})
	lost, _ := beginLogin(f, a) // its cookie is lost
	foreign := testAuth(f, func(cfg *Config) { cfg.AskAtOnce, cfg.Keys = true, [][]byte{bytes.Repeat([]byte("b"), 32)} })
	state, attempt := beginLogin(f, foreign)
	cookie := attempt.Name + "=" + attempt.Value
	for _, target := range []string{
		"/me", "/me?code=c&state=" + lost, "/me?code=c&state=" + state, "/me?state=" + lost, "/me?code=c&code=d&state=" + lost + "&state=" + state,
		"//evil.com?code=c&state=" + lost, "http://evil.com/?code&state=" + lost, "/wechat/login?return_to=//evil.com&code=c&state=" + lost,
		"/a%zz", "*", "/?wx_code=c&state=wx1", `/\evil.com`, "/#?x",
	} {
		f.Add(target, cookie)
		f.Add(target, a.sessions.name+"="+attempt.Value+"; "+a.attempts.name(lost)+"="+attempt.Value)
	}
	f.Fuzz(func(t *testing.T, target, cookies string) {
		if strings.ContainsAny(target+cookies, "\r\n") {
			return // another header, or another request
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: evil.com\r\nAccept: text/html\r\nUser-Agent: Mozilla MicroMessenger\r\nCookie: " + cookies + "\r\n\r\n")))
		if err != nil {
			return
		}
		asked = false
		w := httptest.NewRecorder()
		if _, ok := a.Admit(w, r, ""); ok {
			t.Fatal("signed in")
		}
		require.False(t, asked, "WeChat was asked")
		for _, c := range w.Result().Cookies() {
			require.NotEqual(t, a.sessions.name, c.Name, c.Value)
		}
		checkLocation(t, w)
		if !slices.Contains([]int{http.StatusFound, http.StatusBadRequest, http.StatusForbidden}, w.Code) {
			t.Errorf("status %d", w.Code)
		}
	})
}

// checkLocation allows redirects to WeChat that come back to the site, and to the site.
func checkLocation(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	location := w.Header().Get("Location")
	if strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) {
		t.Errorf("Location %q", location)
	}
	if strings.HasPrefix(location, "https://open.weixin.qq.com/connect/oauth2/authorize?") {
		u, err := url.Parse(location)
		require.NoError(t, err)
		location = u.Query().Get("redirect_uri")
	}
	if (location != "" || w.Code == http.StatusFound) && !strings.HasPrefix(location, "https://shop.example.com/") {
		t.Errorf("a redirect to, or by way of, %q", location)
	}
}

// Whatever WeChat answers to a good callback, somebody is signed in only by two answers that name
// the same user; all else is a typed failure.
func FuzzAnswers(f *testing.F) {
	var answers map[string][]byte
	var status int
	var failure *Failure
	a := fuzzAuth(f, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		w.Write(answers[r.URL.Path])
	}, func(cfg *Config) {
		cfg.OnError = func(w http.ResponseWriter, _ *http.Request, err error) {
			failure, _ = errors.AsType[*Failure](err) // of another type it panics below
			w.WriteHeader(failure.Status)
		}
	})
	const (
		token   = `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"OPENID","scope":"snsapi_userinfo","unionid":"UNIONID"}`
		base    = `{"access_token":"AT","expires_in":"7200","refresh_token":"RT","openid":"OPENID","scope":"snsapi_base"}`
		profile = `{"openid":"OPENID","nickname":"名","sex":1,"privilege":["P"],"headimgurl":"https://thirdwx.qlogo.cn/mmopen/x/46","unionid":"UNIONID"}`
		refusal = `{"errcode":40029,"errmsg":"invalid code, rid: 652d44d0-1d0af18b-5b069232"}`
	)
	for _, exchange := range []string{token, base, refusal, "", "null", "\ufeff" + token, token[:50], strings.Replace(token, "OPENID", `A","openid":"B`, 1), strings.Replace(token, "7200", "1e99", 1)} {
		for _, user := range []string{profile, refusal, "[]", strings.Replace(profile, "OPENID", "SOMEBODY", 1), strings.Replace(profile, "名", "\x00\xff", 1)} {
			f.Add(http.StatusOK, []byte(exchange), []byte(user))
		}
	}
	f.Add(http.StatusTooManyRequests, []byte(token), []byte(profile))
	f.Fuzz(func(t *testing.T, code int, exchange, user []byte) {
		if code < 200 || code > 599 {
			code = http.StatusOK
		}
		status, failure = code, nil
		answers = map[string][]byte{exchangePath: bytes.Clone(exchange), "/sns/userinfo": bytes.Clone(user)}
		state, attempt := beginLogin(t, a)
		r := httptest.NewRequest(http.MethodGet, "/me?code=CODE&state="+state, nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0")
		r.AddCookie(attempt)
		w := httptest.NewRecorder()
		if _, ok := a.Admit(w, r, ""); ok {
			t.Fatal("a callback was passed on")
		}
		checkLocation(t, w)
		rec := a.sessionIn(t, w)
		if failure != nil {
			_, wire := errors.AsType[*core.WireError](failure)
			refusal, refused := errors.AsType[*core.Error](failure)
			denied := failure.Kind == KindDenied || failure.Kind == KindSnapshot
			if !wire && !denied && !errors.Is(failure, ErrIdentity) && (!refused || refusal.Code == 0) {
				t.Errorf("an untyped failure: %#v", failure)
			}
			if rec != nil && !denied {
				t.Error("a failure signed somebody in")
			}
		}
		if rec == nil {
			return
		}
		asked := [][]byte{exchange}
		if Scope(rec.user.Scope) != ScopeBase {
			asked = append(asked, user)
		}
		for _, answer := range asked {
			var named struct{ OpenID string }
			answer = bytes.TrimPrefix(answer, []byte("\ufeff"))
			if json.Unmarshal(answer, &named) == nil && named.OpenID != rec.user.OpenID || code != http.StatusOK || !subject.ValidID(rec.user.OpenID) {
				t.Errorf("%q is signed in by status %d, %q", rec.user.OpenID, code, answer)
			}
		}
	})
}

// sessionIn opens the session that an answer sets; nil: it sets none.
func (a *Auth) sessionIn(t *testing.T, w *httptest.ResponseRecorder) *record {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	for _, c := range w.Result().Cookies() {
		if c.Name == a.sessions.name {
			r.AddCookie(c)
		}
	}
	rec, err := a.sessions.open(r, time.Now())
	require.NoError(t, err)
	return rec
}
