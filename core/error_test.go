package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCodeIs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		target error
		want   bool
	}{
		{"a code is itself", Code(40163), ErrCodeUsed, true},
		{"a code is no other", Code(40163), ErrInvalidCode, false},
		{"expired token", Code(42001), ErrAccessToken, true},
		{"invalid credential", Code(40001), ErrAccessToken, true},
		{"invalid token", Code(40014), ErrAccessToken, true},
		{"the folding has one direction", Code(42001), Code(40001), false},
		{"a refresh token is no access token", Code(42002), ErrAccessToken, false},
		{"an unlisted code", Code(99999), Code(99999), true},
		{"through a refusal", &Error{Op: "GET /x", Code: 40014}, ErrAccessToken, true},
		{"through a wrapped refusal", fmt.Errorf("login: %w", &Error{Code: 40163}), ErrCodeUsed, true},
		{"a wrong secret", &Error{Code: 40001, aboutSecret: true}, ErrInvalidSecret, true},
		{"a wrong secret says nothing of a token", &Error{Code: 40001, aboutSecret: true}, ErrAccessToken, false},
		{"a wrong secret has the code that was sent", &Error{Code: 40001, aboutSecret: true}, Code(40001), true},
		{"a code is no wire error", Code(40163), &WireError{}, false},
		{"a timeout is no code", &WireError{Kind: WireTimeout}, ErrSystemBusy, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, errors.Is(tt.err, tt.target), "%v is %v", tt.err, tt.target)
		})
	}
}

func TestBadAnswer(t *testing.T) {
	err := Post("/wxa/ping", nil).BadAnswer("no pong in the answer")
	if err.Kind != WireBody || err.Timeout() || err.Error() != "wechat: POST /wxa/ping: body: no pong in the answer" {
		t.Errorf("%+v", err)
	}
}

func TestErrorTexts(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{Code(40163), "errcode 40163"},
		{ErrSystemBusy, "errcode -1"},
		{&Error{Op: "GET /sns/userinfo", Code: 40003, Message: "invalid openid"}, "wechat: GET /sns/userinfo: invalid openid (errcode 40003)"},
		{&WireError{Op: "GET /sns/auth", Kind: WireStatus, Status: 502, Detail: "HTTP status 502"}, "wechat: GET /sns/auth: status: HTTP status 502"},
	} {
		require.Equal(t, tt.want, tt.err.Error())
	}
}

func TestRefusal(t *testing.T) {
	long := strings.Repeat("很", 100)
	for _, tt := range []struct {
		name, answer string
		want         Error
	}{
		{"as documented", `{"errcode":40029,"errmsg":"invalid code, rid: 652d44d0-1d0af18b-5b069232"}`, Error{Code: ErrInvalidCode, Message: "invalid code, rid: 652d44d0-1d0af18b-5b069232", RID: "652d44d0-1d0af18b-5b069232"}},
		{"rid without a comma", `{"errcode":40013,"errmsg":"invalid appid rid: 652d44d0-1d0af18b-5b069232"}`, Error{Code: ErrInvalidAppID, Message: "invalid appid rid: 652d44d0-1d0af18b-5b069232", RID: "652d44d0-1d0af18b-5b069232"}},
		{"hint and rid", `{"errcode":40001,"errmsg":"invalid credential hint: [aBc] rid: 1-2-3, not latest"}`, Error{Code: 40001, Message: "invalid credential hint: [aBc] rid: 1-2-3, not latest", RID: "1-2-3"}},
		{"errcode as a string", `{"errcode":"42001","errmsg":"access_token expired"}`, Error{Code: ErrAccessToken, Message: "access_token expired"}},
		{"system busy", `{"errcode":-1,"errmsg":"system error"}`, Error{Code: ErrSystemBusy, Message: "system error"}},
		{"no errmsg", `{"errcode":45009}`, Error{Code: ErrQuota}},
		{"errmsg of another type", `{"errcode":45009,"errmsg":{"a":1}}`, Error{Code: ErrQuota}},
		{"a line break", `{"errcode":45009,"errmsg":"a\nlevel=ERROR\u2028b\u0000\u001b[31mc\u202e"}`, Error{Code: ErrQuota, Message: "a level=ERROR b  [31mc "}},
		{"a long one is cut between characters", `{"errcode":45009,"errmsg":"` + long + `"}`, Error{Code: ErrQuota, Message: long[:198]}},
		{"the rid of a long one", `{"errcode":45009,"errmsg":"` + long + ` rid: 652d44d0-1d0af18b-5b069232"}`, Error{Code: ErrQuota, Message: long[:198], RID: "652d44d0-1d0af18b-5b069232"}},
		{"an endless rid is none", `{"errcode":45009,"errmsg":"rid: ` + strings.Repeat("a", 300) + `"}`, Error{Code: ErrQuota, Message: "rid: " + strings.Repeat("a", 195)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Call[struct{}](t.Context(), newTestClient(t, always(tt.answer)), sns())
			tt.want.Op = "GET /sns/oauth2/access_token"
			got, ok := errors.AsType[*Error](err)
			if !ok || *got != tt.want {
				t.Errorf("err = %+v, want %+v", err, &tt.want)
			}
		})
	}
}

// Who remembers an error does not remember the answer that it came from.
func TestKeptErrorsAreSmall(t *testing.T) {
	c := newTestClient(t, always(`{"errcode":40029,"errmsg":"invalid code, rid: 652d44d0-1d0af18b-5b069232`+strings.Repeat(" ", 1<<19)+`"}`))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var kept []error
	for range 20 {
		kept = append(kept, call(t.Context(), c, sns()))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20), "20 errors of 0.5 MB")
	require.ErrorIs(t, kept[0], ErrInvalidCode)
}

