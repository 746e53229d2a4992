package docs_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// A newcomer pastes the program and the commands of the READMEs, in order, on a machine that has
// never seen the module. Only the ports are others, so that tests can run side by side.
func TestNewcomer(t *testing.T) {
	served := publish(t)
	t.Run("the example", func(t *testing.T) {
		n := newNewcomer(t, served)
		app, sim := n.port("8080"), n.port("8081")
		n.env = append(n.env, "ADDR="+app, "WXSIM_ADDR="+sim)
		n.start(n.command("/examples/gin@"))
		n.logsIn("http://"+app+"/me", "/me")
	})
	t.Run("a clone", func(t *testing.T) {
		n := newNewcomer(t, served)
		n.run(strings.TrimSuffix(n.command("git clone "), " && cd wxoauth"))
		n.dir = filepath.Join(n.dir, "wxoauth")
		n.run("make -n test")
		n.run("go vet ./examples/gin")
	})
	t.Run("a release", func(t *testing.T) {
		n := newNewcomer(t, served)
		n.run(strings.TrimSuffix(n.command("git clone "), " && cd wxoauth"))
		n.dir = filepath.Join(n.dir, "wxoauth")
		for _, b := range markdown.Read(t, "CONTRIBUTING.md").Blocks() {
			if strings.Contains(b.Code, "git tag") {
				n.run("git config user.name test; git config user.email test@example.com\n" + strings.ReplaceAll(b.Code, "vX.Y.Z", version))
			}
		}
	})
	for _, flags := range []string{"-trimpath", "-trimpath -mod=mod"} {
		t.Run("the program with GOFLAGS="+flags, func(t *testing.T) {
			n := newNewcomer(t, served)
			n.env = append(n.env, "GOFLAGS="+flags)
			app := n.port("8080")
			n.port("8081")
			n.paste("README.md")
			n.start(n.command("/cmd/wxsim@"))
			n.start(n.block("go mod init"))
			n.logsIn("http://"+app+"/me", "Hello, ")
		})
	}
	t.Run("the program of the Chinese page", func(t *testing.T) {
		n := newNewcomer(t, served)
		n.paste("README.zh-CN.md")
		n.run(strings.Split(n.block("go mod init"), "\n")[0])
		n.run("go vet .")
	})
}

// A newcomer is a folder and an environment without anything of Go's but its own cache of builds.
type newcomer struct {
	*testing.T

	dir   string
	env   []string
	ports []string // pairs of a port of the page and one that is free
}

func newNewcomer(t *testing.T, served string) *newcomer {
	t.Helper()
	known := strings.TrimSpace(output(t, "go", "env", "GOMODCACHE"))
	return &newcomer{T: t, dir: t.TempDir(), env: append(os.Environ(),
		"GOFLAGS=-trimpath", "GOWORK=off", "GOSUMDB=off",
		"GOMODCACHE="+filepath.Join(filepath.Dir(served), "modules"),
		"GOPROXY=file://"+served+",file://"+known+"/cache/download,"+strings.TrimSpace(output(t, "go", "env", "GOPROXY")),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+served+"/repository.insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/wxoauth/wxoauth",
	)}
}

// port replaces a port of the pages with a free one and returns the address.
func (n *newcomer) port(of string) string {
	n.Helper()
	l, err := (&net.ListenConfig{}).Listen(n.Context(), "tcp", "127.0.0.1:0")
	require.NoError(n, err)
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n.ports = append(n.ports, ":"+of, ":"+port)
	return l.Addr().String()
}

// paste writes the program of a page into the folder.
func (n *newcomer) paste(page string) {
	n.Helper()
	for _, b := range markdown.Read(n.T, page).Blocks() {
		if b.Language == "go" && strings.HasPrefix(b.Code, "package main\n") {
			program := strings.NewReplacer(n.ports...).Replace(b.Code)
			require.NoError(n, os.WriteFile(filepath.Join(n.dir, "main.go"), []byte(program), 0o600))
			return
		}
	}
	n.Fatalf("%s has no program", page)
}

// block is the shell block of the README that has a text in it.
func (n *newcomer) block(with string) string {
	n.Helper()
	for _, b := range markdown.Read(n.T, "README.md").Blocks() {
		if b.Language == "sh" && strings.Contains(b.Code, with) {
			return strings.NewReplacer(n.ports...).Replace(b.Code)
		}
	}
	n.Fatalf("README.md has no command with %q", with)
	return ""
}

// command is the line of the README that has a text in it.
func (n *newcomer) command(with string) string {
	n.Helper()
	lines := strings.Split(n.block(with), "\n")
	command := lines[slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, with) })]
	if strings.Contains(command, "/cmd/wxsim@") {
		command += " -addr 127.0.0.1" + strings.NewReplacer(n.ports...).Replace(":8081")
	}
	return command
}

