package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait for a program.
const patience = time.Minute

// TestTheStepsThatItPrints does in a shell what the program tells newcomers to do.
func TestTheStepsThatItPrints(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	binary := filepath.Join(t.TempDir(), "miniprogram")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := exec.CommandContext(ctx, binary)
	program.Env = []string{"ADDR=127.0.0.1:0", "WXSIM_ADDR=127.0.0.1:0"}
	var log strings.Builder // to be read when the program has ended
	program.Stderr = &log
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())

	steps := printed(stdout)
	sh := openShell(ctx, t)
	wants := []struct{ step, answer string }{
		{"server=", ``},
		{"token=", ``},
		{"auth=", ``},
		{"/mini/me", `{"openid":"o…"}`},
		{"/mini/phone", `{"openid":"o…","phone":"13800138000"}`},
		{"/mini/decrypt", `{"openid":"o…","phone":"13800138000","nickname":"微信用户","avatar_url":"https://…"}`},
		{"/mini/nickname", `{"openid":"o…","phone":"13800138000","nickname":"小明","avatar_url":"https://…"}`},
		{"hello", `{"suggest":"pass","label":100}`},
		{"risky", `{"suggest":"risky","label":20001}`},
		{"dot.gif", `{"trace_id":"…","status":"pending"}`},
		{"/mini/check/picture", `{"checks":[{"trace_id":"…","status":"pass","url":"http://…"}]}`},
		{"user_authorization_revoke", ``},
		{"/mini/me", `{"error":"session_expired"}`},
	}
	require.Equal(t, len(wants), len(steps), strings.Join(steps, "\n"))
	for i, want := range wants {
		answer := sh.run(t, steps[i])
		for strings.HasPrefix(answer, `{"checks"`) && strings.Contains(answer, "pending") {
			answer = sh.run(t, steps[i]) // WeChat is still looking
		}
		if !strings.Contains(steps[i], want.step) || !looksLike(answer, want.answer) {
			t.Errorf("%s\nanswers %s\nwant    %s", steps[i], answer, want.answer)
		}
	}
	token := strings.TrimSpace(sh.run(t, "echo $token"))

	require.NoError(t, program.Process.Signal(syscall.SIGTERM))
	if err := program.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, log.String())
	}
	if token == "" || strings.Contains(log.String(), token) || strings.Contains(log.String(), "?id=") || strings.Contains(log.String(), "13800138000") {
		t.Errorf("the log tells a secret, or there is no token:\n%s", log.String())
	}
	require.Contains(t, log.String(), "stopping")
}

// printed reads what a program prints until it has said all, and returns the commands.
func printed(stdout io.Reader) (commands []string) {
	for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C"); {
		if command, ok := strings.CutPrefix(lines.Text(), "    "); ok {
			commands = append(commands, command)
		}
	}
	return commands
}

// A shell runs one command after the other.
type shell struct {
	in  io.Writer
	out *bufio.Scanner
}

func openShell(ctx context.Context, t *testing.T) *shell {
	t.Helper()
	cmd := exec.CommandContext(ctx, "sh")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &shell{in, bufio.NewScanner(out)}
}

// run returns what a command prints.
func (s *shell) run(t *testing.T, command string) string {
	t.Helper()
	const end = "--- that was it"
	fmt.Fprintf(s.in, "%s\necho %q\n", command, end)
	var printed []string
	for s.out.Scan() {
		if s.out.Text() == end {
			return strings.Join(printed, "\n")
		}
		printed = append(printed, s.out.Text())
	}
	t.Fatalf("the shell ended at %s", command)
	return ""
}

// looksLike compares a text with one in which … stands for anything inside quotation marks.
func looksLike(got, want string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", `[^"]+`) + "$").MatchString(got)
}
