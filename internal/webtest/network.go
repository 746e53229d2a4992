package webtest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Network is an internet inside the process: hosts with names, each served by net/http over
// in-memory connections. There is no encryption: https is http on a connection that the client
// takes for a secure one, as behind a proxy that terminates TLS.
//
// Everything that is started belongs to the bubble in which it was started; Close ends it.
type Network struct {
	complaints slog.Handler // gets the log of net/http about handlers, mostly panics

	mu      sync.Mutex
	hosts   map[string]*host
	callers int // callers so far; each has its own address

	transport *http.Transport
}

// NewNetwork makes a network without hosts. What its servers complain about, such as a
// handler's panic, is logged as an error.
func NewNetwork(complaints slog.Handler) *Network {
	n := &Network{complaints: complaints, hosts: map[string]*host{}}
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		return n.Dial(ctx, address)
	}
	n.transport = &http.Transport{
		DialContext: dial, DialTLSContext: dial,
		DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
	}
	return n
}

// A host is one name and its server.
type host struct {
	*Listener

	handler atomic.Pointer[http.Handler]
	server  http.Server
}

// Serve gives a name to a handler. A second Serve of one name replaces the handler, as a new
// deploy does; connections stay.
func (n *Network) Serve(name string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.hosts[name]; known != nil {
		known.handler.Store(&h)
		return
	}
	made := &host{Listener: NewListener()}
	made.handler.Store(&h)
	made.server.ErrorLog = slog.NewLogLogger(n.complaints, slog.LevelError)
	made.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*made.handler.Load()).ServeHTTP(w, r)
	})
	n.hosts[name] = made
	go func() { _ = made.server.Serve(made) }() // the error says only that the server was closed
}

// Close ends all servers and connections.
func (n *Network) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.transport.CloseIdleConnections()
	for _, h := range n.hosts {
		_ = h.server.Close()
	}
}

// Dial connects to a host of this network, by name and port. Other names are not found.
func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	h := n.hosts[name]
	if h == nil {
		h = n.hosts[net.JoinHostPort(name, port)]
	}
	n.callers++
	caller := n.callers
	n.mu.Unlock()
	if h == nil {
		return nil, &net.OpError{
			Op: "dial", Net: "tcp",
			Err: &net.DNSError{Err: "no such host", Name: name, IsNotFound: true},
		}
	}
	near, far := net.Pipe()
	address4 := &net.TCPAddr{
		IP: net.IPv4(198, 51, byte(caller>>8), byte(caller)), Port: 1024 + caller%60000,
	}
	if err := h.take(ctx, pipe{far, address4}); err != nil {
		return nil, err
	}
	return pipe{near, address4}, nil
}

// Transport returns the client's side of the network. It follows no redirects and has no cookies.
// All browsers share it, as behind one proxy.
func (n *Network) Transport() *http.Transport { return n.transport }

// A pipe is one end of a connection. Both ends know the caller's address.
type pipe struct {
	net.Conn

	caller net.Addr
}

// RemoteAddr returns the caller's address, for the server.
func (p pipe) RemoteAddr() net.Addr { return p.caller }
