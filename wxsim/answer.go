package wxsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any WeChat API takes, in bytes.
const maxBody = 20 << 20

// A request is a call of WeChat that was read whole.
type request struct {
	*http.Request

	query url.Values
	body  []byte
	now   time.Time // by the simulator's clock
	app   *app      // whose access_token came along; set by the checks of an endpoint

	showError func(*pageError) answer // how a page refuses
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, err
	}
	return &request{
		Request: r, query: r.URL.Query(), body: body, now: s.clock.now(),
		showError: func(e *pageError) answer { return s.pages.errorPage(r, e) },
	}, nil
}

// A responder answers a request. A [Fault] is a responder around another one.
type responder func(*request) answer

// An answer is what one request gets.
type answer struct {
	status int
	header http.Header // may be nil
	body   []byte
	code   int // the errcode, or the number on an error page

	dropped bool          // close the connection without an answer
	cut     bool          // close it in the middle of the body
	pace    time.Duration // spread the body over this time
}

// ok answers a JSON text. WeChat calls it plain text on sns/*.
func (r *request) ok(json string) answer {
	contentType := "application/json; encoding=utf-8"
	if strings.HasPrefix(r.URL.Path, "/sns/") {
		contentType = "text/plain"
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {contentType}}, body: []byte(json)}
}

// okMessage is the answer of calls that only succeed.
const okMessage = `{"errcode":0,"errmsg":"ok"}`

// refuse answers an errcode with its usual errmsg, or on a page its number.
func (r *request) refuse(code int) answer {
	if isPage(r.URL.Path) {
		return r.showError(&pageError{code, message(code), message(code)})
	}
	return r.refuseWith(code, message(code))
}

// rid is a request id: three groups of hex, the first of which is the time.
func (r *request) rid() string {
	return fmt.Sprintf("%08x-%s-%s", uint32(r.now.Unix()), randomHex(8), randomHex(8))
}

// refuseWith appends the request id that real refusals carry.
func (r *request) refuseWith(code int, msg string) answer {
	separator := " rid: "
	if strings.HasPrefix(r.URL.Path, "/sns/") {
		separator = ", rid: "
	}
	a := r.ok(object("errcode", code, "errmsg", msg+separator+r.rid()))
	a.code = code
	return a
}

func redirect(location string) answer {
	return answer{status: http.StatusFound, header: http.Header{"Location": {location}}}
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.dropped {
		panic(http.ErrAbortHandler) // the server's way to close a connection
	}
	maps.Copy(w.Header(), a.header)
	body := a.body
	if a.cut {
		w.Header().Set("Content-Length", strconv.Itoa(max(2, len(body))))
		body = body[:len(body)/2]
	}
	w.WriteHeader(a.status)
	if a.pace > 0 {
		writeSlowly(r.Context(), w, body, a.pace)
	} else {
		_, _ = w.Write(body) // a client that left is no concern
	}
	if a.cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// writeSlowly sends the body in ten pieces.
func writeSlowly(ctx context.Context, w http.ResponseWriter, body []byte, pace time.Duration) {
	const pieces = 10
	for i := range pieces {
		if !wait(ctx, pace/pieces) {
			return
		}
		_, _ = w.Write(body[i*len(body)/pieces : (i+1)*len(body)/pieces])
		_ = http.NewResponseController(w).Flush()
	}
}

// wait reports false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// rawJSON is written into an object as it is.
type rawJSON string

// object writes a JSON object from names and values: string, int, int64, bool, []string or rawJSON.
func object(pairs ...any) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", quote(pairs[i].(string)), jsonValue(pairs[i+1]))
	}
	b.WriteByte('}')
	return b.String()
}

func jsonValue(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = quote(s)
		}
		return "[" + strings.Join(quoted, ",") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// quote leaves all but quotes and backslashes as it is: WeChat sends users' texts that way,
// control characters included.
func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}
