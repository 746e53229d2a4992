package adaptertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// patience bounds every wait on a socket.
const patience = 20 * time.Second

// runOnSockets runs what only a real connection can show: that a stream is not held back, that
// another protocol can take over, and that a login survives a phone that hangs up.
func runOnSockets(t *testing.T, frame Frame, store Store) {
	t.Helper()
	t.Run("a stream is not held back", func(t *testing.T) {
		l := newLive(t, frame, store)
		l.wantLocked("/group/events", nil)
		l.signIn()
		res := l.send(l.request("/group/events", nil))
		defer func() { _ = res.Body.Close() }()
		events := bufio.NewReader(res.Body)
		for i := range 3 { // the page waits until each event has arrived
			line, err := events.ReadString('\n')
			if err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("event %d is %q, %v", i, line, err)
			}
			l.site.arrived <- struct{}{}
		}
	})
	t.Run("another protocol can take over the connection", func(t *testing.T) {
		l := newLive(t, frame, store)
		upgrade := http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		}
		l.wantLocked("/group/socket", upgrade)
		l.signIn()
		res := l.send(l.request("/group/socket", upgrade))
		if res.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("status %d", res.StatusCode)
		}
		conn := res.Body.(io.ReadWriteCloser)
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, "hello\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "echo hello\n" {
			t.Errorf("the socket says %q, %v", line, err)
		}
	})
	t.Run("the connection's controls reach the page", func(t *testing.T) {
		l := newLive(t, frame, store)
		l.signIn()
		if body := readAll(l.send(l.request("/group/controls", nil))); body != "<nil> <nil> <nil>" {
			t.Errorf("read deadline, write deadline and full duplex: %s", body)
		}
	})
	t.Run("a login survives a phone that hangs up", func(t *testing.T) {
		l := newLive(t, frame, store)
		callback := l.callback("/me")
		l.login.Store(&hold{make(chan struct{}), make(chan struct{})})
		held := l.login.Load()
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		r := l.request("", nil)
		r.URL = callback
		for _, c := range l.client.Jar.Cookies(callback) {
			r.AddCookie(c)
		}
		if err := r.Write(conn); err != nil {
			t.Fatal(err)
		}
		wait(t, held.begun)
		_ = conn.Close()
		close(held.goOn)
		r = l.request("", nil)
		r.URL = callback
		if res := l.send(r); res.StatusCode != http.StatusOK ||
			!strings.Contains(readAll(res), l.sim.Users()[0].OpenID) {
			t.Errorf("the reload ends at %d", res.StatusCode)
		}
		if n := l.sim.Calls(exchangePath); n != 1 {
			t.Errorf("%d exchanges", n)
		}
	})
}

// live is an app and a WeChat on loopback sockets.
type live struct {
	t       *testing.T
	sim     *wxsim.Server
	site    *liveSite
	client  *http.Client
	address string
	login   atomic.Pointer[hold] // what OnLogin waits for; nil: nothing
}

// A hold stops somebody in the middle of something.
type hold struct{ begun, goOn chan struct{} }

func newLive(t *testing.T, frame Frame, store Store) *live {
	t.Helper()
	l := &live{t: t, sim: wxsim.New(wxsim.Config{AutoAllow: true}), site: &liveSite{arrived: make(chan struct{}, 1)}}
	if err := l.sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.sim.Close)
	var app http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	cfg := oauth.Config{
		AppID: l.sim.AppID(), Secret: core.Secret(l.sim.Secret()), PublicURL: srv.URL, Keys: [][]byte{Key('1')},
		AskAtOnce: true,
		APIURL:    l.sim.URL, OpenURL: l.sim.URL, Logger: slog.New(slog.DiscardHandler),
		OnLogin: func(context.Context, *http.Request, *core.User) error {
			if h := l.login.Load(); h != nil {
				close(h.begun)
				wait(t, h.goOn)
			}
			return nil
		},
	}
	if store.Open != nil {
		cfg.Store = store.Open(t)(cfg.Keys)
	}
	var err error
	if app, err = frame.Routes(cfg, l.site); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	l.client, l.address = &http.Client{Jar: jar, Transport: transport}, strings.TrimPrefix(srv.URL, "http://")
	return l
}

func (l *live) request(path string, header http.Header) *http.Request {
	ctx, cancel := context.WithTimeout(l.t.Context(), patience) // a client's Timeout would hide the upgraded connection
	l.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.address+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header = http.Header{"User-Agent": {webtest.WeChatAndroid}, "Accept": {webtest.AcceptPage}}
	maps.Copy(r.Header, header)
	return r
}

func (l *live) send(r *http.Request) *http.Response {
	l.t.Helper()
	res, err := l.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	return res
}

func (l *live) signIn() {
	l.t.Helper()
	if res := l.send(l.request("/me", nil)); res.StatusCode != http.StatusOK ||
		!strings.Contains(readAll(res), l.sim.Users()[0].OpenID) {
		l.t.Fatalf("not signed in: %d", res.StatusCode)
	}
}

// wantLocked fails the case unless a request that no page makes is refused before the page sees it.
func (l *live) wantLocked(path string, header http.Header) {
	l.t.Helper()
	r := l.request(path, header)
	r.Header.Set("Accept", "text/event-stream")
	if res := l.send(r); res.StatusCode != http.StatusUnauthorized || l.site.shown.Load() != 0 {
		l.t.Errorf("without a session: %d, shown %d times", res.StatusCode, l.site.shown.Load())
	}
}

// callback begins a login and returns the address that WeChat sends the browser back to.
func (l *live) callback(path string) *url.URL {
	l.t.Helper()
	follow := l.client.CheckRedirect
	defer func() { l.client.CheckRedirect = follow }()
	l.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := l.request(path, nil)
	for range 2 { // to WeChat, and back
		to, err := l.send(r).Location()
		if err != nil {
			l.t.Fatal(err)
		}
		r = l.request("", nil)
		r.URL = to
	}
	return r.URL
}

func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c:
	case <-timer.C:
		t.Error("waited in vain")
	}
}

// A liveSite shows the pages of an app on sockets.
type liveSite struct {
	arrived chan struct{} // the reader has the last event
	shown   atomic.Int32
}

// Show answers a request that got through.
func (s *liveSite) Show(rw http.ResponseWriter, r *http.Request, u *core.User) {
	s.shown.Add(1)
	switch {
	case strings.HasSuffix(r.URL.Path, "/events"):
		for i := range 3 {
			fmt.Fprintf(rw, "data: %d\n", i)
			rw.(http.Flusher).Flush()
			select {
			case <-s.arrived:
			case <-r.Context().Done():
				return
			}
		}
	case strings.HasSuffix(r.URL.Path, "/socket"):
		showSocket(rw)
	case strings.HasSuffix(r.URL.Path, "/controls"):
		controls := http.NewResponseController(rw)
		later := time.Now().Add(patience)
		fmt.Fprint(rw, controls.SetReadDeadline(later), " ", controls.SetWriteDeadline(later), " ",
			controls.EnableFullDuplex())
	case u != nil:
		fmt.Fprint(rw, u.OpenID)
	}
}

// ShowToken is not asked here.
func (*liveSite) ShowToken(http.ResponseWriter, *http.Request, string, error) {}

// readAll reads the rest of an answer; what cannot be read is missing.
func readAll(res *http.Response) string {
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	return string(body)
}
