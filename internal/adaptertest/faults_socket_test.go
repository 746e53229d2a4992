package adaptertest

import (
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A gate is WeChat's API behind a real socket. It can be told to do something else for one path.
type gate struct {
	*httptest.Server

	fault atomic.Pointer[gateFault]
}

type gateFault struct {
	path  string
	serve http.HandlerFunc
}

// openGate starts the gate of a world, and deploys an app that calls it with a client; nil is the
// library's own.
func openGate(w *World, client *http.Client) *gate {
	w.Helper()
	g := &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := g.fault.Load(); f != nil && f.path == r.URL.Path {
			f.serve(rw, r)
			return
		}
		w.Sim.ServeHTTP(rw, r)
	}))
	w.Cleanup(g.Close)
	w.callDirectly(g.URL, client)
	return g
}

// callDirectly deploys an app that calls WeChat's API at an address.
func (w *World) callDirectly(address string, client *http.Client) {
	w.Helper()
	w.Deploy(func(cfg *oauth.Config) { cfg.HTTPClient, cfg.APIURL, cfg.OnError = client, address, w.OnError })
}

// meets leaves a connection to a peer.
func meets(p peer) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		p(c)
	}
}

// resets cuts the connection in the way that loses what is under way.
func resets(raw string) peer {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, raw)
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

// TestWeChatMisbehavesOnTheWire repeats the faults of connections on real ones, with the client
// that an app has by default. Those that last are met with less patience, apart from two.
func TestWeChatMisbehavesOnTheWire(t *testing.T) {
	known := goleak.IgnoreCurrent()
	faults := append(peerFaults(),
		peerFault{"reset without an answer", resets(""), broken()},
		peerFault{"reset in the body", resets(reply(`{"openid":"`)), garbled()},
	)
	t.Run("all at once", func(t *testing.T) {
		for i, f := range faults {
			for _, path := range []string{exchangePath, userInfoPath} {
				t.Run(f.name+" at "+path, func(t *testing.T) {
					t.Parallel()
					var client *http.Client
					if f.want == late() {
						client = &http.Client{Transport: &http.Transport{}, Timeout: 200 * time.Millisecond}
					}
					meetOnTheWire(t, path, f, client)
				})
			}
			if f.name == "the answer never comes" || f.name == "it hangs in the body" {
				t.Run(f.name+" of the library's own client", func(t *testing.T) {
					t.Parallel()
					meetOnTheWire(t, exchangePath, faults[i], nil)
				})
			}
		}
		for _, f := range []struct {
			name    string
			address func(t *testing.T) string
			want    ending
		}{
			{"nobody listens", closedPort, unreachable()},
			{"the TLS handshake hangs", func(t *testing.T) string {
				t.Helper()
				return "https" + strings.TrimPrefix(listen(t, hangs("")), "http")
			}, late()},
			{"no TLS where TLS is expected", func(t *testing.T) string {
				t.Helper()
				return "https" + strings.TrimPrefix(listen(t, says("HTTP/1.1 400 Bad Request\r\n\r\n")), "http")
			}, broken()},
			{"a certificate that nobody knows", func(t *testing.T) string {
				t.Helper()
				return tlsServer(t)
			}, broken()},
		} {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				w := NewWorld(t, NetHTTP(), Cookies())
				w.callDirectly(f.address(t), nil)
				b, callback := w.calledBack("/me")
				w.wantDirectly(b, callback, f.want)
				w.Deploy(nil)
				w.WantUser(b.Open(callback), 0)
				w.WantCalls(1, 1)
			})
		}
	})
	goleak.VerifyNone(t, known)
}

// meetOnTheWire is a login that meets a fault, and works when it is over.
func meetOnTheWire(t *testing.T, path string, f peerFault, client *http.Client) {
	t.Helper()
	w := NewWorld(t, NetHTTP(), Cookies())
	g := openGate(w, client)
	b, callback := w.calledBack("/me")
	g.fault.Store(&gateFault{path, meets(f.peer)})
	w.wantDirectly(b, callback, f.want)
	g.fault.Store(nil)
	w.WantUser(b.Open(callback), 0)
}

