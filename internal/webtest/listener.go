package webtest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// A Listener accepts connections in memory. Unlike sockets they let a bubble's clock move.
type Listener struct {
	calls  chan net.Conn
	closed chan struct{}
	close  func()
}

// NewListener makes a listener that is open.
func NewListener() *Listener {
	l := &Listener{calls: make(chan net.Conn), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

// Dial connects to the listener, whatever the address.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	return near, l.take(ctx, far)
}

// take hands the far end of a connection to whoever accepts.
func (l *Listener) take(ctx context.Context, far net.Conn) error {
	select {
	case l.calls <- far:
		return nil
	case <-l.closed:
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops listening.
func (l *Listener) Close() error {
	l.close()
	return nil
}

// Addr returns a made-up address.
func (*Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 1), Port: 443} }
