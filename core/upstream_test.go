package core

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// A pipe is our own transport on connections in memory, so that a bubble's clock moves while they
// are silent. serve is the far end of each connection.
func pipe(serve func(net.Conn)) *http.Transport {
	tr := newTransport()
	tr.Proxy = nil
	tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			serve(far)
			_ = far.Close()
		}()
		return near, nil
	}
	return tr
}

// piped makes a Client whose connections are served in memory.
func piped(t *testing.T, serve func(net.Conn)) *Client {
	t.Helper()
	tr := pipe(serve)
	t.Cleanup(tr.CloseIdleConnections)
	return newTestClient(t, tr, plainHTTP)
}

// replies answers each request on a connection with the next of raw, then hangs up. "" hangs up
// at once.
func replies(requests *atomic.Int32, raw ...string) func(net.Conn) {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for _, reply := range raw {
			if skipRequest(in) != nil {
				return
			}
			requests.Add(1)
			if _, err := io.WriteString(c, reply); err != nil || reply == "" {
				return
			}
		}
	}
}

func skipRequest(in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return err
}

// plainHTTP lets tests see the bytes; TLS has tests of its own.
func plainHTTP(cfg *ClientConfig) { cfg.APIURL = "http://api.weixin.qq.com" }

func post() Request {
	return Request{Method: http.MethodPost, Path: "/wxa/ping", Body: map[string]string{"a": "b"}, NoToken: true}
}

func oncePost() Request {
	r := post()
	r.Once = true
	return r
}

