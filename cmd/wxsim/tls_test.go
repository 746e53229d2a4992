package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start runs the program with these flags on a free port until the test ends, and returns the
// host:port and what it printed.
func start(t *testing.T, args ...string) (address, printed string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), in, io.Discard)
		_ = in.Close()
		done <- err
	}()
	t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		if err := <-done; err != nil {
			t.Errorf("run = %v", err)
		}
	})
	lines := bufio.NewReader(out)
	last := "WECHAT_MINI_SECRET="
	if slices.Contains(args, "-tls") {
		last = "-Dhttps.proxyPort="
	}
	for {
		line, err := lines.ReadString('\n')
		printed += line
		require.NoError(t, err, "it printed %q and stopped", printed)
		if _, url, ok := strings.Cut(line, "WECHAT_API_URL=http://"); ok {
			address = strings.TrimSpace(url)
		}
		if strings.Contains(line, last) {
			return address, printed
		}
	}
}

// trusting is a client that trusts a CA and goes wherever route says.
func trusting(t *testing.T, ca []byte, route func(*http.Transport)) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca), ca)
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	route(transport)
	return &http.Client{Transport: transport}
}

// plainly is a client that trusts nobody in particular.
func plainly() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// to dials one address whatever the host is, as a changed hosts file does.
func to(address string) func(*http.Transport) {
	return func(t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
}

func through(address string) func(*http.Transport) {
	return func(t *http.Transport) { t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: address}) }
}

func get(t *testing.T, c *http.Client, url string) (body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return string(all), err
}

func TestTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on the way")
	address, printed := start(t, "-tls", "-tls-dir", dir, "-appid", "wxfixed", "-secret", "s")
	served, err := get(t, plainly(), "http://"+address+"/wxsim/ca.pem")
	require.NoError(t, err)
	kept, err := os.ReadFile(filepath.Join(dir, caFile))
	require.NoError(t, err)
	require.Equal(t, served, string(kept))
	for _, want := range []string{filepath.Join(dir, caFile), "NODE_EXTRA_CA_CERTS=", "keytool -importcert", "REQUESTS_CA_BUNDLE=", "SSL_CERT_FILE=", "curl.cainfo=", "curl --cacert", "HTTPS_PROXY=http://" + address} {
		require.Contains(t, printed, want)
	}

	const call = "/cgi-bin/token?grant_type=client_credential&appid=wxfixed&secret=s"
	for _, tt := range []struct {
		name  string
		route func(*http.Transport)
		url   string
	}{
		{"the API's name, by a hosts file", to(address), "https://api.weixin.qq.com" + call},
		{"the API's name, by a proxy", through(address), "https://api.weixin.qq.com" + call},
		{"the other name, by a proxy", through(address), "https://open.weixin.qq.com:443" + call},
		{"the name of a spare data centre", to(address), "https://sh.api.weixin.qq.com" + call},
		{"without TLS, by a proxy", through(address), "http://api.weixin.qq.com" + call},
		{"as it was reached", func(*http.Transport) {}, "https://" + address + call},
		{"localhost", to(address), "https://localhost" + call},
		{"a service of a compose file", to(address), "https://wxsim" + call},
		{"no TLS at all", func(*http.Transport) {}, "http://" + address + call},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if body, err := get(t, trusting(t, []byte(served), tt.route), tt.url); err != nil || !strings.Contains(body, `"access_token"`) {
				t.Errorf("answer %q, %v", body, err)
			}
		})
	}
	t.Run("nobody else's name", func(t *testing.T) {
		for name, route := range map[string]func(*http.Transport){"a hosts file": to(address), "a proxy": through(address)} {
			if body, err := get(t, trusting(t, []byte(served), route), "https://www.example.com/"); err == nil {
				t.Errorf("by %s: answer %q", name, body)
			}
		}
	})
	t.Run("pages name https where they were reached by it", func(t *testing.T) {
		body, err := get(t, trusting(t, []byte(served), to(address)), "https://open.weixin.qq.com/")
		require.NoError(t, err)
		require.Contains(t, body, "https://open.weixin.qq.com")
	})
}

func TestWithoutTLSThereIsNoCA(t *testing.T) {
	address, printed := start(t)
	body, err := get(t, plainly(), "http://"+address+"/wxsim/ca.pem")
	if err != nil || strings.Contains(body, "CERTIFICATE") || strings.Contains(printed, "ca.pem") {
		t.Errorf("answer %q, %v; printed %s", body, err, printed)
	}
}

