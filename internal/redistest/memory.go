package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Memory is a Redis inside the process, for bubbles of testing/synctest, whose clock would stop
// at a socket; its time is the bubble's. It knows only the commands that this module sends, and
// tells its clients when something that they have read changes. What depends on Redis itself is
// tested with a [Server].
type Memory struct {
	tb testing.TB

	mu      sync.Mutex
	values  map[string]memoryValue
	readers map[string]map[*memoryConn]bool // who has to be told of a change, by key
	conns   []*memoryConn
}

type memoryValue struct {
	text string
	set  map[string]float64 // of a sorted set
	end  time.Time          // zero means never
}

// A memoryConn writes its answers in a goroutine of its own, since a pipe has no buffer.
type memoryConn struct {
	net.Conn

	tracking bool     // whether the client must be told when what it reads next has changed
	queued   []string // answers of a transaction; nil if there is none
	out      chan []byte
}

// NewMemory makes an empty Memory. It ends with the test.
func NewMemory(tb testing.TB) *Memory {
	tb.Helper()
	r := &Memory{
		tb: tb, values: map[string]memoryValue{}, readers: map[string]map[*memoryConn]bool{},
	}
	tb.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			_ = c.Close()
		}
	})
	return r
}

// Dial connects a client.
func (r *Memory) Dial() net.Conn {
	near, far := net.Pipe()
	c := &memoryConn{Conn: far, out: make(chan []byte, 1000)}
	r.mu.Lock()
	r.conns = append(r.conns, c)
	r.mu.Unlock()
	go func() {
		for answer := range c.out {
			if _, err := c.Write(answer); err != nil {
				_ = c.Close()
			}
		}
	}()
	go r.serve(c)
	return near
}

func (r *Memory) serve(c *memoryConn) {
	in := bufio.NewReader(c)
	for {
		command, err := readCommand(in)
		if err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, readers := range r.readers {
				delete(readers, c)
			}
			close(c.out)
			return
		}
		r.mu.Lock()
		c.out <- []byte(r.serveOne(c, command))
		r.mu.Unlock()
	}
}

// readCommand reads an array of strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	length := func(mark byte) (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if line[0] != mark {
			return 0, fmt.Errorf("redis: unexpected %q", line)
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := length('*')
	if err != nil {
		return nil, err
	}
	command := make([]string, n)
	for i := range command {
		size, err := length('$')
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		command[i] = string(text[:size])
	}
	return command, nil
}

const (
	replyOK  = "+OK\r\n"
	replyNil = "_\r\n"
)

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// serveOne answers a command, or keeps the answer until its transaction ends. Within one all reads
// are remembered or none.
func (r *Memory) serveOne(c *memoryConn, command []string) string {
	switch name := strings.ToUpper(command[0]); {
	case name == "MULTI":
		c.queued = []string{}
		return replyOK
	case name == "EXEC":
		answers := c.queued
		c.queued, c.tracking = nil, false
		return fmt.Sprintf("*%d\r\n", len(answers)) + strings.Join(answers, "")
	case c.queued != nil:
		tracking := c.tracking
		c.queued = append(c.queued, r.answer(c, command))
		c.tracking = tracking
		return "+QUEUED\r\n"
	default:
		return r.answer(c, command)
	}
}

// answer returns the answer to a command.
func (r *Memory) answer(c *memoryConn, command []string) string {
	name, args := strings.ToUpper(command[0]), command[1:]
	tracked := c.tracking
	c.tracking = false
	var text string
	switch {
	case name == "HELLO":
		text = "%2\r\n" + bulk("version") + bulk("7.4.0") + bulk("proto") + ":3\r\n"
	case name == "CLIENT":
		c.tracking = strings.EqualFold(args[0], "CACHING")
		text = replyOK
	case name == "PING":
		text = "+PONG\r\n"
	case name == "GET" || name == "STRLEN":
		if tracked {
			r.remember(args[0], c)
		}
		v, ok := r.get(args[0])
		switch {
		case name == "STRLEN":
			text = fmt.Sprintf(":%d\r\n", len(v.text))
		case ok:
			text = bulk(v.text)
		default:
			text = replyNil
		}
	case name == "PTTL":
		text = r.life(args[0])
	case name == "SET":
		text = r.set(args)
	case name == "DEL":
		text = r.delete(args[0])
	case name == "EVAL" && strings.Contains(args[0], "'PX', life") && len(args) >= 4:
		// Replaces a value that has not changed.
		text = replyNil
		if v, ok := r.get(args[2]); ok && (len(args) == 4 || v.text == args[4]) {
			text = r.replace(args[2], args[3])
		}
	case name == "EVALSHA":
		text = "-NOSCRIPT No matching script\r\n"
	case name == "EVAL" && strings.Contains(args[0], "'ZADD'"):
		text = r.sessions(args)
	case name == "ZREM":
		r.unlist(args[0], args[1])
		text = ":1\r\n"
	case name == "EVAL" && strings.Contains(args[0], "'DEL'") && len(args) == 4:
		// Deletes a value that has not changed.
		text = ":0\r\n"
		if v, ok := r.get(args[2]); ok && v.text == args[3] {
			text = r.delete(args[2])
		}
	default:
		r.tb.Errorf("the store sent Redis a command that is not known here: %q", command)
		text = "-ERR unknown command\r\n"
	}
	return text
}

func (r *Memory) get(key string) (memoryValue, bool) {
	v, ok := r.values[key]
	if ok && !v.end.IsZero() && !time.Now().Before(v.end) {
		delete(r.values, key)
		r.changed(key)
		return memoryValue{}, false
	}
	return v, ok
}

func (r *Memory) life(key string) string {
	switch v, ok := r.get(key); {
	case !ok:
		return ":-2\r\n"
	case v.end.IsZero():
		return ":-1\r\n"
	default:
		return fmt.Sprintf(":%d\r\n", time.Until(v.end).Milliseconds())
	}
}

func (r *Memory) delete(key string) string {
	_, ok := r.get(key)
	delete(r.values, key)
	r.changed(key)
	if !ok {
		return ":0\r\n"
	}
	return ":1\r\n"
}

func (r *Memory) set(args []string) string {
	key := args[0]
	_, ok := r.get(key)
	v := memoryValue{text: args[1]}
	for i := 2; i < len(args); i++ {
		switch strings.ToUpper(args[i]) {
		case "NX":
			if ok {
				return replyNil
			}
		case "PX":
			i++
			ms, err := strconv.Atoi(args[i])
			if err != nil || ms <= 0 {
				return "-ERR invalid expire time\r\n"
			}
			v.end = time.Now().Add(time.Duration(ms) * time.Millisecond)
		}
	}
	r.values[key] = v
	r.changed(key)
	return replyOK
}

// replace sets a new value and keeps the expiry.
func (r *Memory) replace(key, text string) string {
	r.values[key] = memoryValue{text: text, end: r.values[key].end}
	r.changed(key)
	return replyOK
}

func (r *Memory) remember(key string, c *memoryConn) {
	if r.readers[key] == nil {
		r.readers[key] = map[*memoryConn]bool{}
	}
	r.readers[key][c] = true
}

// changed tells the clients that have read key, before they get any later answer.
func (r *Memory) changed(key string) {
	var push bytes.Buffer
	fmt.Fprintf(&push, ">2\r\n%s*1\r\n%s", bulk("invalidate"), bulk(key))
	for c := range r.readers[key] {
		c.out <- push.Bytes()
	}
	delete(r.readers, key)
}