func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestMisbehavingServer(t *testing.T) {
	for _, tt := range []struct {
		name, reply string
		kind        WireKind
		status      int
		repeated    bool // a read is asked again
	}{
		{"hangs up without an answer", "", WireBroken, 0, true},
		{"garbage status line", "hello canary\r\n\r\n", WireBroken, 0, true},
		{"a status that is no number", "HTTP/1.1 canary OK\r\n\r\n", WireBroken, 0, true},
		{"binary noise", "\x16\x03\x01\x00\xa5\x01\x00", WireBroken, 0, true},
		{"huge headers", "HTTP/1.1 200 OK\r\nX-Canary: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", WireBroken, 0, true},
		{"endless header lines", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Canary: x\r\n", 1<<16) + "\r\n", WireBroken, 0, true},
		{"a header cut", "HTTP/1.1 200 OK\r\nContent-Le", WireBroken, 0, true},
		{"contradicting lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", WireBroken, 0, true},
		{"a body cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"openid\":\"o1\"}", WireBody, 0, false},
		{"a chunk cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}", WireBody, 0, false},
		{"chunks that are none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n", WireBody, 0, false},
		{"gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", WireBody, 0, false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", WireStatus, 204, false},
		{"partial content", "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\n{}", WireStatus, 206, false},
		{"moved for ever", "HTTP/1.1 301 Moved Permanently\r\nLocation: https://evil.example/canary\r\nContent-Length: 0\r\n\r\n", WireStatus, 301, false},
		{"found", "HTTP/1.1 302 Found\r\nLocation: /canary\r\nContent-Length: 0\r\n\r\n", WireStatus, 302, false},
		{"see other", "HTTP/1.1 303 See Other\r\nLocation: /canary\r\nContent-Length: 0\r\n\r\n", WireStatus, 303, false},
		{"temporary redirect", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /canary\r\nContent-Length: 0\r\n\r\n", WireStatus, 307, false},
		{"permanent redirect", "HTTP/1.1 308 Permanent Redirect\r\nLocation: /canary\r\nContent-Length: 0\r\n\r\n", WireStatus, 308, false},
		{"a redirect to nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", WireStatus, 302, false},
		{"400 HTML", "HTTP/1.1 400 Bad Request\r\nContent-Length: 15\r\n\r\n<html>c</html>\n", WireStatus, 400, false},
		{"429", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", WireStatus, 429, false},
		{"500 with good JSON", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}", WireStatus, 500, false},
		{"502", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", WireStatus, 502, false},
		{"an upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: canary\r\nConnection: Upgrade\r\n\r\n", WireStatus, 101, false},
		{"200 and nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", WireBody, 0, false},
		{"HTML", ok("<html><body>canary</body></html>"), WireBody, 0, false},
		{"null", ok("null"), WireBody, 0, false},
		{"an array", ok("[]"), WireBody, 0, false},
		{"cut JSON", ok(`{"openid":"canary`), WireBody, 0, false},
		{"two documents", ok(`{}{"openid":"canary"}`), WireBody, 0, false},
		{"more than 1 MB", ok(`{"a":"` + strings.Repeat("x", callSize) + `"}`), WireBody, 0, false},
	} {
		for _, r := range []struct {
			name   string
			in     Request
			repeat bool
		}{{"read", read(), tt.repeated}, {"exchange", sns(), false}, {"post", post(), false}} {
			inBubble(t, tt.name+"/"+r.name, func(t *testing.T) {
				var requests atomic.Int32
				_, err := Call[map[string]any](t.Context(), piped(t, replies(&requests, tt.reply)), r.in)
				if wire := expectWire(t, err, tt.kind); wire.Status != tt.status || wire.Op != r.in.op() {
					t.Errorf("err = %#v, want status %d", err, tt.status)
				}
				expectNoCanary(t, "error", fmt.Sprintf("%+v %v", err, err))
				require.EqualValues(t, map[bool]int32{true: 2, false: 1}[r.repeat], requests.Load())
			})
		}
	}
}

// What is odd but can be read is no error.
func TestOddAnswersAreRead(t *testing.T) {
	for name, reply := range map[string]string{
		"no content type":        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"openid\":\"o1\"}",
		"HTML content type":      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n{\"openid\":\"o1\"}",
		"HTTP/1.0 until the end": "HTTP/1.0 200 OK\r\n\r\n{\"openid\":\"o1\"}",
		"another word for OK":    "HTTP/1.1 200 Fine\r\nContent-Length: 15\r\n\r\n{\"openid\":\"o1\"}",
		"chunks":                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"ope\r\na\r\nnid\":\"o1\"}\r\n0\r\n\r\n",
		"a hint before it":       "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"openid\":\"o1\"}",
	} {
		inBubble(t, name, func(t *testing.T) {
			c := piped(t, replies(new(atomic.Int32), reply))
			got, err := Call[struct{ OpenID string }](t.Context(), c, sns())
			require.NoError(t, err)
			require.Equal(t, "o1", got.OpenID)
		})
	}
}

// silent reads and says nothing more, until the other side hangs up.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func TestHangs(t *testing.T) {
	after := func(reply string) func(net.Conn) {
		return func(c net.Conn) {
			if skipRequest(bufio.NewReader(c)) == nil {
				_, _ = io.WriteString(c, reply)
				silent(c)
			}
		}
	}
	drip := func(head, drop string) func(net.Conn) {
		return func(c net.Conn) {
			_ = skipRequest(bufio.NewReader(c))
			for _, err := io.WriteString(c, head); err == nil; _, err = io.WriteString(c, drop) {
				time.Sleep(time.Second)
			}
		}
	}
	big := post()
	big.Body = map[string]string{"a": strings.Repeat("x", 1<<20)}
	for _, tt := range []struct {
		name  string
		serve func(net.Conn) // nil: never connected
		in    Request
		https bool
		call  func(context.Context, *Client, Request) error // default: call
		took  time.Duration
	}{
		{name: "connecting", in: read(), took: 5 * time.Second},
		{name: "TLS handshake", serve: silent, in: read(), https: true, took: 2 * time.Second},
		{name: "taking the request", serve: func(net.Conn) { time.Sleep(time.Hour) }, in: big, took: 5 * time.Second},
		{name: "before the answer", serve: silent, in: read(), took: 4 * time.Second},
		{name: "before the answer to an exchange", serve: silent, in: sns(), took: 4 * time.Second},
		{name: "before the answer to a post", serve: silent, in: post(), took: 4 * time.Second},
		{name: "in the status line", serve: after("HTTP/1.1 2"), in: read(), took: 4 * time.Second},
		{name: "in the header", serve: after("HTTP/1.1 200 OK\r\nX: "), in: read(), took: 4 * time.Second},
		{name: "in a dripping header", serve: drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), in: read(), took: 4 * time.Second},
		{name: "before the body", serve: after("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), in: read(), took: 5 * time.Second},
		{name: "in the body", serve: after("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"), in: read(), took: 5 * time.Second},
		{name: "in a dripping body", serve: drip("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", " "), in: read(), took: 5 * time.Second},
		{name: "in a file", serve: after("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 2\r\n\r\n{"), in: read(), call: download, took: 30 * time.Second},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			var dials atomic.Int32
			tr := pipe(tt.serve)
			dial := tr.DialContext
			tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials.Add(1)
				if tt.serve == nil {
					time.Sleep(time.Minute) // a dial outlives the request that asked for it
					return nil, os.ErrDeadlineExceeded
				}
				return dial(ctx, network, addr)
			}
			c := newTestClient(t, tr, func(cfg *ClientConfig) {
				if !tt.https {
					plainHTTP(cfg)
				}
			})
			if tt.call == nil {
				tt.call = call
			}
			began := time.Now()
			err := tt.call(t.Context(), c, tt.in)
			took := time.Since(began)
			if wire := expectWire(t, err, WireTimeout); !wire.Timeout() || took != tt.took || dials.Load() != 1 {
				t.Errorf("after %v and %d connections: %v; want a timeout after %v", took, dials.Load(), err, tt.took)
			}
			time.Sleep(2 * time.Hour) // the far end's goroutines end as well
			expectNoCanary(t, "error", fmt.Sprintf("%+v %v", err, err))
		})
	}
}

func TestCallerMayLeave(t *testing.T) {
	for name, tt := range map[string]struct {
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want error
		took time.Duration
	}{
		"canceled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, context.Canceled, time.Second},
		"a deadline before ours": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		}, context.DeadlineExceeded, 2 * time.Second},
		"canceled before": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, context.Canceled, 0},
	} {
		inBubble(t, name, func(t *testing.T) {
			ctx, cancel := tt.ctx(t.Context())
			defer cancel()
			began := time.Now()
			err := call(ctx, newTestClient(t, pipe(silent), plainHTTP), read())
			_, isWire := errors.AsType[*WireError](err)
			if !isWire || !errors.Is(err, tt.want) || time.Since(began) != tt.took {
				t.Errorf("after %v: %#v, want %v", time.Since(began), err, tt.want)
			}
		})
	}
}