func TestATemporaryFolderGoesWithTheProgram(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("run", func(t *testing.T) {
		if _, printed := start(t, "-tls"); !strings.Contains(printed, os.Getenv("TMPDIR")) {
			t.Errorf("printed %s", printed)
		}
	})
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// What is no request must neither hold up the others nor be answered as one.
func TestNonsenseAtTheDoor(t *testing.T) {
	address, _ := start(t, "-tls")
	for _, tt := range []struct{ name, sent, want string }{
		{"nothing", "", ""},
		{"CONNECT elsewhere", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", "HTTP/1.1 403 "},
		{"CONNECT to a lookalike", "CONNECT api.weixin.qq.com.example.com:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 "},
		{"CONNECT without a port", "CONNECT api.weixin.qq.com HTTP/1.1\r\n\r\n", "HTTP/1.1 403 "},
		{"another method", "COPY / HTTP/1.1\r\n\r\n", "HTTP/1.1 403 "},
		{"a header without an end", "CONNECT api.weixin.qq.com:443 HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 200), ""},
		{"a line without an end", "CONNECT " + strings.Repeat("a", 1<<16), ""},
		{"a handshake that is none", "\x16\x03\x01\x00\x05hello", "\x15"}, // an alert
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			require.NoError(t, err)
			_, _ = io.WriteString(conn, tt.sent) // it may close before it has read all
			_ = conn.(*net.TCPConn).CloseWrite()
			got, _ := io.ReadAll(conn) // a reset is as good as an end
			if err := conn.Close(); err != nil || !bytes.HasPrefix(got, []byte(tt.want)) || (tt.want == "" && len(got) > 0) {
				t.Errorf("answer %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	if _, err := get(t, plainly(), "http://"+address+"/wxsim/live"); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestKeyPair(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	hosts := certHosts("127.0.0.1:8081")
	kept := func(hosts []string, now time.Time) string {
		t.Helper()
		k, err := keyPairIn(dir, hosts, now)
		require.NoError(t, err)
		require.True(t, k.good(hosts, now), "a certificate that is not good")
		return string(k.ca)
	}
	first := kept(hosts, now)
	key := filepath.Join(dir, keyFile)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key.pem: %v, %v", info.Mode(), err)
	}
	require.NoError(t, os.Chmod(key, 0o644))
	require.Equal(t, first, kept(hosts, now.Add(699*24*time.Hour)), "a certificate with 30 days left was made anew")
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key.pem once it was read: %v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 3 {
		t.Errorf("the folder holds %v, %v; want three files", names, err)
	}

	for _, tt := range []struct {
		name  string
		spoil func() error
		hosts []string
		now   time.Time
	}{
		{"about to expire", nil, hosts, now.Add(701 * 24 * time.Hour)},
		{"another host", nil, certHosts("192.168.1.5:8081"), now},
		{"a key that does not fit", func() error {
			_, files, err := newKeyPair(hosts, now)
			if err != nil {
				return err
			}
			return os.WriteFile(key, files[keyFile], 0o600)
		}, hosts, now},
		{"a file cut short", func() error { return os.Truncate(filepath.Join(dir, caFile), 20) }, hosts, now},
		{"a file missing", func() error { return os.Remove(filepath.Join(dir, certFile)) }, hosts, now},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := kept(hosts, now)
			if tt.spoil != nil {
				require.NoError(t, tt.spoil())
			}
			require.NotEqual(t, before, kept(tt.hosts, tt.now), "the old one was kept")
		})
	}
	if _, err := keyPairIn(key, hosts, now); err == nil {
		t.Error("a file passes for a folder")
	}
}

// Whoever trusts the authority trusts it for these names only.
func TestTheAuthorityIsForTheseHostsOnly(t *testing.T) {
	k, files, err := newKeyPair(certHosts("192.168.1.5:8081"), time.Now())
	require.NoError(t, err)
	block, _ := pem.Decode(k.ca)
	ca, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	got := fmt.Sprintln(ca.PermittedDNSDomainsCritical, ca.PermittedDNSDomains[0], ca.PermittedIPRanges, ca.MaxPathLenZero)
	require.Equal(t, "true weixin.qq.com [127.0.0.1/32 ::1/128 192.168.1.5/32] true\n", got)
	require.False(t, k.cert.Leaf.IsCA, "the server's certificate may sign others")
	if len(files) != 3 || bytes.Count(slices.Concat(slices.Collect(maps.Values(files))...), []byte("PRIVATE KEY-----\n")) != 2 {
		t.Error("the files hold more than the server's own key")
	}
}

func TestHealth(t *testing.T) {
	address, _ := start(t, "-tls")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	for _, addr := range []string{address, "0.0.0.0:" + port, ":" + port} {
		if err := run(t.Context(), []string{"-health", "-addr", addr}, io.Discard, io.Discard); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_ = closed.Close()
	for _, addr := range []string{closed.Addr().String(), "127.0.0.1:0", "nonsense"} {
		require.Error(t, run(t.Context(), []string{"-health", "-addr", addr}, io.Discard, io.Discard), addr)
	}
}
