package demo_test

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

var frameworks = []string{"nethttp", "chi", "gin"}

// onEach runs a test with each framework's example.
func onEach(t *testing.T, test func(t *testing.T, framework string)) {
	t.Helper()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) { test(t, framework) })
	}
}

// binaries is where TestMain puts the three examples.
var binaries string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wxoauth-examples")
	if err != nil {
		panic(err)
	}
	binaries = dir
	build := exec.Command("go", "build", "-o", dir+"/", "../../nethttp", "../../chi", "../../gin")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// patience bounds every wait for a program.
const patience = 20 * time.Second

// A program is an example that runs.
type program struct {
	url, sim string
	cmd      *exec.Cmd
	output   *webtest.Buffer // of both streams
	ended    chan error
}

// prepare makes the command without the variables of whoever runs the tests.
func prepare(t *testing.T, framework string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binaries+"/"+framework)
	cmd.Env = env
	return cmd
}

var addresses = regexp.MustCompile(`(?m)^  (Open|WeChat) +(http://\S+)`)

// start runs an example until it says where it is. Unless env says otherwise it listens on free
// ports, and WeChat is simulated inside.
func start(t *testing.T, framework string, env ...string) *program {
	t.Helper()
	env = append([]string{"ADDR=" + freeAddr(t), "WXSIM_ADDR=127.0.0.1:0"}, env...)
	p := &program{cmd: prepare(t, framework, env...), output: new(webtest.Buffer), ended: make(chan error, 1)}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = p.output
	require.NoError(t, p.cmd.Start())
	ready := make(chan struct{})
	go func() {
		said := sync.OnceFunc(func() { close(ready) })
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(p.output, lines.Text())
			if strings.Contains(lines.Text(), "Ctrl-C") {
				said()
			}
		}
		err := p.cmd.Wait()
		said()
		p.ended <- err
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	select {
	case <-ready:
	case <-time.After(patience):
	}
	for _, found := range addresses.FindAllStringSubmatch(p.output.String(), -1) {
		switch found[1] {
		case "Open":
			p.url = found[2]
		case "WeChat":
			p.sim = found[2]
		}
	}
	require.NotEmpty(t, p.url, "examples/%s did not start:\n%s", framework, p.output)
	return p
}

// stop sends SIGTERM and wants exit code 0.
func (p *program) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, p.output)
		}
	case <-time.After(patience):
		t.Errorf("still running after SIGTERM:\n%s", p.output)
	}
}

// refuses runs an example that must not start, and returns what it says.
func refuses(t *testing.T, framework string, env ...string) string {
	t.Helper()
	out, err := prepare(t, framework, env...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("examples/%s ended with %v, want exit status 1:\n%s", framework, err, out)
	}
	return string(out)
}

// simulate starts a WeChat outside the examples.
func simulate(t *testing.T, cfg wxsim.Config) *wxsim.Server {
	t.Helper()
	sim := wxsim.New(cfg)
	require.NoError(t, sim.Start())
	t.Cleanup(sim.Close)
	return sim
}

// account is the environment of an example that logs in at that WeChat.
func account(sim *wxsim.Server) []string {
	return []string{"WECHAT_APPID=" + sim.AppID(), "WECHAT_SECRET=" + sim.Secret(), "WECHAT_API_URL=" + sim.URL, "WECHAT_OPEN_URL=" + sim.URL}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())
	return addr
}

// A browser keeps cookies and follows redirects.
type browser struct {
	client http.Client
	agent  string
}

func newBrowser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{client: http.Client{Jar: jar, Timeout: patience}, agent: "Mozilla/5.0 (Linux; Android 15)"}
}

// A view is where a browser ended up.
type view struct {
	status int
	url    *url.URL
	body   string
}

// want fails the test unless the answer has that status and holds all of this.
func (v view) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	require.Equal(t, status, v.status, "%v:\n%s", v.url, v.body)
	for _, text := range texts {
		require.Contains(t, v.body, text, "%v: %d", v.url, v.status)
	}
}

// wantAt fails the test unless the browser ended up there.
func (v view) wantAt(t *testing.T, address string) {
	t.Helper()
	require.Equal(t, address, v.url.String(), "%d:\n%s", v.status, v.body)
}

// wantHost fails the test unless the browser ended up at that program.
func (v view) wantHost(t *testing.T, program string) {
	t.Helper()
	require.Equal(t, program, "http://"+v.url.Host, v.url)
}

// open loads a page.
func (b *browser) open(t *testing.T, address string) view {
	t.Helper()
	return b.send(t, http.MethodGet, address, nil)
}

// submit posts a form.
func (b *browser) submit(t *testing.T, address string, form url.Values) view {
	t.Helper()
	return b.send(t, http.MethodPost, address, form)
}

func (b *browser) send(t *testing.T, method, address string, form url.Values) view {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("User-Agent", b.agent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", "en")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.do(t, req)
}

// fetch is what a page's script does.
func (b *browser) fetch(t *testing.T, address string) view {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Sec-Fetch-Mode", "cors")
	return b.do(t, req)
}

func (b *browser) do(t *testing.T, req *http.Request) view {
	t.Helper()
	res, err := b.client.Do(req)
	return seen(t, res, err)
}

// seen reads an answer.
func seen(t *testing.T, res *http.Response, err error) view {
	t.Helper()
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return view{res.StatusCode, res.Request.URL, string(body)}
}

var (
	askLink      = regexp.MustCompile(`id="ask-login" href="([^"]*)"`)
	consentQuery = regexp.MustCompile(`name="query" value="([^"]*)"`)
	consentUsers = regexp.MustCompile(`name="user" value="([^"]*)"`)
)

// tap presses the button of a page that asks first; any other page stays.
func (b *browser) tap(t *testing.T, page view) view {
	t.Helper()
	if ask := askLink.FindStringSubmatch(page.body); ask != nil {
		return b.open(t, html.UnescapeString(ask[1]))
	}
	return page
}

// consent presses a button of the simulator's consent page, as its first user. A page that asks
// first is answered with yes.
func (b *browser) consent(t *testing.T, page view, decision string) view {
	t.Helper()
	page = b.tap(t, page)
	query, user := consentQuery.FindStringSubmatch(page.body), consentUsers.FindStringSubmatch(page.body)
	if query == nil || user == nil {
		t.Fatalf("no consent page at %v:\n%s", page.url, page.body)
	}
	return b.submit(t, "http://"+page.url.Host+"/wxsim/consent", url.Values{
		"query": {html.UnescapeString(query[1])}, "user": {user[1]}, "decision": {decision},
	})
}