// The Timeout of the user's client shortens ours and never lengthens it.
func TestTimeoutOnlyShortens(t *testing.T) {
	for _, tt := range []struct {
		timeout time.Duration
		call    func(context.Context, *Client, Request) error
		took    time.Duration
	}{
		{0, call, 5 * time.Second},
		{time.Second, call, time.Second},
		{time.Hour, call, 5 * time.Second},
		{-time.Second, call, 5 * time.Second},
		{0, download, 30 * time.Second},
		{10 * time.Second, download, 10 * time.Second},
		{time.Hour, download, 30 * time.Second},
	} {
		inBubble(t, fmt.Sprintf("%v, at most %v", tt.timeout, tt.took), func(t *testing.T) {
			c := newTestClient(t, roundTripper(hang), func(cfg *ClientConfig) { cfg.HTTPClient.Timeout = tt.timeout })
			began := time.Now()
			expectWire(t, tt.call(t.Context(), c, read()), WireTimeout)
			require.Equal(t, tt.took, time.Since(began))
		})
	}
}

// counted counts the bytes that are read of a body.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func TestHugeBodiesTakeBoundedMemory(t *testing.T) {
	packed := bomb(t, 512)
	for _, tt := range []struct {
		name  string
		limit int64
		call  func(context.Context, *Client, Request) error
	}{
		{"call", callSize, call},
		{"file", mediaSize, download},
	} {
		t.Run(tt.name+", 100 MB", func(t *testing.T) {
			body := &counted{Reader: io.LimitReader(zeros{}, 100<<20)}
			c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
				res := answer(200, "image/png", "")
				res.Body = io.NopCloser(body)
				return res, nil
			}))
			expectTooLarge(t, tt.limit, func() error { return tt.call(t.Context(), c, read()) })
			require.LessOrEqual(t, body.n, tt.limit+1)
		})
		t.Run(tt.name+", gzip bomb", func(t *testing.T) {
			c := piped(t, func(conn net.Conn) {
				_ = skipRequest(bufio.NewReader(conn))
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(packed))
				_, _ = conn.Write(packed)
			})
			expectTooLarge(t, tt.limit, func() error { return tt.call(t.Context(), c, read()) })
		})
	}
}

