package clients

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var write = flag.Bool("write", false, "write the table into docs/simulator.md and docs/simulator.zh-CN.md")

// The steps, in the order of the table.
var steps = []string{"login", "refresh", "userinfo", "code2Session", "phone", "token", "APIs", "media", "JS-SDK", "push"}

// A line is what a program prints about one step.
type line struct {
	Client, Step, Error string

	// The step "push" is this test's: it sends them to a URL.
	URL, AppID     string
	Formats, Modes []string
}

const (
	pushToken = "a token"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

func TestClients(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	program := build(ctx, t, "../cmd/wxsim", "wxsim")
	// This one sends the authorize page's parameters in an order of its own.
	flags := map[string][]string{"npm/node-easywechat.mjs": {"-lax"}}
	golang := build(ctx, t, "./golang", "golang")
	scripts, err := filepath.Glob("npm/*.mjs")
	if err != nil {
		t.Fatal(err)
	}

	var (
		mu    sync.Mutex
		lines []line
		all   sync.WaitGroup
		slots = make(chan struct{}, runtime.GOMAXPROCS(0))
	)
	run := func(name string, args ...string) {
		// One each: as at WeChat, a new access_token is the death of the one before.
		sim := startSimulator(ctx, t, program, flags[strings.Join(args, " ")]...)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			got := sim.runProgram(ctx, t, name, args...)
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, got...)
		})
	}
	run(golang)
	for _, script := range scripts {
		if script != "npm/client.mjs" {
			run("node", script)
		}
	}
	all.Wait()
	checkTable(t, lines)
}

// build builds a program of this module, or of the library.
func build(ctx context.Context, t *testing.T, pkg, name string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, ".")
	cmd.Dir = pkg
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// A simulator is the program wxsim as users run it.
type simulator struct {
	address string
	env     []string
}

// startSimulator runs wxsim until the test ends.
func startSimulator(ctx context.Context, t *testing.T, program string, more ...string) *simulator {
	t.Helper()
	dir := t.TempDir()
	picture := filepath.Join(dir, "picture.png")
	if err := os.WriteFile(picture, []byte("\x89PNG\r\n\x1a\nnot quite"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, append(more, "-addr", "127.0.0.1:0", "-auto", "-tls", "-tls-dir", dir, "-users", "1")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	printed := map[string]string{} // NAME=value
	for in := bufio.NewScanner(out); printed["WECHAT_MINI_SECRET"] == "" && in.Scan(); {
		if name, value, ok := strings.Cut(in.Text(), "="); ok {
			printed[name] = value
		}
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // whatever else it says
	s := &simulator{address: strings.TrimPrefix(printed["WECHAT_API_URL"], "http://")}
	var people struct {
		Users []struct{ OpenID string }
	}
	if err := s.call(ctx, http.MethodGet, "users", nil, &people); err != nil || len(people.Users) != 1 {
		t.Fatalf("users: %+v, %v", people, err)
	}
	ca := filepath.Join(dir, "ca.pem")
	s.env = append(os.Environ(),
		"WXSIM_ADDR="+s.address, "WXSIM_PICTURE="+picture, "WXSIM_OPENID="+people.Users[0].OpenID,
		"WXSIM_PUSH_TOKEN="+pushToken, "WXSIM_PUSH_KEY="+pushKey, "SSL_CERT_FILE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	for name, value := range printed {
		s.env = append(s.env, name+"="+value)
	}
	return s
}

// call calls the control API.
func (s *simulator) call(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+"/wxsim/api/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := new(http.Transport).RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(answer)
}

// runProgram runs one program to its end and returns what it printed.
func (s *simulator) runProgram(ctx context.Context, t *testing.T, name string, args ...string) (lines []line) {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(s.env, "HTTP_PROXY=http://"+s.address, "HTTPS_PROXY=http://"+s.address, "NO_PROXY=127.0.0.1")
	if name == "node" {
		hook, err := filepath.Abs("npm/to-wxsim.cjs")
		if err != nil {
			t.Error(err)
			return nil
		}
		cmd.Env = append(s.env, "NODE_OPTIONS=--require="+hook)
	}
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Error(err)
		return nil
	}
	for in := bufio.NewScanner(stdout); in.Scan(); {
		if !bytes.HasPrefix(in.Bytes(), []byte("{")) {
			continue // a client that logs
		}
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Errorf("%s %q prints %q: %v", name, args, in.Text(), err)
			continue
		}
		if l.URL != "" {
			if err := s.pushAll(ctx, l); err != nil {
				l.Error = err.Error()
			}
			_ = stdin.Close() // it waits for no more pushes
		}
		lines = append(lines, l)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, &stderr)
	}
	return lines
}

