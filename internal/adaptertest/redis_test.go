package adaptertest_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis" //nolint:depguard // the Redis store needs its client

	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// TestRedisSessions takes every adapter through the table with sessions in Redis.
func TestRedisSessions(t *testing.T) {
	for _, frame := range adaptertest.Frames() {
		t.Run(frame.Name, func(t *testing.T) { adaptertest.Run(t, frame, redisSessions()) })
	}
}

// redisSessions are sessions in a Redis of our own, because a bubble's clock stands still while
// anybody waits for a socket; the store's own tests talk to a real one.
func redisSessions() adaptertest.Store {
	return adaptertest.Store{Name: "Redis sessions", OnServer: true, Open: func(t *testing.T) func(keys [][]byte) sessions.Store {
		t.Helper()
		server := newMemoryRedis(t)
		return func(keys [][]byte) sessions.Store {
			client, err := rueidis.NewClient(rueidis.ClientOption{
				InitAddress: []string{"redis:6379"}, ForceSingleClient: true,
				Dialer:    net.Dialer{KeepAlive: 1000 * time.Hour}, // no ping each second of a month
				DialCtxFn: func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return server.dial(), nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			s, err := redisstore.New(client, redisstore.Config{Keys: keys})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}}
}

// A memoryRedis knows the few commands that the session store sends, and tells its clients when
// something changes that they have read. Its time is that of the bubble it was made in.
type memoryRedis struct {
	t *testing.T

	mu      sync.Mutex
	values  map[string]redisValue
	readers map[string]map[*redisConn]bool // by key: who has to be told of a change
	conns   []*redisConn
}

type redisValue struct {
	text string
	end  time.Time // zero: never
}

// A redisConn writes its answers from a goroutine of its own, since a pipe holds nothing.
type redisConn struct {
	net.Conn

	tracking bool // the next read is to be remembered
	out      chan []byte
}

func newMemoryRedis(t *testing.T) *memoryRedis {
	t.Helper()
	r := &memoryRedis{t: t, values: map[string]redisValue{}, readers: map[string]map[*redisConn]bool{}}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			_ = c.Close()
		}
	})
	return r
}

func (r *memoryRedis) dial() net.Conn {
	near, far := net.Pipe()
	c := &redisConn{Conn: far, out: make(chan []byte, 1000)}
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

func (r *memoryRedis) serve(c *redisConn) {
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
		c.out <- r.answer(c, command)
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
	redisOK  = "+OK\r\n"
	redisNil = "_\r\n"
)

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// answer is what Redis says to a command.
func (r *memoryRedis) answer(c *redisConn, command []string) []byte {
	name, args := strings.ToUpper(command[0]), command[1:]
	tracked := c.tracking
	c.tracking = false
	var text string
	switch {
	case name == "HELLO":
		text = "%2\r\n" + bulk("version") + bulk("7.4.0") + bulk("proto") + ":3\r\n"
	case name == "CLIENT":
		c.tracking = strings.EqualFold(args[0], "CACHING")
		text = redisOK
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
			text = redisNil
		}
	case name == "SET":
		text = r.set(args)
	case name == "DEL":
		_, ok := r.get(args[0])
		delete(r.values, args[0])
		r.changed(args[0])
		text = ":0\r\n"
		if ok {
			text = ":1\r\n"
		}
	case name == "EVAL" && strings.Contains(args[0], "KEEPTTL") && len(args) == 5: // replaces what is still there
		text = ":0\r\n"
		if v, ok := r.get(args[2]); ok && v.text == args[3] {
			text = r.set([]string{args[2], args[4], "KEEPTTL"})
		}
	case name == "EVAL" && strings.Contains(args[0], "'DEL'") && len(args) == 4: // deletes what is still there
		text = ":0\r\n"
		if v, ok := r.get(args[2]); ok && v.text == args[3] {
			delete(r.values, args[2])
			r.changed(args[2])
			text = ":1\r\n"
		}
	default:
		r.t.Errorf("the store sent Redis a command that is not known here: %q", command)
		text = "-ERR unknown command\r\n"
	}
	return []byte(text)
}

func (r *memoryRedis) get(key string) (redisValue, bool) {
	v, ok := r.values[key]
	if ok && !v.end.IsZero() && !time.Now().Before(v.end) {
		delete(r.values, key)
		r.changed(key)
		return redisValue{}, false
	}
	return v, ok
}

func (r *memoryRedis) set(args []string) string {
	key := args[0]
	old, ok := r.get(key)
	v := redisValue{text: args[1]}
	for i := 2; i < len(args); i++ {
		switch strings.ToUpper(args[i]) {
		case "NX":
			if ok {
				return redisNil
			}
		case "XX":
			if !ok {
				return redisNil
			}
		case "KEEPTTL":
			v.end = old.end
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
	return redisOK
}

func (r *memoryRedis) remember(key string, c *redisConn) {
	if r.readers[key] == nil {
		r.readers[key] = map[*redisConn]bool{}
	}
	r.readers[key][c] = true
}

// changed tells those who have read key, before they get any later answer.
func (r *memoryRedis) changed(key string) {
	var push bytes.Buffer
	fmt.Fprintf(&push, ">2\r\n%s*1\r\n%s", bulk("invalidate"), bulk(key))
	for c := range r.readers[key] {
		c.out <- push.Bytes()
	}
	delete(r.readers, key)
}
