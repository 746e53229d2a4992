package redistest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between a client and a server and spoils the connection on demand.
type Proxy struct {
	Addr string // host:port

	target   string
	listener net.Listener
	running  sync.WaitGroup
	done     chan struct{}

	mu     sync.Mutex
	delay  time.Duration
	answer string // sent in place of the server's answers
	cut    int    // bytes of the next answer to let through, -1 for all
	lose   int    // answers to let through before all are lost, -1 for all
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
	p := &Proxy{Addr: l.Addr().String(), target: target, listener: l, done: make(chan struct{}), cut: -1, lose: -1, conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Delay holds back everything that clients send from now on, which is what a slow server is like.
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

// LoseAfter lets n more answers through. From then on the server gets what it is sent, and each
// connection is reset instead of an answer. LoseAfter(-1) ends that.
func (p *Proxy) LoseAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = n
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
		p.running.Go(func() { p.copy(server, client, p.beforeCommand) })
		p.running.Go(func() { p.copy(client, server, p.beforeAnswer) })
	}
}

// keep notes a pair of connections, or closes it if the proxy has ended.
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

// copy moves bytes until one side ends; change sees each piece before it is passed on.
func (p *Proxy) copy(to, from net.Conn, change func([]byte) (piece []byte, goOn bool)) {
	defer func() { _, _ = to.Close(), from.Close() }()
	piece := make([]byte, 64<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		passed, goOn := change(piece[:n])
		if _, err := to.Write(passed); err != nil {
			return
		}
		if !goOn {
			p.Reset()
			return
		}
	}
}

func (p *Proxy) beforeCommand(piece []byte) ([]byte, bool) {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-p.done:
		}
	}
	return piece, true
}

func (p *Proxy) beforeAnswer(piece []byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lose > 0 {
		p.lose--
		return piece, true
	}
	switch {
	case p.cut >= 0:
		piece = piece[:min(p.cut, len(piece))]
		p.cut = -1
		return piece, false
	case p.lose == 0:
		return nil, false
	case p.answer != "":
		return []byte(p.answer), true
	default:
		return piece, true
	}
}

// Reset ends all connections without a farewell; new ones are taken.
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
