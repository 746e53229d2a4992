package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// sortTime is how long a new connection may take until its protocol is known.
const sortTime = 10 * time.Second

// listenTLS makes a front for -addr, with a certificate from -tls-dir. cleanUp removes a folder
// that was made for this run only.
func (o *options) listenTLS(ctx context.Context) (cleanUp func(), err error) {
	cleanUp = func() {}
	if o.tlsDir == "" {
		if o.tlsDir, err = os.MkdirTemp("", "wxsim-*"); err != nil {
			return nil, fmt.Errorf("wxsim: -tls: %w", err)
		}
		dir := o.tlsDir
		cleanUp = func() { _ = os.RemoveAll(dir) } //nolint:gosec // the name comes from MkdirTemp
	}
	k, err := keyPairIn(o.tlsDir, certHosts(o.cfg.Addr), time.Now())
	if err != nil {
		cleanUp()
		return nil, fmt.Errorf("wxsim: -tls: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.cfg.Addr)
	if err != nil {
		cleanUp()
		return nil, taken(fmt.Errorf("wxsim: %w", err), o.cfg.Addr)
	}
	o.cfg.Listener, o.cfg.CA = newFront(ln, k), k.ca
	return cleanUp, nil
}

// A front is a listener for both http and https at one address. It is also a proxy that accepts
// CONNECT for the hosts of its certificate and connects to itself. So an SDK in which WeChat's
// hosts are fixed only needs HTTPS_PROXY.
type front struct {
	net.Listener

	config *tls.Config
	sorted chan net.Conn
	closed chan struct{}
	close  func()
}

func newFront(ln net.Listener, k *keyPair) *front {
	f := &front{
		Listener: ln,
		config: &tls.Config{
			Certificates: []tls.Certificate{k.cert}, MinVersion: tls.VersionTLS12,
		},
		sorted: make(chan net.Conn), closed: make(chan struct{}),
	}
	f.close = sync.OnceFunc(func() { close(f.closed) })
	go f.accept()
	return f
}

// accept accepts connections and sorts them, until the listener is closed.
func (f *front) accept() {
	defer f.close()
	for {
		conn, err := f.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files
			select {
			case <-time.After(10 * time.Millisecond):
			case <-f.closed:
			}
			continue
		}
		go func() {
			if err := f.sort(conn); err != nil {
				_ = conn.Close()
			}
		}()
	}
}

// Accept returns the next connection, which is a [*tls.Conn] if the client speaks TLS.
func (f *front) Accept() (net.Conn, error) {
	select {
	case conn := <-f.sorted:
		return conn, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

// Close stops listening.
func (f *front) Close() error {
	f.close()
	return f.Listener.Close()
}

// A peekedConn is a connection whose first bytes may have been read into a buffer.
type peekedConn struct {
	net.Conn

	r *bufio.Reader
}

func (c peekedConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// sort passes a connection to Accept as soon as its protocol is known.
func (f *front) sort(raw net.Conn) error {
	if err := raw.SetReadDeadline(time.Now().Add(sortTime)); err != nil {
		return err
	}
	peeked := peekedConn{raw, bufio.NewReader(raw)}
	for {
		first, err := peeked.r.Peek(1)
		if err != nil {
			return err
		}
		var conn net.Conn = peeked
		switch first[0] {
		case 'C': // no other usual method begins with C
			if err := f.connect(peeked); err != nil {
				return err
			}
			continue
		case 22: // a TLS handshake
			conn = tls.Server(peeked, f.config)
		}
		if err := raw.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
		select {
		case f.sorted <- conn:
			return nil
		case <-f.closed:
			return net.ErrClosed
		}
	}
}

// connect answers CONNECT host:port. The rest of the connection is for that host.
func (f *front) connect(conn peekedConn) error {
	line, err := conn.r.ReadSlice('\n') // fails if the line is longer than the buffer
	if err != nil {
		return err
	}
	words := strings.Fields(string(line))
	for range 100 { // the header ends with an empty line
		header, err := conn.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(header)) != "" {
			continue
		}
		if len(words) == 3 && words[0] == "CONNECT" && f.knows(words[1]) {
			_, err = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
			return err
		}
		_, err = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Type: "+
			"text/plain\r\nConnection: close\r\n\r\n"+
			"wxsim is a proxy for WeChat's hosts only: name the others in NO_PROXY\n")
		return errors.Join(err, errors.New("not WeChat's host"))
	}
	return errors.New("too long a header")
}

// knows reports whether the certificate is good for a host:port.
func (f *front) knows(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && f.config.Certificates[0].Leaf.VerifyHostname(host) == nil
}

// trust returns a text that explains how to reach the simulator by WeChat's names and how to trust
// its authority.
func trust(ca, address string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf(`
The same address speaks https, with a certificate for api.weixin.qq.com, open.weixin.qq.com and
localhost.
Its CA is %[1]s, also at http://%[2]s/wxsim/ca.pem. Nobody has that CA's key any more.

Trust it:
  curl    curl --cacert %[1]s …
  Node    export NODE_EXTRA_CA_CERTS=%[1]s
  Python  export REQUESTS_CA_BUNDLE=%[1]s SSL_CERT_FILE=%[1]s
  Go      export SSL_CERT_FILE=%[1]s
  PHP     php -d curl.cainfo=%[1]s -d openssl.cafile=%[1]s …
  Java    keytool -importcert -noprompt -alias wxsim -file %[1]s \
            -keystore wxsim.p12 -storepass wxsimca
          java -Djavax.net.ssl.trustStore=wxsim.p12 -Djavax.net.ssl.trustStorePassword=wxsimca …

An SDK with WeChat's hosts built in comes here with
          export HTTPS_PROXY=http://%[2]s NO_PROXY=localhost,127.0.0.1
  Node    the same with NODE_USE_ENV_PROXY=1, since Node 24
  Java    java -Dhttps.proxyHost=%[3]s -Dhttps.proxyPort=%[4]s …
`, ca, address, host, port)
}
