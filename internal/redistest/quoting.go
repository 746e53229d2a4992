package redistest

import (
	"bytes"
	"fmt"
	"net"
	"testing"
)

// Quoting starts a server that refuses every command and quotes it, as Redis does with one that it
// does not know. It returns the address.
func Quoting(tb testing.TB) string {
	tb.Helper()
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go quote(conn)
		}
	}()
	return ln.Addr().String()
}

// quote answers the commands of a connection. Those that a client sends at once come together.
func quote(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the client has hung up
	chunk := make([]byte, 64<<10)
	for {
		n, err := conn.Read(chunk)
		if err != nil {
			return
		}
		text := bytes.ReplaceAll(chunk[:n], []byte("\r\n"), []byte(" "))
		for range bytes.Count(chunk[:n], []byte("*")) { // a command begins with it
			_, _ = fmt.Fprintf(conn, "-ERR unknown command 'X', with args beginning with: '%s'\r\n", text)
		}
	}
}
