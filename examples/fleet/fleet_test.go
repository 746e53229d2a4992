package fleet_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// patience bounds every wait; the script builds five programs first.
const patience = 3 * time.Minute

// sixPorts finds the first of six free ports in a row.
func sixPorts(t *testing.T) int {
	t.Helper()
	for first := 20000; first < 30000; first += 6 {
		free := true
		for port := first; port < first+6 && free; port++ {
			ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
			if free = err == nil; free {
				_ = ln.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no six free ports in a row")
	return 0
}

var (
	consentQuery = regexp.MustCompile(`name="query" value="([^"]*)"`)
	consentUser  = regexp.MustCompile(`name="user" value="([^"]*)"`)
	replicaPids  = regexp.MustCompile(`kill (\d+) (\d+) (\d+)`)
	logFiles     = regexp.MustCompile(`logs +(\S+)`)
)

// A browser keeps cookies and follows redirects.
type browser struct{ http.Client }

func (b *browser) send(t *testing.T, method, address string, form url.Values) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

// openID asks who is signed in.
func (b *browser) openID(t *testing.T, site string) string {
	t.Helper()
	_, body := b.send(t, http.MethodGet, site+"/api/me", nil)
	var user struct {
		OpenID string `json:"openid"`
	}
	if err := json.Unmarshal([]byte(body), &user); err != nil {
		t.Fatalf("/api/me: %s", body)
	}
	return user.OpenID
}

func TestScript(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("WXOAUTH_NO_SKIP") == "1" {
			t.Fatal("redis-server is not installed, and WXOAUTH_NO_SKIP is set")
		}
		t.Skip("redis-server is not installed")
	}
	proxies := []string{"go"}
	if _, err := exec.LookPath("nginx"); err == nil {
		proxies = append(proxies, "nginx")
	}
	for _, proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			first := sixPorts(t)
			said := new(webtest.Buffer)
			script := exec.CommandContext(t.Context(), "./run.sh")
			script.Env = append(os.Environ(), "PROXY="+proxy, fmt.Sprint("PORT=", first), "REDIS_URL=", "SESSION_KEYS=")
			script.Stdout, script.Stderr = said, said
			script.Cancel = func() error { return script.Process.Signal(syscall.SIGTERM) }
			require.NoError(t, script.Start())
			ended := make(chan error, 1)
			go func() { ended <- script.Wait() }()
			t.Cleanup(func() { _ = script.Process.Signal(syscall.SIGTERM) })
			waitFor(t, said, func() bool { return strings.Contains(said.String(), "Ctrl-C stops") })

			site := fmt.Sprint("http://127.0.0.1:", first)
			useFleet(t, site, replicaPids.FindStringSubmatch(said.String()))
			wantNoCodes(t, logFiles.FindStringSubmatch(said.String()))

			require.NoError(t, script.Process.Signal(syscall.SIGINT))
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("after Ctrl-C: %v\n%s", err, said)
				}
			case <-time.After(patience):
				t.Fatalf("still running after Ctrl-C:\n%s", said)
			}
			for port := first; port < first+6; port++ {
				if conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
					_ = conn.Close()
					t.Errorf("something still listens on port %d", port)
				}
			}
		})
	}
}

func waitFor(t *testing.T, said *webtest.Buffer, ok func() bool) {
	t.Helper()
	deadline, poll := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("the script does not come that far:\n%s", said)
		}
	}
}

// useFleet signs in, visits every replica, and goes on while one after the other is killed but the last.
func useFleet(t *testing.T, site string, pids []string) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &browser{http.Client{Jar: jar, Timeout: 30 * time.Second}}
	at, consent := b.send(t, http.MethodGet, site+"/wechat/login?return_to=/me", nil)
	query, user := consentQuery.FindStringSubmatch(consent), consentUser.FindStringSubmatch(consent)
	if query == nil || user == nil {
		t.Fatalf("no consent page: %s", consent)
	}
	wechat := "http://" + at.Request.URL.Host
	res, body := b.send(t, http.MethodPost, wechat+"/wxsim/consent", url.Values{
		"query": {html.UnescapeString(query[1])}, "user": {user[1]}, "decision": {"allow"},
	})
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/me" {
		t.Fatalf("the login ended at %s: %d %s", res.Request.URL, res.StatusCode, body)
	}
	require.Len(t, pids, 4)
	frameworks := map[string]bool{}
	for _, pid := range append([]string{""}, pids[1:3]...) {
		if pid != "" {
			if out, err := exec.CommandContext(t.Context(), "kill", "-9", pid).CombinedOutput(); err != nil {
				t.Fatalf("kill %s: %s", pid, out)
			}
		}
		for range 12 {
			require.Equal(t, user[1], b.openID(t, site))
			_, page := b.send(t, http.MethodGet, site+"/me", nil)
			for _, framework := range []string{"nethttp", "chi", "gin"} {
				if strings.Contains(page, framework) {
					frameworks[framework] = true
				}
			}
		}
	}
	require.GreaterOrEqual(t, len(frameworks), 3, frameworks)
}

// wantNoCodes fails the test if a login code, which travels in a query, got into a log.
func wantNoCodes(t *testing.T, pattern []string) {
	t.Helper()
	require.Len(t, pattern, 2, "the script names no logs")
	logs, err := filepath.Glob(pattern[1])
	require.NoError(t, err)
	require.Len(t, logs, 6)
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil || strings.Contains(string(text), "code=") {
			t.Errorf("%s, %v:\n%s", log, err, text)
		}
	}
}