// expectTooLarge wants a refusal of the size that cost not much more memory than the limit.
func expectTooLarge(t *testing.T, limit int64, call func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := call()
	runtime.ReadMemStats(&after)
	require.Equal(t, fmt.Sprintf("more than %d bytes", limit), expectWire(t, err, WireBody).Detail, err)
	// io.ReadAll grows its buffer by a quarter each time: about five times the limit in all.
	require.LessOrEqual(t, int64(after.TotalAlloc-before.TotalAlloc), 8*limit)
}

// A transport that connected, but broke before it wrote a request, has surely sent nothing.
func TestRepeatRules(t *testing.T) {
	unreachable := &net.OpError{Op: "dial", Err: errors.New("refused")}
	broken := errors.New("reset")
	for _, tt := range []struct {
		name   string
		in     Request
		got    bool // a connection
		wrote  bool // the request
		err    error
		repeat bool
	}{
		{"unreachable read", read(), false, false, unreachable, true},
		{"unreachable exchange", sns(), false, false, unreachable, true},
		{"unreachable post", post(), false, false, unreachable, true},
		{"unreachable after an earlier attempt of the transport's own", sns(), true, true, unreachable, false},
		{"read broken before it was written", read(), true, false, broken, true},
		{"exchange broken before it was written", sns(), true, false, broken, true},
		{"post broken before it was written", post(), true, false, broken, true},
		{"post of a code broken before it was written", oncePost(), true, false, broken, true},
		{"read broken after it was written", read(), true, true, broken, true},
		{"exchange broken after it was written", sns(), true, true, broken, false},
		{"post broken after it was written", post(), true, true, broken, false},
		{"post of a code broken after it was written", oncePost(), true, true, broken, false},
		{"read broken in a transport that tells nothing", read(), false, false, broken, true},
		{"exchange broken in a transport that tells nothing", sns(), false, false, broken, false},
		{"post broken in a transport that tells nothing", post(), false, false, broken, false},
		{"a read that timed out", read(), true, true, leaky{context.DeadlineExceeded}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, second := range []bool{true, false} { // the second attempt works, or fails as well
				var calls int
				c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					calls++
					if calls > 1 && second {
						return answer(200, "", "{}"), nil
					}
					tellTrace(r, tt.got, tt.wrote)
					return nil, tt.err
				}))
				_, err := Call[struct{}](t.Context(), c, tt.in)
				if want := map[bool]int{true: 2, false: 1}[tt.repeat]; calls != want || (err == nil) != (tt.repeat && second) {
					t.Errorf("%d calls, want %d; err = %v", calls, want, err)
				}
			}
		})
	}
}

// tellTrace reports what a transport would.
func tellTrace(r *http.Request, got, wrote bool) {
	trace := httptrace.ContextClientTrace(r.Context())
	if got {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if wrote {
		trace.WroteHeaders()
	}
}

// Go's transport asks a GET again by itself when a reused connection dies under it. Here the
// server closes after it has read the second request, over a real socket: an exchange must not
// be seen a third time, or its code is spent twice.
func TestDeadReusedConnection(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in       Request
		requests int32
		fails    bool
	}{
		{"an exchange is never repeated", sns(), 2, true},
		{"a post is not repeated", post(), 2, true},
		{"a read is", read(), 3, false},
		{"a post of a code is not repeated", oncePost(), 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if requests.Add(1) == 2 {
					panic(http.ErrAbortHandler)
				}
				_, _ = io.WriteString(w, "{}")
			}))
			t.Cleanup(srv.Close)
			tr := newTransport()
			tr.Proxy = nil
			t.Cleanup(tr.CloseIdleConnections)
			c := newTestClient(t, tr, func(cfg *ClientConfig) { cfg.APIURL = srv.URL })
			expectCall(t, c, read())
			_, err := Call[struct{}](t.Context(), c, tt.in)
			if wire, isWire := errors.AsType[*WireError](err); isWire != tt.fails || (isWire && wire.Kind != WireBroken) {
				t.Errorf("err = %v", err)
			}
			require.EqualValues(t, tt.requests, requests.Load())
		})
	}
}

