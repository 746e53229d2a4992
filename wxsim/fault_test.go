package wxsim_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

const exchangePath = "/sns/oauth2/access_token"

func TestFaultsAnswerInsteadOfWeChat(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	code := sim.NewCode(sim.AppID(), sim.Users()[0].OpenID, "snsapi_base")
	for _, tt := range []struct {
		name                      string
		fault                     wxsim.Fault
		status                    int
		contentType, body, header string // body is a part of it
	}{
		{"errcode", wxsim.Code(45009), 200, "text/plain", `{"errcode":45009,"errmsg":"reach max api daily quota limit, rid: `, ""},
		{"status", wxsim.Status(502), 502, "text/html", "<h1>502 Bad Gateway</h1>", ""},
		{"HTML", wxsim.HTML(), 200, "text/html; charset=utf-8", "<!DOCTYPE html>", ""},
		{"empty body", wxsim.EmptyBody(), 200, "text/plain", "", ""},
		{"any body", wxsim.Body(418, "image/gif", "GIF"), 418, "image/gif", "GIF", ""},
		{"redirect", wxsim.Redirect(302, "https://example.com/"), 302, "", "", "https://example.com/"},
		{"header around a body", wxsim.Header("Location", "x").Then(wxsim.Body(200, "a/b", "c")), 200, "a/b", "c", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim.Fail(exchangePath, tt.fault, 1)
			w := get(t, sim, exchangeURL(sim, code))
			if w.Code != tt.status || w.Header().Get("Content-Type") != tt.contentType || !strings.Contains(w.Body.String(), tt.body) || w.Header().Get("Location") != tt.header {
				t.Errorf("answer %d %q %q", w.Code, w.Header(), w.Body)
			}
			require.NotEmpty(t, tt.fault.String(), "the fault has no name")
		})
	}
	wantCode(t, call(t, sim, exchangeURL(sim, code)), 0) // no fault has spent the code
}

func TestFaultsSpoilTheTrueAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, not string
		fault     wxsim.Fault
		want      string
	}{
		{"field changed", `"expires_in":7200`, wxsim.Field("expires_in", `"7200"`), `"expires_in":"7200"`},
		{"field added", "", wxsim.Field("errcode", "0"), `"errcode":0`},
		{"no unionid", "unionid", wxsim.NoUnionID(), `"openid":`},
		{"edited", "", wxsim.Edit(func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }), "\xef\xbb\xbf{"},
		{"no JSON to change", "", wxsim.Field("a", "1").Then(wxsim.HTML()), "<!DOCTYPE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := wxsim.New(wxsim.Config{})
			sim.Fail(exchangePath, tt.fault)
			body := get(t, sim, exchangeURL(sim, sim.NewCode(sim.AppID(), sim.Users()[0].OpenID, "snsapi_userinfo"))).Body.String()
			if !strings.Contains(body, tt.want) || tt.not != "" && strings.Contains(body, tt.not) {
				t.Errorf("answer %q; want %q", body, tt.want)
			}
		})
	}
}

func TestFaultsAreUsedUpInOrder(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	sim.Fail("/sns/auth", wxsim.Code(1))
	sim.Fail("/sns/auth", wxsim.Code(-1), 2)
	sim.Fail("/sns/auth", wxsim.Code(45009), 1)
	sim.Fail(wxsim.AnyPath, wxsim.Code(50002))
	for _, want := range []int{-1, -1, 45009, 1, 1} {
		wantCode(t, call(t, sim, "/sns/auth"), want)
	}
	sim.Clear("/sns/auth")
	wantCode(t, call(t, sim, "/sns/auth"), 50002)
	// a fault of every API also hit a page
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_base")), http.StatusFound)
	sim.Reset()
	wantCode(t, call(t, sim, "/sns/auth"), 41001)
	sim.Fail("/connect/oauth2/authorize", wxsim.Code(10004), 1)
	wantText(t, get(t, sim, authorizeURL(sim, "snsapi_base")), "错误码: 10004")
	sim.Fail("/connect/oauth2/authorize", wxsim.Status(503))
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_base")), http.StatusServiceUnavailable)
}

