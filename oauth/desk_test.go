package oauth

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// withDesk gives the shop one.
func withDesk(cfg *Config) {
	cfg.PublicURL, cfg.Desk, cfg.Outcomes = "http://localhost", &Desk{}, sessionstore.NewMemoryOutcomes()
}

// waitingDesktop returns the cookie of a desktop that has been shown a code.
func waitingDesktop(tb testing.TB, a *Auth) string {
	tb.Helper()
	r, w := httptest.NewRequest(http.MethodGet, "/me", nil), httptest.NewRecorder()
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", webtest.DesktopChrome)
	a.Admit(w, r, "")
	cookie, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	if !ok {
		tb.Fatalf("no cookie: %d %s", w.Code, w.Body)
	}
	return cookie
}

// waiting is how many desktops are in the lobby.
func waiting(a *Auth) int {
	a.desk.lobby.mu.Lock()
	defer a.desk.lobby.mu.Unlock()
	return len(a.desk.lobby.waiting)
}

// A server that shuts down does not wait for desktops that wait for phones.
func TestPollsEndWithTheirServer(t *testing.T) {
	a := testAuth(t, withDesk)
	server := httptest.NewServer(a.LoginHandler())
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/wechat/login?desk=wait", nil)
	require.NoError(t, err)
	r.Header.Set("Cookie", waitingDesktop(t, a))
	answered := make(chan string, 1)
	go func() {
		res, err := server.Client().Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		answered <- string(body)
	}()
	for waiting(a) == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(t.Context(), deskPoll/2)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx), "the server waits for a poll")
	require.Equal(t, `{"state":"waiting"}`+"\n", <-answered)
}

// Who asks and hangs up, again and again, holds no more connections than the lobby has room for.
func TestBrowsersThatHangUpFillNoMoreThanTheLobby(t *testing.T) {
	a := testAuth(t, withDesk)
	server := httptest.NewServer(a.LoginHandler())
	defer server.Close()
	until := time.Now().Add(time.Hour)
	for range maxTaken {
		a.desk.lobby.enter(&waiter{seen: ticketExpired, until: until, tell: func(ticketState, error) {}})
	}
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET /wechat/login?desk=wait&seen=waiting HTTP/1.1\r\nHost: a\r\nCookie: " + waitingDesktop(t, a) + "\r\n\r\n"))
	require.NoError(t, err)
	for waiting(a) == maxTaken {
		runtime.Gosched()
	}
	require.NoError(t, conn.Close())
	for end := time.Now().Add(deskPoll / 2); waiting(a) > maxTaken; runtime.Gosched() {
		require.False(t, time.Now().After(end), "a connection is held that nobody is at the other end of")
	}
	a.desk.lobby.dismiss()
}

// Clients that wait and then read nothing delay the news of no other desktop.
func TestClientsThatReadNothingDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAuth(t, withDesk)
		network := webtest.NewNetwork(slog.DiscardHandler)
		network.Serve("localhost", a.LoginHandler())
		t.Cleanup(network.Close)
		cookie := waitingDesktop(t, a)
		ask := func() net.Conn {
			client, err := network.Dial(t.Context(), "localhost:443")
			require.NoError(t, err)
			_, err = client.Write(
				[]byte("GET /wechat/login?desk=wait HTTP/1.1\r\nHost: a\r\nCookie: " + cookie + "\r\n\r\n"))
			require.NoError(t, err)
			return client
		}
		for range 100 {
			silent := ask()
			t.Cleanup(func() { _ = silent.Close() })
		}
		reader := ask()
		synctest.Wait()
		require.Equal(t, 101, waiting(a))
		began := time.Now()
		held := a.desk.held(&http.Request{Header: http.Header{"Cookie": {cookie}}})
		require.NoError(t, a.desk.ledger.scan(t.Context(), held.tickets[0]))
		answer, err := io.ReadAll(reader)
		if took := time.Since(began); err != nil || !strings.Contains(string(answer), `"scanned"`) || took > 2*lobbyPause {
			t.Errorf("after %v: %q, %v", took, answer, err)
		}
	})
}

func TestDeskWithinOneProcessIsWarnedOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   bool
	}{
		{"no Outcomes", func(cfg *Config) { cfg.Outcomes = nil }, true},
		{"Outcomes", func(*Config) {}, false},
		{"no desk", func(cfg *Config) { cfg.Outcomes, cfg.Desk = nil, nil }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			testAuth(t, withDesk, tt.change,
				func(cfg *Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			require.Equal(t, tt.want, strings.Contains(log.String(), "Desk works within one process"), log.String())
		})
	}
}

func TestDeskConfig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"Desk and Website", func(cfg *Config) { cfg.Website = &Website{AppID: "wxfedcba9876543210", Secret: "s"} }, "Desk and Website"},
		{"a negative age", func(cfg *Config) { cfg.Desk = &Desk{MaxAge: -1} }, "Desk.MaxAge"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "http://localhost", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Desk: &Desk{}}
			tt.change(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New says %v", err)
			}
		})
	}
	for _, tt := range []struct{ desk, all, want time.Duration }{
		{0, 0, 24 * time.Hour}, {time.Hour, 0, time.Hour}, {0, time.Minute, time.Minute}, {48 * time.Hour, 25 * time.Hour, 25 * time.Hour},
	} {
		a := testAuth(t, withDesk, func(cfg *Config) { cfg.Desk, cfg.MaxAge = &Desk{MaxAge: tt.desk}, tt.all })
		require.Equal(t, tt.want, a.sessions.deskAge, "%v of %v", tt.desk, tt.all)
	}
}