// A connection that the server closed while it idled has seen nothing: the next call takes a
// fresh one, whatever it is.
func TestIdleConnectionClosed(t *testing.T) {
	for _, in := range []Request{read(), sns(), post()} {
		inBubble(t, in.op(), func(t *testing.T) {
			var requests atomic.Int32
			c := piped(t, replies(&requests, ok("{}")))
			for range 3 {
				expectCall(t, c, in)
				synctest.Wait()
			}
			require.EqualValues(t, 3, requests.Load())
		})
	}
}

// A deadWriter is a connection that takes so many writes and no byte more.
type deadWriter struct {
	net.Conn
	left int
}

func (c *deadWriter) Write(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return c.Conn.Write(p)
}

// A reused connection that takes no byte has sent nothing, so a read or a post goes out again.
func TestReusedConnectionThatTakesNothing(t *testing.T) {
	for _, in := range []Request{read(), post(), oncePost()} {
		inBubble(t, in.op(), func(t *testing.T) {
			var requests atomic.Int32
			tr := pipe(replies(&requests, ok("{}"), ok("{}")))
			defer tr.CloseIdleConnections()
			dial := tr.DialContext
			tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dial(ctx, network, addr)
				return &deadWriter{c, 1}, err
			}
			c := newTestClient(t, tr, plainHTTP)
			for range 2 {
				expectCall(t, c, in)
				synctest.Wait()
			}
			require.EqualValues(t, 2, requests.Load())
		})
	}
}

func TestNobodyListens(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	c := newTestClient(t, nil, func(cfg *ClientConfig) { cfg.APIURL, cfg.HTTPClient = srv.URL, nil })
	err := call(t.Context(), c, sns())
	expectWire(t, err, WireUnreachable)
	expectNoCanary(t, "error", err.Error())
}

// What keeps Go's transport from repeating a request must not show on the wire.
func TestBytesOnTheWire(t *testing.T) {
	const common = "Host: api.weixin.qq.com\r\nUser-Agent: Go-http-client/1.1\r\n"
	for _, tt := range []struct {
		name string
		in   Request
		want string
	}{
		{"an exchange", sns(), "GET /sns/oauth2/access_token?appid=" + testAppID + "&code=" + url.QueryEscape(testCode) + "&grant_type=authorization_code&secret=" + testSecret + " HTTP/1.1\r\n" + common + "Accept-Encoding: gzip\r\n\r\n"},
		{"a read", read(), "GET /sns/userinfo?access_token=USERTOKEN-canary&openid=o1 HTTP/1.1\r\n" + common + "Accept-Encoding: gzip\r\n\r\n"},
		{"a post", post(), "POST /wxa/ping HTTP/1.1\r\n" + common + "Content-Length: 9\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{\"a\":\"b\"}"},
		{"a post without a body", Request{Method: http.MethodPost, Path: "/cv/img/qrcode", NoToken: true}, "POST /cv/img/qrcode HTTP/1.1\r\n" + common + "Content-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n"},
		{"a post of a code", oncePost(), "POST /wxa/ping HTTP/1.1\r\n" + common + "Content-Length: 9\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{\"a\":\"b\"}"},
		{"a post of a code without a body", Request{Method: http.MethodPost, Path: "/x", NoToken: true, Once: true}, "POST /x HTTP/1.1\r\n" + common + "Content-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got bytes.Buffer
			c := piped(t, func(conn net.Conn) {
				_ = skipRequest(bufio.NewReader(io.TeeReader(conn, &got)))
				_, _ = io.WriteString(conn, ok("{}"))
			})
			expectCall(t, c, tt.in)
			require.Equal(t, tt.want, got.String())
		})
	}
}

