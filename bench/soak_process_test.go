package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/wxsim"
)

// buildPrograms builds programs of the library's module and returns the folder they are in.
func buildPrograms(t *testing.T, paths ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir + "/"}
	for _, path := range paths {
		args = append(args, "./"+path)
	}
	build := exec.CommandContext(t.Context(), "go", args...)
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// A program is a process that listens. What it says goes to a file.
type program struct {
	framework string
	addr      string
	log       string
	cmd       *exec.Cmd
	ended     chan error
}

// freeAddr finds an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// launch starts the program and waits until it answers.
func (p *program) launch(t *testing.T, path string, env []string, args ...string) {
	t.Helper()
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()                               // the program has its own
	p.cmd = exec.CommandContext(context.Background(), path, args...) // the cleanup ends it
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, ended := p.cmd, make(chan error, 1)
	p.ended = ended
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pause(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", p.addr); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("%s: %v\n%s", path, err, p.tail())
		default:
		}
	}
	t.Fatalf("%s does not answer:\n%s", path, p.tail())
}

// kill ends the program as a crash does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended //nolint:errcheck // it was killed
}

// stop lets the program finish what it has begun.
func (p *program) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("%s did not stop in good order: %v\n%s", p.framework, err, p.tail())
		}
	case <-time.After(30 * time.Second):
		t.Errorf("%s does not stop", p.framework)
	}
}

// tail is the end of what the program said.
func (p *program) tail() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-2000):])
}

var goroutineLine = regexp.MustCompile(`(?m)^goroutine \d+ `)

// dump ends the program with a dump of its goroutines, and counts them.
func (p *program) dump(t *testing.T) int {
	t.Helper()
	info, err := os.Stat(p.log)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.ended //nolint:errcheck // a status that says so
	text, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return len(goroutineLine.FindAll(text[info.Size():], -1))
}

// gcLine is a line of GODEBUG=gctrace=1: the heap before, at the end of and after a collection.
var gcLine = regexp.MustCompile(`(?m)^gc \d+ .* (\d+)->(\d+)->(\d+) MB`)

// usage is what the program takes: the least live heap of its last collections, and what is in
// memory of it.
func (p *program) usage() usage {
	var u usage
	text, _ := os.ReadFile(p.log)
	text = text[max(0, len(text)-(1<<20)):]
	collections := gcLine.FindAllSubmatch(text, -1)
	for i, found := range collections[max(0, len(collections)-5):] {
		live, _ := strconv.Atoi(string(found[3]))
		if i == 0 || live < u.heap {
			u.heap = live
		}
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)) // none on other systems
	if _, rest, ok := bytes.Cut(status, []byte("VmRSS:")); ok {
		var kb int
		_, _ = fmt.Sscan(string(rest), &kb)
		u.rss = kb >> 10
	}
	return u
}

// replicas are the example on each framework.
type replicas struct {
	all  []*program
	keys []string // SESSION_KEYS of the next start
	dir  string
	env  []string
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

func startReplicas(t *testing.T, binaries string, sim *wxsim.Server, redis string) *replicas {
	t.Helper()
	fleet := &replicas{keys: []string{newKey()}, dir: binaries, env: []string{
		"REDIS_URL=redis://" + redis, "ANY_BROWSER=1", "ASK_AT_ONCE=1", "GODEBUG=gctrace=1",
		"WECHAT_APPID=" + sim.AppID(), "WECHAT_SECRET=" + sim.Secret(), "WECHAT_API_URL=" + sim.URL, "WECHAT_OPEN_URL=" + sim.URL,
	}}
	public := freeAddr(t)
	fleet.env = append(fleet.env, "PUBLIC_URL=http://"+public)
	logs := t.TempDir()
	for i, framework := range []string{"nethttp", "chi", "gin"} {
		fleet.all = append(fleet.all, &program{framework: framework, addr: freeAddr(t), log: filepath.Join(logs, framework)})
		fleet.start(t, i)
	}
	return fleet
}

// start starts a replica, with the keys of now.
func (f *replicas) start(t *testing.T, i int) {
	t.Helper()
	r := f.all[i]
	env := append([]string{"ADDR=" + r.addr, "SESSION_KEYS=" + strings.Join(f.keys, ",")}, f.env...)
	r.launch(t, filepath.Join(f.dir, r.framework), env)
}

// startProxy starts the round-robin proxy at the address that the replicas take for theirs.
func startProxy(t *testing.T, binaries string, fleet *replicas) *program {
	t.Helper()
	public := strings.TrimPrefix(fleet.env[len(fleet.env)-1], "PUBLIC_URL=http://")
	p := &program{framework: "the proxy", addr: public, log: filepath.Join(t.TempDir(), "proxy")}
	args := []string{"-listen", public}
	for _, r := range fleet.all {
		args = append(args, "http://"+r.addr)
	}
	p.launch(t, filepath.Join(binaries, "roundrobin"), nil, args...)
	return p
}