// pushAll sends a text message in every mode and format that a client reads, and wants the answer
// that its handler gives.
func (s *simulator) pushAll(ctx context.Context, l line) error {
	for _, format := range l.Formats {
		for _, mode := range l.Modes {
			if err := s.pushOne(ctx, l, mode, format); err != nil {
				return fmt.Errorf("%s in %s mode: %w", format, mode, err)
			}
		}
	}
	return nil
}

func (s *simulator) pushOne(ctx context.Context, l line, mode, format string) error {
	event := `{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1700000000,"MsgType":"text","Content":"你好","MsgId":24000000000000001}`
	if format == "XML" {
		event = `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1700000000</CreateTime>` +
			`<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content><MsgId>24000000000000001</MsgId></xml>`
	}
	var told struct {
		Status             int
		Body, Reply, Error string // Reply is Body decrypted
	}
	err := s.call(ctx, http.MethodPost, "push", map[string]any{
		"message": event, "event": map[string]string{"appid": l.AppID},
		"target": map[string]string{
			"url": l.URL, "token": pushToken, "encoding_aes_key": pushKey, "mode": mode, "format": strings.ToLower(format),
		},
	}, &told)
	if err != nil || told.Status != http.StatusOK {
		return fmt.Errorf("the client answers %+v, %w", told, err)
	}
	reply := told.Reply
	if mode == "plain" {
		reply = told.Body
	}
	if !strings.Contains(html.UnescapeString(reply), "你说：你好") {
		return fmt.Errorf("the reply is %+v", told)
	}
	return nil
}

// checkTable wants every step to pass, and the table in the documents to say what did.
func checkTable(t *testing.T, lines []line) {
	t.Helper()
	rows := map[string]map[string]line{}
	for _, l := range lines {
		if l.Error != "" {
			t.Errorf("%s, %s: %s", l.Client, l.Step, l.Error)
		}
		if !slices.Contains(steps, l.Step) {
			t.Errorf("%s prints a step %q, of which the table knows nothing", l.Client, l.Step)
		}
		if rows[l.Client] == nil {
			rows[l.Client] = map[string]line{}
		}
		rows[l.Client][l.Step] = l
	}
	if len(rows) < 11 {
		t.Errorf("%d clients ran, want at least 11", len(rows))
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| | %s |\n|---|%s\n", strings.Join(steps, " | "), strings.Repeat("---|", len(steps)))
	for _, name := range slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
	}) {
		fmt.Fprintf(&table, "| %s |", name)
		for _, step := range steps {
			l, ran := rows[name][step]
			fmt.Fprintf(&table, " %s |", cell(l, ran))
		}
		table.WriteString("\n")
	}
	for _, doc := range []string{"../docs/simulator.md", "../docs/simulator.zh-CN.md"} {
		if err := keepTable(doc, table.String(), *write && !t.Failed()); err != nil {
			t.Error(err)
		}
	}
}

// cell returns the text of a cell, which is empty if the client has no such call.
func cell(l line, ran bool) string {
	switch {
	case !ran:
		return ""
	case l.Error != "":
		return "✗"
	case l.URL != "":
		return strings.Join(l.Modes, ", ") + "; " + strings.Join(l.Formats, ", ")
	}
	return "✓"
}

var tableInDoc = regexp.MustCompile(`(?s)(<!-- clients -->\n).*?(<!-- /clients -->)`)

// keepTable compares the table between two marks of a document, or writes it there.
func keepTable(doc, table string, write bool) error {
	have, err := os.ReadFile(doc)
	if err != nil {
		return err
	}
	want := tableInDoc.ReplaceAll(have, []byte("${1}"+table+"${2}"))
	switch {
	case !bytes.Contains(want, []byte(table)):
		return fmt.Errorf("%s has no place for the table", doc)
	case bytes.Equal(have, want):
		return nil
	case write:
		return os.WriteFile(doc, want, 0o644)
	}
	return fmt.Errorf("the table in %s is not this one; make clients WRITE=1 writes it:\n%s", doc, table)
}