func TestHTTP2(t *testing.T) {
	var requests atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ProtoMajor != 2 || len(body) != 0 {
			t.Errorf("%s with %q, %v", r.Proto, body, err)
		}
		_, _ = io.WriteString(w, `{"openid":"o1"}`)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	tr := newTransport()
	tr.Proxy = nil
	tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	defer tr.CloseIdleConnections()
	c := newTestClient(t, tr, func(cfg *ClientConfig) { cfg.APIURL = srv.URL })
	for range 2 {
		expectCall(t, c, sns())
	}
	require.EqualValues(t, 2, requests.Load())
}

// A blackhole is a connection that, once it is dark, takes everything and gives nothing, as one
// does behind a firewall that forgot it.
type blackhole struct {
	net.Conn
	dark atomic.Bool
}

func (b *blackhole) Write(p []byte) (int, error) {
	if b.dark.Load() {
		return len(p), nil
	}
	return b.Conn.Write(p)
}

// HTTP/2 puts all calls on one connection: a dead one must be noticed, or it fails them for as
// long as the kernel believes in it.
func TestDeadHTTP2ConnectionIsNoticed(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	synctest.Test(t, func(t *testing.T) {
		l := webtest.NewListener()
		srv := &http.Server{
			TLSConfig: &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, Time: certified.TLS.Time},
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }),
			ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
		go func() { _ = srv.ServeTLS(l, "", "") }()
		var conns []*blackhole
		tr := newTransport()
		tr.Proxy = nil
		tr.TLSClientConfig.RootCAs = certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		tr.TLSClientConfig.ServerName = "example.com"
		tr.TLSClientConfig.Time = func() time.Time { return certified.Certificate().NotBefore.Add(time.Hour) }
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			near, err := l.Dial(ctx, network, addr)
			conns = append(conns, &blackhole{Conn: near})
			return conns[len(conns)-1], err
		}
		c := newTestClient(t, tr)
		expectCall(t, c, sns())
		conns[0].dark.Store(true)
		expectWire(t, call(t.Context(), c, sns()), WireTimeout)
		time.Sleep(20 * time.Second)
		if err := call(t.Context(), c, sns()); err != nil || len(conns) != 2 {
			t.Errorf("20 seconds later: %v on connection %d", err, len(conns))
		}
		tr.CloseIdleConnections()
		_ = srv.Close()
	})
}

func TestUnknownCertificateIsRefused(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer srv.Close()
	c := newTestClient(t, nil, func(cfg *ClientConfig) { cfg.APIURL, cfg.HTTPClient = srv.URL, nil })
	err := call(t.Context(), c, sns())
	expectWire(t, err, WireBroken)
	expectNoCanary(t, "error", err.Error())
}

// A gate holds every request until it opens, and counts them.
type gate struct {
	open chan struct{}

	mu             sync.Mutex
	inside, atMost int
}

func (g *gate) move(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside += by
	g.atMost = max(g.atMost, g.inside)
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.move(1)
	defer g.move(-1)
	select {
	case <-g.open:
		return answer(200, "", "{}"), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := newTestClient(t, g)
		var done sync.WaitGroup
		for range 500 {
			done.Go(func() { expectCall(t, c, read()) })
		}
		synctest.Wait()
		require.Equal(t, 64, g.inside)
		done.Go(func() { _, _ = Call[struct{}](t.Context(), c, sns()) }) // another API
		synctest.Wait()
		require.Equal(t, 65, g.inside)
		close(g.open)
		done.Wait()
		require.LessOrEqual(t, g.atMost, 65)
	})
}

func TestTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := newTestClient(t, g)
		var done sync.WaitGroup
		var late atomic.Int32
		for range 64 + 1000 {
			done.Go(func() {
				expectWire(t, call(t.Context(), c, read()), WireTimeout)
				late.Add(1)
			})
		}
		synctest.Wait()
		began := time.Now()
		busy := expectWire(t, call(t.Context(), c, read()), WireBusy)
		if busy.Timeout() || time.Since(began) != 0 {
			t.Errorf("the 1,065th: %v after %v", busy.Timeout(), time.Since(began))
		}
		done.Wait() // the waiting counts towards their own 5 seconds
		if time.Since(began) != callTime || late.Load() != 1064 || g.atMost != 64 {
			t.Errorf("%d timed out after %v; %d were in flight", late.Load(), time.Since(began), g.atMost)
		}
		close(g.open)
		expectCall(t, c, read()) // after the jam
	})
}

