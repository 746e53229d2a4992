package adaptertest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wxoauth/wxoauth/oauth"
)

// A line is the app's way to WeChat. It can be broken for one path.
type line struct {
	good http.RoundTripper

	mu    sync.Mutex
	path  string
	bad   *http.Transport
	heard atomic.Int32 // requests that the other end of the broken line has read
	ends  sync.WaitGroup
}

// deployOnLine deploys the world's app on a line that can be broken.
func (w *World) deployOnLine(change func(*oauth.Config)) *line {
	w.Helper()
	l := &line{good: w.Config.HTTPClient.Transport}
	w.Cleanup(func() {
		l.mend()
		l.ends.Wait()
	})
	w.Deploy(func(cfg *oauth.Config) {
		cfg.HTTPClient = &http.Client{Transport: l}
		if change != nil {
			change(cfg)
		}
	})
	return l
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	bad := l.bad
	if r.URL.Path != l.path {
		bad = nil
	}
	l.mu.Unlock()
	if bad == nil {
		return l.good.RoundTrip(r)
	}
	return bad.RoundTrip(r)
}

// A dialer connects to somebody who is not WeChat.
type dialer func(ctx context.Context, l *line) (net.Conn, error)

// breakAt gives the calls of a path to somebody else.
func (l *line) breakAt(path string, dial dialer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path, l.bad = path, &http.Transport{
		MaxResponseHeaderBytes: 64 << 10,
		DialTLSContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, l) },
	}
}

// mend ends what breakAt began.
func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bad != nil {
		l.bad.CloseIdleConnections()
	}
	l.bad = nil
}

// refusing cannot connect at all.
func refusing(err error) dialer {
	return func(context.Context, *line) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
}

// connecting never connects.
func connecting(ctx context.Context, _ *line) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
}

// deaf connects and reads nothing for a minute.
func deaf(_ context.Context, l *line) (net.Conn, error) {
	near, far := net.Pipe()
	l.ends.Go(func() {
		time.Sleep(time.Minute)
		_ = far.Close()
	})
	return near, nil
}

// A peer is what WeChat does with a connection after it has read a request.
type peer func(net.Conn)

// says answers with raw bytes and hangs up.
func says(raw string) peer {
	return func(c net.Conn) { _, _ = io.WriteString(c, raw) }
}

// hangs answers with raw bytes and says nothing more.
func hangs(raw string) peer {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, raw)
		_, _ = io.Copy(io.Discard, c)
	}
}

// drips answers with raw bytes and then with ten drops a second.
func drips(raw, drop string) peer {
	return func(c net.Conn) {
		for _, err := io.WriteString(c, raw); err == nil; _, err = io.WriteString(c, drop) {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// A peerFault is what a peer does wrong.
type peerFault struct {
	name string
	peer peer
	want ending
}

func peerFaults() []peerFault {
	return []peerFault{
		{"the answer never comes", hangs(""), late()},
		{"it hangs in the status line", hangs("HTTP/1.1 20"), late()},
		{"it hangs in a header", hangs("HTTP/1.1 200 OK\r\nContent-Ty"), late()},
		{"it hangs before the body", hangs(reply("")), late()},
		{"it hangs in the body", hangs(reply(`{"openid":"`)), late()},
		{"the header drips", drips("HTTP/1.1 200 OK\r\n", "X: y\r\n"), late()},
		{"the body drips", drips(reply("{"), " "), late()},
		{"hung up without an answer", says(""), broken()},
		{"hung up in a header", says("HTTP/1.1 200 OK\r\nContent-Ty"), broken()},
		{"hung up in the body", says(reply(`{"openid":"`)), garbled()},
		{"a chunk is cut", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"), garbled()},
		{"a garbage status line", says("well, hello\r\n\r\n"), broken()},
		{"a status that is no number", says("HTTP/1.1 abc OK\r\n\r\n"), broken()},
		{"something that is not HTTP", says("\x15\x03\x01\x00\x02\x02\x50"), broken()},
		{"a huge header", says("HTTP/1.1 200 OK\r\nX-Huge: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), broken()},
		{"countless headers", says("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<17) + "\r\n"), broken()},
		{"two lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), broken()},
		{"a switch of protocols", says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), odd()},
	}
}

// calling connects to a peer and reads one request for it.
func calling(p peer) dialer {
	return func(_ context.Context, l *line) (net.Conn, error) {
		near, far := net.Pipe()
		l.ends.Go(func() {
			defer func() { _ = far.Close() }()
			if _, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
				l.heard.Add(1)
				p(far)
			}
		})
		return near, nil
	}
}

// resetting is a dialer whose connections end with a reset instead of an orderly close.
func resetting(dial dialer) dialer {
	return func(ctx context.Context, l *line) (net.Conn, error) {
		c, err := dial(ctx, l)
		return resetConn{c}, err
	}
}

type resetConn struct{ net.Conn }

func (c resetConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

// reply is an HTTP answer that announces 100 bytes and begins with some of them.
func reply(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + body
}
