package answers

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	maxDrain  = 16 << 20 // bytes: a photo of a phone, and more
	drainTime = 10 * time.Second
)

// Drain reads the body of a request that is refused, within limits. net/http reads no more than
// 256 kB of it: then it closes the connection on a client that is still sending, and a browser
// reports a broken connection, or nginx a 502, instead of our answer. HTTP/2 has no such problem,
// and who asks with Expect before sending a body does not send it.
func Drain(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody || r.ProtoMajor != 1 || r.Header.Get("Expect") != "" {
		return
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(drainTime)) // where it cannot be set, the server's counts
	_, err := io.CopyN(io.Discard, r.Body, maxDrain)
	if errors.Is(err, io.EOF) { // otherwise the deadline stays, and ends a client that sends on
		_ = c.SetReadDeadline(time.Time{})
	}
}