// wantDirectly opens a callback and fails the case unless it ends as it must, in time.
func (w *World) wantDirectly(b *webtest.Browser, callback string, want ending) {
	w.Helper()
	began := time.Now()
	v := b.Do(webtest.Request{URL: callback})
	if took := time.Since(began); took > settled {
		w.Errorf("it took %v", took)
	}
	w.wantFailure(v, want, PublicURL+"/me")
	w.WantNobody(b)
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

// listen gives every connection to a peer, until the test ends.
func listen(t *testing.T, p peer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				p(c)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func tlsServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// TestHugeAnswersTakeLittleMemory counts all that is allocated during one call, the server's part
// and all that is freed again included: it is at most 32 MB more than for an answer of WeChat's.
func TestHugeAnswersTakeLittleMemory(t *testing.T) {
	const most = 32 << 20
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	pour := func(w http.ResponseWriter) {
		_, err := io.WriteString(w, `{"openid":"`)
		for n := 0; n < 100<<20 && err == nil; n += len(chunk) {
			_, err = w.Write(chunk)
		}
	}
	packed := gzipBomb(t)
	for _, f := range []struct {
		name  string
		want  ending
		serve http.HandlerFunc
	}{
		{"100 MB", garbled(), func(w http.ResponseWriter, _ *http.Request) { pour(w) }},
		{"100 MB, as announced", garbled(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(100<<20))
			pour(w)
		}},
		{"half a MB that unpacks to 512 MB", garbled(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		}},
		{"1 MB of brackets", garbled(), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"openid":`+strings.Repeat("[", 1<<20-11))
		}},
		{"1 MB of fields", nobody(), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"a":0`+strings.Repeat(`,"a":0`, (1<<20-16)/6)+`}`)
		}},
	} {
		t.Run(f.name, func(t *testing.T) {
			known := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, known) })
			for _, path := range []string{exchangePath, userInfoPath} {
				w := NewWorld(t, NetHTTP(), Cookies())
				g := openGate(w, nil)
				w.WantUser(w.Browser().Open(PublicURL+"/me"), 0)
				b, callback := w.calledBack("/me")
				g.fault.Store(&gateFault{path, f.serve})
				var v *webtest.Visit
				if n := allocated(func() { v = b.Do(webtest.Request{URL: callback}) }); n > most {
					t.Errorf("%s: %d MB were allocated", path, n>>20)
				}
				w.wantFailure(v, f.want, PublicURL+"/me")
				w.WantNobody(b)
				g.fault.Store(nil)
				w.WantUser(b.Open(callback), 0)
			}
			w := NewWorld(t, NetHTTP(), Cookies())
			g := openGate(w, nil)
			w.Sim.Fail(exchangePath, wxsim.Field("expires_in", "30")) // so AccessToken has to refresh
			b := w.SignedIn()
			g.fault.Store(&gateFault{refreshPath, f.serve})
			if n := allocated(func() { b.Do(webtest.Request{URL: PublicURL + "/token"}) }); n > most {
				t.Errorf("%s: %d MB were allocated", refreshPath, n>>20)
			}
			f.want.checkCause(w, w.Tokens()[0].Err)
			w.WantSignedIn(b, 0)
		})
	}
}

// allocated is how many bytes do allocates in all, whether or not they are freed.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// gzipBomb unpacks to a thousand times its size.
func gzipBomb(t *testing.T) []byte {
	t.Helper()
	var megabyte bytes.Buffer
	z := gzip.NewWriter(&megabyte)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	require.NoError(t, z.Close())
	return bytes.Repeat(megabyte.Bytes(), 512) // gzip files may be joined
}