func TestDelayAndLateWait(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault wxsim.Fault
		spent int // what the code is answered with after the client gave up
	}{
		{"delay spends nothing", wxsim.Delay(time.Minute), 0},
		{"late has spent it", wxsim.Late(time.Minute), 40163},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := wxsim.New(wxsim.Config{})
				newCode := func() string { return sim.NewCode(sim.AppID(), sim.Users()[0].OpenID, "snsapi_base") }
				sim.Fail(exchangePath, tt.fault, 2)
				start := time.Now()
				wantCode(t, call(t, sim, exchangeURL(sim, newCode())), 0)
				require.Equal(t, time.Minute, time.Since(start))
				code := newCode()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				wantAbort(t, func() {
					do(sim, httptest.NewRequestWithContext(ctx, http.MethodGet, exchangeURL(sim, code), nil))
				})
				wantCode(t, call(t, sim, exchangeURL(sim, code)), tt.spent)
			})
		})
	}
}

func TestHangLastsUntilTheClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := wxsim.New(wxsim.Config{})
		sim.Fail(wxsim.AnyPath, wxsim.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		wantAbort(t, func() { do(sim, httptest.NewRequestWithContext(ctx, http.MethodGet, "/sns/auth", nil)) })
		require.Equal(t, time.Hour, time.Since(start))
	})
}

// wantAbort fails unless f asks the server to close the connection.
func wantAbort(tb testing.TB, f func()) {
	tb.Helper()
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // the very value is the contract
			tb.Errorf("recovered %v; want http.ErrAbortHandler", got)
		}
	}()
	f()
}

func TestSlowSendsPieceByPiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := wxsim.New(wxsim.Config{})
		sim.Fail("/sns/auth", wxsim.Slow(10*time.Second))
		start := time.Now()
		wantCode(t, call(t, sim, "/sns/auth"), 41001)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestConnectionsBreak(t *testing.T) {
	sim := started(t, wxsim.Config{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		name  string
		fault wxsim.Fault
		begun bool // whether the header arrives
		spent int
	}{
		{"cut", wxsim.Cut(), true, 40163},
		{"reset", wxsim.Reset(), false, 0},
		{"lost", wxsim.Lost(), false, 40163},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code := sim.NewCode(sim.AppID(), sim.Users()[0].OpenID, "snsapi_base")
			sim.Fail(exchangePath, tt.fault, 1)
			resp, err := client.Get(sim.URL + exchangeURL(sim, code))
			require.Equal(t, tt.begun, err == nil, err)
			if tt.begun {
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err == nil || len(body) == 0 || int64(len(body)) >= resp.ContentLength {
					t.Errorf("read %d of %d bytes, error %v; want a part", len(body), resp.ContentLength, err)
				}
			}
			wantCode(t, call(t, sim, exchangeURL(sim, code)), tt.spent)
		})
	}
}

func TestLogRemembersCallsAndAnswers(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	call(t, sim, "/sns/auth?openid=o1")
	sim.Fail("/sns/auth", wxsim.Status(502), 1)
	get(t, sim, "/sns/auth")
	post(t, sim, "/cgi-bin/stable_token", `{"grant_type":"x"}`)
	get(t, sim, "/connect/oauth2/authorize")
	log := sim.Log()
	if len(log) != 4 || sim.Calls("/sns/auth") != 2 || sim.Calls("/connect/oauth2/authorize") != 1 || sim.Calls("/sns/userinfo") != 0 {
		t.Fatalf("%d calls logged, %d counted; want 4 and 2", len(log), sim.Calls("/sns/auth"))
	}
	first := log[0]
	if first.Method != http.MethodGet || first.Query.Get("openid") != "o1" || first.Code != 41001 || first.Status != 200 || !bytes.Contains(first.Answer, []byte("41001")) || first.At.IsZero() {
		t.Errorf("first call %+v", first)
	}
	if log[1].Status != 502 || log[2].Code != 40002 || string(log[2].Body) != `{"grant_type":"x"}` || log[3].Code != 10012 {
		t.Errorf("calls %+v", log[1:])
	}
	for range 1100 {
		get(t, sim, "/sns/auth")
	}
	get(t, sim, "/sns/userinfo")
	log = sim.Log()
	if len(log) != 1000 || log[999].Path != "/sns/userinfo" || log[998].Path != "/sns/auth" {
		t.Errorf("%d calls, last %q; want the last 1,000, newest last", len(log), log[len(log)-1].Path)
	}
	sim.Reset()
	require.Empty(t, sim.Log(), "Reset forgot nothing")
	require.Zero(t, sim.Calls("/sns/auth"), "Reset forgot nothing")
}

func TestLogReadsForms(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	r := httptest.NewRequest(http.MethodPost, "/sns/auth", strings.NewReader("a=1&a=2"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	do(sim, r)
	require.Len(t, sim.Log()[0].Form["a"], 2)
}