// BenchmarkWaitingDesktops holds 10,000 polls at once, in connections of their own inside the
// process, and reports what they cost: memory of everything but the clients, and processor time.
func BenchmarkWaitingDesktops(b *testing.B) {
	const desktops = 10_000
	for b.Loop() {
		a := testAuth(b, withDesk)
		network := webtest.NewNetwork(slog.DiscardHandler)
		network.Serve("localhost", a.LoginHandler())
		cookie := waitingDesktop(b, a)
		ask := fmt.Sprintf("GET /wechat/login?desk=wait&seen=waiting HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nAccept: application/json\r\nSec-Fetch-Mode: cors\r\nUser-Agent: %s\r\n\r\n", cookie, webtest.DesktopChrome)
		before, opened := resident(), time.Now()
		clients := make([]net.Conn, 0, desktops)
		for range desktops {
			client, err := network.Dial(b.Context(), "localhost:443")
			require.NoError(b, err)
			_, err = client.Write([]byte(ask))
			require.NoError(b, err)
			clients = append(clients, client)
		}
		for waiting(a) < desktops {
			if time.Since(opened) > deskPoll {
				b.Fatalf("%d wait when the first ones stop", waiting(a))
			}
			time.Sleep(10 * time.Millisecond)
		}
		runtime.GC()
		b.ReportMetric(float64(resident()-before)/desktops, "B/desktop")
		began, busy := time.Now(), processorTime(b)
		time.Sleep(5 * time.Second)
		b.ReportMetric((processorTime(b)-busy).Seconds()/time.Since(began).Seconds(), "cores")
		webtest.AtOnce(desktops, func(i int) { _ = clients[i].Close() })
		network.Close()
	}
}

// resident is the memory that the process uses for its heap and stacks.
func resident() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// Where a connection cannot be taken over, the request waits, and is answered the same.
func TestPollsThatKeepTheirConnection(t *testing.T) {
	a := testAuth(t, withDesk)
	cookie := waitingDesktop(t, a)
	for _, tt := range []struct {
		name string
		http http.Handler
	}{
		{"a connection of ours", a.LoginHandler()},
		{"a writer that gives none away", http.TimeoutHandler(a.LoginHandler(), time.Minute, "")},
		{"a writer that compresses", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			defer packed.Close() //nolint:errcheck // the end of an answer
			a.LoginHandler().ServeHTTP(compressor{w, packed}, r)
		})},
		{"a writer that panics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.LoginHandler().ServeHTTP(panickyHijacker{w}, r)
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.http)
			defer server.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/wechat/login?desk=wait", nil)
			require.NoError(t, err)
			r.Header.Set("Cookie", cookie)
			go func() {
				for waiting(a) == 0 {
					runtime.Gosched()
				}
				a.desk.lobby.dismiss()
			}()
			res, err := server.Client().Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			h := res.Header
			if err != nil || res.StatusCode != http.StatusOK || string(body) != "{\"state\":\"waiting\"}\n" || h.Get("Date") == "" ||
				h.Get("Cache-Control") != "private, no-store" || h.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%d %v %q, %v", res.StatusCode, h, body, err)
			}
		})
	}
}

// Where the app limits the time of a request, a poll is answered before that is over.
func TestPollsEndBeforeTheirDeadline(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit func(context.Context) (context.Context, context.CancelFunc)
		want  time.Duration // at most half a second more
	}{
		{"none", context.WithCancel, deskPoll},
		{"a timeout middleware", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, 9 * time.Second},
		{"a WriteTimeout", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, http.ServerContextKey, &http.Server{WriteTimeout: 15 * time.Second}), func() {}
		}, 14 * time.Second},
		{"a longer one", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, deskPoll},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := testAuth(t, withDesk)
				ctx, cancel := tt.limit(t.Context())
				defer cancel()
				r, w := httptest.NewRequestWithContext(ctx, http.MethodGet, "/wechat/login?desk=wait", nil), httptest.NewRecorder()
				r.Header.Set("Cookie", waitingDesktop(t, a))
				began := time.Now()
				a.LoginHandler().ServeHTTP(w, r)
				took := time.Since(began)
				if w.Body.String() != `{"state":"waiting"}`+"\n" || took < tt.want || took > tt.want+lobbyPause {
					t.Errorf("answered %q after %v, want %v", w.Body, took, tt.want)
				}
			})
		})
	}
}

// compressor is a writer such as gin-contrib/gzip's.
type compressor struct {
	http.ResponseWriter

	packed io.Writer
}

func (c compressor) Write(b []byte) (int, error) { return c.packed.Write(b) }
func (c compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// panickyHijacker is what gin's writer is in front of one that gives no connection away.
type panickyHijacker struct{ http.ResponseWriter }

func (panickyHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { panic("no Hijacker") }
