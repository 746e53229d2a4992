package redistest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// A Proxy is between a client and a server and disturbs the connection on demand.
type Proxy struct {
	Addr string // host:port

	target   string
	listener net.Listener
	running  sync.WaitGroup
	done     chan struct{}

	mu     sync.Mutex
	delay  time.Duration
	answer string // sent instead of the server's answers
	cut    int    // bytes of the next answer to let through, -1 for all
	conns  map[net.Conn]struct{}
}

// NewProxy starts a proxy to the server at target. It ends with the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	var loopback net.ListenConfig
	l, err := loopback.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{
		Addr: l.Addr().String(), target: target, listener: l, done: make(chan struct{}), cut: -1,
		conns: map[net.Conn]struct{}{},
	}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Delay delays everything that clients send from now on, each piece by d, as a long line does. It
// does not limit how much is sent.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Answer sends raw instead of each answer of the server, until it is set to "".
func (p *Proxy) Answer(raw string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = raw
}

// CutAfter lets n bytes of the next answer through and then resets every connection, once.
func (p *Proxy) CutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = n
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.DialTimeout("tcp", p.target, time.Second)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		commands := make(chan command, 10_000)
		p.running.Go(func() { p.hold(commands, client) })
		p.running.Go(func() { p.send(server, commands) })
		p.running.Go(func() { p.answers(client, server) })
	}
}

// keep adds a pair of connections, or closes it if the proxy has ended.
func (p *Proxy) keep(client, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		_ = client.Close()
		_ = server.Close()
		return false
	default:
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		return true
	}
}

// A command is a piece of what a client has sent.
type command struct {
	bytes []byte
	due   time.Time // when the server gets it
}

// hold reads what a client sends.
func (p *Proxy) hold(commands chan<- command, client net.Conn) {
	defer close(commands)
	defer func() { _ = client.Close() }()
	piece := make([]byte, 64<<10)
	for {
		n, err := client.Read(piece)
		if err != nil {
			return
		}
		p.mu.Lock()
		delay := p.delay
		p.mu.Unlock()
		select {
		case commands <- command{bytes.Clone(piece[:n]), time.Now().Add(delay)}:
		case <-p.done:
			return
		}
	}
}

// send passes on what a client has sent, each piece when it is due.
func (p *Proxy) send(server net.Conn, commands <-chan command) {
	defer func() { _ = server.Close() }()
	for c := range commands {
		select {
		case <-time.After(time.Until(c.due)):
		case <-p.done:
		}
		if _, err := server.Write(c.bytes); err != nil {
			return
		}
	}
}

// answers passes on the answers of the server, or what [Proxy.Answer] has set.
func (p *Proxy) answers(client, server net.Conn) {
	defer func() { _, _ = client.Close(), server.Close() }()
	piece := make([]byte, 64<<10)
	for {
		n, err := server.Read(piece)
		if err != nil {
			return
		}
		passed, goOn := p.beforeAnswer(piece[:n])
		if _, err := client.Write(passed); err != nil {
			return
		}
		if !goOn {
			p.Reset()
			return
		}
	}
}

func (p *Proxy) beforeAnswer(piece []byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cut >= 0:
		piece = piece[:min(p.cut, len(piece))]
		p.cut = -1
		return piece, false
	case p.answer != "":
		return []byte(p.answer), true
	default:
		return piece, true
	}
}

// Reset resets all connections. New ones are accepted.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	clear(p.conns)
}

func (p *Proxy) close() {
	p.mu.Lock()
	close(p.done)
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Reset()
	p.running.Wait()
}
