package redistest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// noSkip is the environment variable that turns a missing redis-server into a failure: set it to
// 1 where the tests must not pass by being skipped.
const noSkip = "WXOAUTH_NO_SKIP"

// program is the environment variable that names another program than redis-server: an older one,
// or valkey-server.
const program = "WXOAUTH_REDIS_SERVER"

// patience is the time limit of every wait for a server.
const patience = 20 * time.Second

// A Server is a redis-server, or what WXOAUTH_REDIS_SERVER names, on loopback with a folder of its
// own. What was written survives [Server.Restart]. It ends with the test.
type Server struct {
	Addr string // host:port

	tb      testing.TB
	program string
	dir     string
	args    []string
	cmd     *exec.Cmd
}

// Start starts a server; args are added to its command line, as in "--maxmemory", "1mb". Without
// redis-server on the machine the test is skipped, or fails if WXOAUTH_NO_SKIP is 1.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := Prepare(tb, args...)
	s.Restart()
	return s
}

// Prepare is like [Start], but does not start the server: Addr is set, and Restart starts it.
func Prepare(tb testing.TB, args ...string) *Server {
	tb.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv(program), "redis-server"))
	if err != nil {
		if os.Getenv(noSkip) == "1" {
			tb.Fatalf("%v, and %s is set", err, noSkip)
		}
		tb.Skip(err)
	}
	s := &Server{Addr: freeAddr(tb), tb: tb, program: path, dir: tb.TempDir(), args: args}
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
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "yes",
		"--appendfsync", "no",
		"--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
	// The command outlives the call, and Kill ends it.
	s.cmd = exec.CommandContext(context.Background(), s.program, all...)
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
}

// Kill ends the server and all connections, as a crash does. A second call does nothing.
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
// "GET" and "CLIENT|CACHING". Commands that belong to connections are left out: INFO and CONFIG of
// this helper, and a client's HELLO and PING.
func (s *Server) Commands() map[string]int {
	s.tb.Helper()
	counts := map[string]int{}
	for line := range strings.SplitSeq(s.Do("INFO", "commandstats"), "\r\n") {
		var name string
		var calls int
		stat, isStat := strings.CutPrefix(strings.NewReplacer(":", " ", ",", " ", "=",
			" ").Replace(line), "cmdstat_")
		if _, err := fmt.Sscanf(stat, "%s calls %d", &name, &calls); isStat && err == nil {
			counts[strings.ToUpper(name)] = calls
		}
	}
	for _, own := range []string{
		"INFO", "CONFIG|RESETSTAT", "CONFIG|SET", "HELLO", "PING", "CLIENT|TRACKING",
		"CLIENT|SETINFO",
	} {
		delete(counts, own)
	}
	return counts
}

// Forget sets the counts of commands to zero.
func (s *Server) Forget() {
	s.tb.Helper()
	s.Do("CONFIG", "RESETSTAT")
}

// Watch begins to record all commands, including those of scripts. The returned function ends that
// and returns the commands with their arguments.
func (s *Server) Watch() (sent func() [][]string) {
	s.tb.Helper()
	conn, err := s.send("MONITOR")
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() { _ = conn.Close() })
	const end = "the end of what was watched"
	return func() (commands [][]string) {
		s.tb.Helper()
		s.Do("ECHO", end)
		_ = conn.SetDeadline(time.Now().Add(patience))
		lines := bufio.NewScanner(conn)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() && !strings.Contains(lines.Text(), end) {
			// +1339518083.107412 [0 127.0.0.1:60866] "SET" "key" "value".
			if _, args, ok := strings.Cut(lines.Text(), "] "); ok {
				commands = append(commands, unquoted(s.tb, args))
			}
		}
		if lines.Err() != nil || len(commands) == 0 {
			s.tb.Fatalf("%d commands were seen: %v", len(commands), lines.Err())
		}
		return commands
	}
}

// unquoted splits a line of MONITOR.
func unquoted(tb testing.TB, text string) (args []string) {
	tb.Helper()
	for ; text != ""; text = strings.TrimPrefix(text, " ") {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			tb.Fatalf("%v: %s", err, text)
		}
		arg, _ := strconv.Unquote(quoted)
		args, text = append(args, arg), text[len(quoted):]
	}
	return args
}

// Keys returns all keys, in any order.
func (s *Server) Keys() []string {
	s.tb.Helper()
	return strings.Fields(s.Do("KEYS", "*"))
}

// Eventually calls ok until it returns true, and fails the test if that takes too long. It is for
// things that a server does at a time of its own.
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

// try runs one command and returns the answer.
func (s *Server) try(args ...string) (string, error) {
	conn, err := s.send(args...)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	return readAnswer(conn)
}

// send sends one command on a connection of its own.
func (s *Server) send(args ...string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(s.tb.Context(), "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	var command bytes.Buffer
	fmt.Fprintf(&command, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := conn.Write(command.Bytes()); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}
