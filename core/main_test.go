package core

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Values that must never come back in an error, a log line or a printed struct.
const (
	testAppID  = "wx0123456789abcdef"
	testSecret = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0"
	testCode   = "0a1B+c0de/canary=="
)

// roundTripper answers requests in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer makes a response as WeChat sends it.
func answer(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
}

// always answers every request with body, the way WeChat does: status 200, text/plain.
func always(body string) roundTripper {
	return func(*http.Request) (*http.Response, error) { return answer(http.StatusOK, "text/plain", body), nil }
}

// newTestClient makes a Client on rt; with may change its config.
func newTestClient(tb testing.TB, rt http.RoundTripper, with ...func(*ClientConfig)) *Client {
	tb.Helper()
	cfg := testConfig(rt)
	for _, change := range with {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	require.NoError(tb, err)
	return c
}

// expectCall wants a call to succeed.
func expectCall(tb testing.TB, c *Client, r Request) {
	tb.Helper()
	if err := call(tb.Context(), c, r); err != nil {
		tb.Error(err)
	}
}

// call makes a call whose result does not matter.
func call(ctx context.Context, c *Client, r Request) error {
	_, err := Call[struct{}](ctx, c, r)
	return err
}

// download fetches a file that does not matter.
func download(ctx context.Context, c *Client, r Request) error {
	_, _, err := Download(ctx, c, r)
	return err
}

// expectWire wants a failure on the wire, of this kind.
func expectWire(t *testing.T, err error, kind WireKind) WireError {
	t.Helper()
	wire, isWire := errors.AsType[*WireError](err)
	if !isWire || wire.Kind != kind {
		t.Errorf("err = %#v, want kind %q", err, kind)
		return WireError{}
	}
	return *wire
}

func testConfig(rt http.RoundTripper) ClientConfig {
	return ClientConfig{
		AppID: testAppID, Secret: testSecret,
		HTTPClient: &http.Client{Transport: rt},
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// sns makes the Request of a login's exchange: no app token, and a code that works once.
func sns() Request {
	return Request{
		Path: "/sns/oauth2/access_token", NoToken: true, Once: true,
		Query: url.Values{"appid": {testAppID}, "secret": {testSecret}, "code": {testCode}, "grant_type": {"authorization_code"}},
	}
}

// read makes the Request of a GET that does no harm when sent twice.
func read() Request {
	r := Get("/sns/userinfo", url.Values{"access_token": {"USERTOKEN-canary"}, "openid": {"o1"}})
	r.NoToken = true
	return r
}

// A weChat is the part of WeChat that gives out app access tokens and honours them. The token of
// the n-th fetch is "TOKEN-n-canary"; stable_token gives the same one until its last 5 minutes.
type weChat struct {
	life int // seconds; default 7200

	mu     sync.Mutex
	calls  map[string]int
	bodies map[string]string // the last request of each path: its query, or its body
	tokens []issued
	fault  roundTripper // answers instead where it returns something
}

type issued struct {
	value  string
	expiry time.Time
	dead   bool
}

func (w *weChat) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.URL.RawQuery
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent += string(body)
	}
	w.mu.Lock()
	if w.calls == nil {
		w.calls, w.bodies = map[string]int{}, map[string]string{}
	}
	w.calls[r.URL.Path]++
	w.bodies[r.URL.Path] = sent
	fault := w.fault
	w.mu.Unlock()
	if fault != nil {
		if res, err := fault(r); res != nil || err != nil {
			return res, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "POST /cgi-bin/stable_token":
		return answer(http.StatusOK, "application/json; encoding=utf-8", w.issue(true)), nil
	case "GET /cgi-bin/token":
		return answer(http.StatusOK, "application/json; encoding=utf-8", w.issue(false)), nil
	}
	for _, tok := range w.tokens {
		if tok.value == r.URL.Query().Get("access_token") && !tok.dead && time.Now().Before(tok.expiry) {
			return answer(http.StatusOK, "application/json; encoding=utf-8", `{"errcode":0,"errmsg":"ok"}`), nil
		}
	}
	return answer(http.StatusOK, "application/json; encoding=utf-8",
		`{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest rid: 652d44d0-1d0af18b-5b069232"}`), nil
}

func (w *weChat) issue(stable bool) string {
	life := w.life
	if life == 0 {
		life = 7200
	}
	if n := len(w.tokens); stable && n > 0 && !w.tokens[n-1].dead {
		if left := time.Until(w.tokens[n-1].expiry); left > 5*time.Minute {
			return tokenJSON(w.tokens[n-1].value, int(left/time.Second))
		}
	}
	value := "TOKEN-" + strconv.Itoa(len(w.tokens)+1) + "-canary"
	w.tokens = append(w.tokens, issued{value: value, expiry: time.Now().Add(time.Duration(life) * time.Second)})
	return tokenJSON(value, life)
}

func tokenJSON(value string, seconds int) string {
	return `{"access_token":"` + value + `","expires_in":` + strconv.Itoa(seconds) + `}`
}

// kill makes WeChat refuse every token given out so far, as a forced refresh elsewhere does.
func (w *weChat) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.tokens {
		w.tokens[i].dead = true
	}
}

// fail sets what answers instead of WeChat; nil: WeChat again.
func (w *weChat) fail(f roundTripper) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = f
}

// failAt is fail for one path.
func (w *weChat) failAt(path string, f roundTripper) {
	w.fail(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != path {
			return nil, nil
		}
		return f(r)
	})
}

// down is the fault of a WeChat whose gateway reaches nobody.
func down(*http.Request) (*http.Response, error) { return answer(502, "", ""), nil }

// hang is the fault of a WeChat that never answers.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// slow is the fault of a WeChat that takes its time.
func slow(d time.Duration) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		time.Sleep(d)
		return nil, nil
	}
}

func (w *weChat) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[path]
}

// expectFetches wants so many tokens to have been fetched, of both kinds.
func (w *weChat) expectFetches(t *testing.T, want int) {
	t.Helper()
	require.Equal(t, want, w.count(stablePath)+w.count(classicPath), "tokens were fetched so far")
}

// sent returns the query and the body of the last request to path.
func (w *weChat) sent(path string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bodies[path]
}

// bomb is a small gzip file of many megabytes of zeros.
func bomb(tb testing.TB, megabytes int) []byte {
	tb.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.CopyN(z, zeros{}, 1<<20); err != nil {
		tb.Fatal(err)
	}
	require.NoError(tb, z.Close())
	return bytes.Repeat(buf.Bytes(), megabytes) // gzip files may be joined
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// inBubble runs a test in a bubble of its own.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