// Everything we send, in the spellings that could come back.
func TestErrorsNeverEchoWhatWasSent(t *testing.T) {
	r := sns()
	r.Hide = []string{"hidden", "hidden-canary"} // one begins the other
	for _, echo := range []string{
		testSecret, testCode, url.QueryEscape(testCode), url.PathEscape(testCode), "hidden-canary",
		r.Query.Encode(), testSecret + testSecret, "rid: " + testSecret, "rid: hidden-canary",
		strings.Repeat("x", 190) + testSecret, // cut in the middle
	} {
		msg, err := json.Marshal("not good: " + echo)
		require.NoError(t, err)
		var logs bytes.Buffer
		c := newTestClient(t, always(`{"errcode":40029,"errmsg":`+string(msg)+`}`), func(cfg *ClientConfig) {
			cfg.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		_, err = Call[struct{}](t.Context(), c, r)
		require.ErrorIs(t, err, ErrInvalidCode)
		expectNoCanary(t, "error", fmt.Sprintf("%+v %#v %v", err, err, err))
		expectNoCanary(t, "log", logs.String())
	}
}

func TestTokenIsNeverEchoed(t *testing.T) {
	c := newTestClient(t, always(`{"errcode":48001,"errmsg":"api unauthorized for APPTOKEN-canary rid: APPTOKEN-canary"}`), func(cfg *ClientConfig) {
		cfg.Tokens = StaticToken("APPTOKEN-canary")
	})
	_, err := Call[struct{}](t.Context(), c, Post("/wxa/ping", nil))
	require.ErrorIs(t, err, ErrUnauthorizedAPI)
	expectNoCanary(t, "error", fmt.Sprintf("%+v %#v %v", err, err, err))
}

func expectNoCanary(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range []string{
		testSecret, testSecret[:12], testSecret[20:], testCode, url.QueryEscape(testCode), url.PathEscape(testCode), "c0de", "canary", "https://", "http://",
	} {
		require.NotContains(t, text, canary, where)
	}
}

// A leaky is an error of a transport that writes the URL into its text, as net/http does.
type leaky struct{ cause error }

func (e leaky) Error() string {
	return "Get https://api.weixin.qq.com/?secret=" + testSecret + ": failed"
}
func (e leaky) Unwrap() error { return e.cause }

func TestWireErrorKinds(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		name   string
		err    error
		kind   WireKind
		detail string
		is     error
	}{
		{"host not found", dial(&net.DNSError{Err: "no such host", Name: "api.weixin.qq.com", IsNotFound: true}), WireUnreachable, "host not found", nil},
		{"DNS too slow", dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), WireTimeout, "no answer in time", nil},
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), WireUnreachable, "cannot connect: connection refused", nil},
		{"no route", dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), WireUnreachable, "cannot connect: no route to host", nil},
		{"proxy refused", &net.OpError{Op: "proxyconnect", Err: errors.New("x")}, WireUnreachable, "cannot connect", nil},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, WireBroken, "connection failed (syscall.Errno): connection reset by peer", nil},
		{"deadline of the connection", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, WireTimeout, "no answer in time", nil},
		{"deadline of the caller", context.DeadlineExceeded, WireTimeout, "no answer in time", context.DeadlineExceeded},
		{"canceled by the caller", context.Canceled, WireBroken, "canceled by the caller", context.Canceled},
		{"anything else", leaky{}, WireBroken, "connection failed (core.leaky)", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls int
			c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
				calls++
				return nil, leaky{tt.err}
			}))
			_, err := Call[struct{}](t.Context(), c, Request{Method: http.MethodPost, Path: "/x", NoToken: true})
			wire := expectWire(t, err, tt.kind)
			if wire.Detail != tt.detail || wire.Op != "POST /x" || wire.Timeout() != (tt.kind == WireTimeout) {
				t.Fatalf("err = %#v, want detail %q", err, tt.detail)
			}
			if errors.Unwrap(err) != tt.is { //nolint:errorlint // exactly this one, and nothing behind it
				t.Errorf("Unwrap = %v, want %v", errors.Unwrap(err), tt.is)
			}
			expectNoCanary(t, "error", fmt.Sprintf("%+v %#v %v", err, err, err))
			require.Equal(t, map[bool]int{true: 2, false: 1}[tt.kind == WireUnreachable], calls)
		})
	}
}

// context.WithCancelCause makes the transport return the cause instead of context.Canceled.
func TestCancelCauseStaysOut(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var calls int
	c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		calls++
		cancel(leaky{})
		return nil, context.Cause(r.Context())
	}))
	_, err := Call[struct{}](ctx, c, read())
	if !errors.Is(err, context.Canceled) || errors.Is(err, leaky{}) || calls != 1 {
		t.Errorf("err = %#v after %d calls, want context.Canceled", err, calls)
	}
}

func FuzzCleanMessage(f *testing.F) {
	f.Add("invalid code, rid: 652d44d0-1d0af18b-5b069232", "invalid", "code, rid")
	f.Add("\xff\x00\n\u2028"+strings.Repeat("很", 90), "很很很", "\xff")
	f.Fuzz(func(t *testing.T, msg, a, b string) {
		got := cleanMessage(redact(msg, []string{a, b}))
		if len(got) > 200 || strings.ContainsAny(got, "\n\r\x00\x1b\u2028") || (utf8.ValidString(msg) && !utf8.ValidString(got)) {
			t.Errorf("cleanMessage = %q", got)
		}
		if id := requestID(msg); len(id) > 64 || strings.ContainsAny(id, " \n\x00[") {
			t.Errorf("requestID = %q", id)
		}
	})
}