// A place is given back however a call ends.
func TestPlacesComeBack(t *testing.T) {
	var calls int
	c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		calls++
		switch calls % 3 {
		case 0:
			return nil, errors.New("reset")
		case 1:
			return answer(500, "", ""), nil
		}
		return answer(200, "", "{}"), nil
	}))
	for range 3 * inFlight {
		_, _ = Call[struct{}](t.Context(), c, sns())
	}
	require.Empty(t, c.upstream.limits["/sns/oauth2/access_token"].slots, "places are taken for ever")
}

type observer struct {
	mu     sync.Mutex
	events []Event
}

func (o *observer) Observe(_ context.Context, e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, e)
}

func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen observer
		api := &weChat{}
		c := newTestClient(t, api, func(cfg *ClientConfig) { cfg.Observer = &seen })
		api.fail(func(r *http.Request) (*http.Response, error) {
			switch r.URL.Path {
			case "/slow":
				time.Sleep(3 * time.Second)
				return answer(200, "", `{"errcode":45009}`), nil
			case "/down":
				return answer(502, "", ""), nil
			}
			return nil, nil
		})
		_, _ = Call[struct{}](t.Context(), c, Post("/wxa/ping", nil))
		_, _ = Call[struct{}](t.Context(), c, Post("/slow", nil))
		_, _ = Call[struct{}](t.Context(), c, Post("/down", nil))
		_, _, _ = Download(t.Context(), c, Get("/wxa/ping", nil))
		api.kill()
		_, _ = Call[struct{}](t.Context(), c, Post("/wxa/ping", nil))
		require.Equal(t, []Event{
			{Name: EventUpstreamCall, Kind: "/cgi-bin/stable_token"},
			{Name: EventUpstreamCall, Kind: "/wxa/ping"},
			{Name: EventUpstreamCall, Kind: "/slow", Duration: 3 * time.Second, Code: ErrQuota, Failed: true},
			{Name: EventUpstreamCall, Kind: "/down", Failed: true},
			{Name: EventUpstreamCall, Kind: "/wxa/ping"},
			{Name: EventUpstreamCall, Kind: "/wxa/ping", Code: 40001, Failed: true},
			{Name: EventUpstreamCall, Kind: "/cgi-bin/stable_token"},
			{Name: EventUpstreamCall, Kind: "/wxa/ping"},
		}, seen.events)
	})
}

// Ordinary traffic, refusals and outages write debug lines only, and no line holds a secret.
func TestLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		api := &weChat{}
		c := newTestClient(t, api, func(cfg *ClientConfig) {
			cfg.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		_, _ = Call[struct{}](t.Context(), c, Post("/wxa/ping", map[string]string{"code": testCode}))
		_, _ = Call[struct{}](t.Context(), c, sns())
		api.kill()
		_, _ = Call[struct{}](t.Context(), c, Post("/wxa/ping", nil))
		api.fail(func(*http.Request) (*http.Response, error) { return nil, leaky{} })
		_, _ = Call[struct{}](t.Context(), c, sns())
		_, _, _ = Download(t.Context(), c, Get("/cgi-bin/media/get", nil))
		if n := strings.Count(logs.String(), `"level":"DEBUG"`); n != strings.Count(logs.String(), "\n") || n != 8 {
			t.Errorf("logged:\n%s", logs.String())
		}
		expectNoCanary(t, "log", logs.String())
		require.Contains(t, logs.String(), `"op":"GET /sns/oauth2/access_token"`)
		require.Contains(t, logs.String(), "errcode 40001")

		logs.Reset()
		quiet := newTestClient(t, api, func(cfg *ClientConfig) { cfg.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
		_, _ = Call[struct{}](t.Context(), quiet, sns())
		if logs.Len() != 0 {
			t.Errorf("logged above debug:\n%s", logs.String())
		}
	})
}