func (n *newcomer) cmd(commands string) (*exec.Cmd, *bytes.Buffer) {
	var out bytes.Buffer
	c := exec.CommandContext(n.Context(), "bash", "-euo", "pipefail", "-c", commands)
	c.Dir, c.Env, c.Stdout, c.Stderr = n.dir, n.env, &out, &out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c, &out
}

// run waits for commands to end.
func (n *newcomer) run(commands string) {
	n.Helper()
	if c, out := n.cmd(commands); c.Run() != nil {
		n.Fatalf("%s\n%s", commands, out)
	}
}

// start lets commands run until the test ends.
func (n *newcomer) start(commands string) {
	n.Helper()
	c, out := n.cmd(commands)
	require.NoError(n, c.Start())
	n.Cleanup(func() {
		_ = c.Cancel()
		_ = c.Wait()
		if n.Failed() {
			n.Logf("%s\n%s", commands, out)
		}
	})
}

var (
	inputForm = regexp.MustCompile(`<input type="(?:hidden|radio)" name="(query|ticket|user)" value="([^"]*)"`)
	askLink   = regexp.MustCompile(`id="ask-login" href="([^"]*)"`)
)

// logsIn opens a page, does what it and WeChat ask for, and wants to arrive.
func (n *newcomer) logsIn(page, want string) {
	n.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(n, err)
	browser := &http.Client{Jar: jar}
	at, body := n.open(browser, http.MethodGet, page, nil)
	if m := askLink.FindStringSubmatch(body); m != nil {
		link, err := at.Parse(html.UnescapeString(m[1]))
		require.NoError(n, err)
		at, body = n.open(browser, http.MethodGet, link.String(), nil)
	}
	form := url.Values{"decision": {"allow"}}
	for _, m := range inputForm.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	if at, body = n.open(browser, http.MethodPost, "http://"+at.Host+"/wxsim/consent", form); !strings.Contains(at.String()+" "+body, want) {
		n.Fatalf("the login ended at %s:\n%s", at, body)
	}
}

// open waits for the server, for as long as a first compilation may take.
func (n *newcomer) open(browser *http.Client, method, address string, form url.Values) (*url.URL, string) {
	n.Helper()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for deadline := time.Now().Add(5 * time.Minute); ; <-retry.C {
		r, err := http.NewRequestWithContext(n.Context(), method, address, strings.NewReader(form.Encode()))
		require.NoError(n, err)
		r.Header.Set("Accept", "text/html")
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := browser.Do(r)
		if err != nil {
			if time.Now().After(deadline) {
				n.Fatal(err)
			}
			continue
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(n, err)
		return answer.Request.URL, string(body)
	}
}

const version = "v0.1.0"

// publish serves the work tree as a version of the module from a folder, as a module proxy does,
// and as a repository to clone below it.
func publish(t *testing.T) string {
	t.Helper()
	const module = "github.com/wxoauth/wxoauth"
	served := filepath.Join(t.TempDir(), "proxy")
	root, repository, versions := markdown.Root(t), filepath.Join(served, "repository"), filepath.Join(served, module, "@v")
	t.Cleanup(func() { // the go command makes its folders read-only
		_ = filepath.WalkDir(filepath.Dir(served), func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				_ = os.Chmod(name, 0o700)
			}
			return err
		})
	})
	for _, dir := range []string{versions, repository} {
		require.NoError(t, os.MkdirAll(dir, 0o700))
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range tracked(t, root) {
		content, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		write(t, filepath.Join(repository, name), content)
		if nested(root, name) {
			continue
		}
		file, err := z.Create(module + "@" + version + "/" + name)
		require.NoError(t, err)
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	require.NoError(t, z.Close())
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	write(t, filepath.Join(versions, "list"), []byte(version+"\n"))
	write(t, filepath.Join(versions, version+".info"), fmt.Appendf(nil, `{"Version":%q,"Time":"2026-11-26T00:00:00Z"}`, version))
	write(t, filepath.Join(versions, version+".mod"), mod)
	write(t, filepath.Join(versions, version+".zip"), archive.Bytes())
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"config", "receive.denyCurrentBranch", "ignore"}, {"add", "."}, {"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "-m", "a copy"}} {
		output(t, "git", append([]string{"-C", repository}, args...)...)
	}
	return served
}

// tracked are the files that a checkout has: of git where there is one, else all.
func tracked(t *testing.T, root string) (names []string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
		for name := range strings.SplitSeq(output(t, "git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"), "\x00") {
			if _, err := os.Stat(filepath.Join(root, name)); name != "" && err == nil {
				names = append(names, name)
			}
		}
		return names
	}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	require.NoError(t, err)
	return names
}

// nested reports whether a file belongs to a module of its own.
func nested(root, name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, content, 0o700))
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}
