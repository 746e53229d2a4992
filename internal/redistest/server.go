package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// noSkip is the environment variable that turns a missing redis-server into a failure: set it to
// 1 where the tests must not pass by being skipped.
const noSkip = "WXOAUTH_NO_SKIP"

// patience bounds every wait for a server.
const patience = 20 * time.Second

// A Server is a redis-server on loopback with a folder of its own. What was written survives
// [Server.Restart]. It ends with the test.
type Server struct {
	Addr string // host:port

	tb   testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start starts a server; args are added to its command line, as in "--maxmemory", "1mb". Without
// redis-server on the machine the test is skipped, or fails if WXOAUTH_NO_SKIP is 1.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := Prepare(tb, args...)
	s.Restart()
	return s
}

// Prepare is [Start] without starting: Addr is known, and nobody listens there until Restart.
func Prepare(tb testing.TB, args ...string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv(noSkip) == "1" {
			tb.Fatalf("redis-server is not installed, and %s is set", noSkip)
		}
		tb.Skip("redis-server is not installed")
	}
	s := &Server{Addr: freeAddr(tb), tb: tb, dir: tb.TempDir(), args: args}
	tb.Cleanup(s.Kill)
	return s
}

// freeAddr finds a port that nobody listens on.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	var loopback net.ListenConfig
	l, err := loopback.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return addr
}

// Restart starts the server, after stopping it if it runs, and waits until it answers. args
// replace those of Start if there are any.
func (s *Server) Restart(args ...string) {
	s.tb.Helper()
	s.Launch(args...)
	s.Eventually("redis-server answers", func() bool {
		answer, err := s.try("PING")
		return err == nil && (answer == "PONG" || strings.HasPrefix(answer, "NOAUTH"))
	})
}

// Launch is [Server.Restart] without waiting, to look at a server that is still loading.
func (s *Server) Launch(args ...string) {
	s.tb.Helper()
	s.Kill()
	if len(args) > 0 {
		s.args = args
	}
	_, port, _ := net.SplitHostPort(s.Addr)
	all := append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no",
		"--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
	// The command outlives the call, and Kill ends it.
	s.cmd = exec.CommandContext(context.Background(), "redis-server", all...)
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
}

// Kill ends the server as a crash does, with every connection. Killing it twice does nothing.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Pause freezes the server: connections stay, answers stop.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

// Do runs one command on a connection of its own and returns the answer: the text of a string or
// an error, one line for each element of an array, "(nil)" for none.
func (s *Server) Do(args ...string) string {
	s.tb.Helper()
	answer, err := s.try(args...)
	if err != nil {
		s.tb.Fatalf("redis %s: %v", args[0], err)
	}
	return answer
}

// Commands counts the calls of each command since [Server.Forget], by its name in capitals, as in
// "GET" and "CLIENT|CACHING". What connections need for themselves is left out: this helper's
// INFO and CONFIG, a client's greeting and its signs of life.
func (s *Server) Commands() map[string]int {
	s.tb.Helper()
	counts := map[string]int{}
	for line := range strings.SplitSeq(s.Do("INFO", "commandstats"), "\r\n") {
		var name string
		var calls int
		stat, isStat := strings.CutPrefix(strings.NewReplacer(":", " ", ",", " ", "=", " ").Replace(line), "cmdstat_")
		if _, err := fmt.Sscanf(stat, "%s calls %d", &name, &calls); isStat && err == nil {
			counts[strings.ToUpper(name)] = calls
		}
	}
	for _, own := range []string{"INFO", "CONFIG|RESETSTAT", "CONFIG|SET", "HELLO", "PING", "CLIENT|TRACKING", "CLIENT|SETINFO"} {
		delete(counts, own)
	}
	return counts
}

// Forget begins a new count of commands.
func (s *Server) Forget() {
	s.tb.Helper()
	s.Do("CONFIG", "RESETSTAT")
}

// Keys lists every key, in no order.
func (s *Server) Keys() []string {
	s.tb.Helper()
	return strings.Fields(s.Do("KEYS", "*"))
}

// Eventually waits until ok, which is asked again and again, and fails the test if it takes too
// long. It is for what a server does in its own time.
func (s *Server) Eventually(what string, ok func() bool) {
	s.tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline.C:
			s.tb.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// try runs one command, or says why it cannot.
func (s *Server) try(args ...string) (string, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(s.tb.Context(), "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	var command bytes.Buffer
	fmt.Fprintf(&command, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := conn.Write(command.Bytes()); err != nil {
		return "", err
	}
	return readAnswer(conn)
}
