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
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the size limit of a request body, in bytes. No API of WeChat takes more.
const maxBody = 20 << 20

// A request is a call of WeChat with its whole body.
type request struct {
	*http.Request

	query url.Values
	body  []byte
	now   time.Time // by the simulator's clock
	app   *app      // of the access_token; set by the checks of an endpoint

	showError func(*pageError) answer // shows the error page, if this is a page
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, err
	}
	return &request{
		Request: r, query: r.URL.Query(), body: body, now: s.clock.now(),
		showError: func(e *pageError) answer { return s.pages.errorPage(r, e) },
	}, nil
}

// withForm returns the request with the fields of a form in its body added to the query.
func (r *request) withForm() *request {
	with := *r
	with.query = maps.Clone(r.query)
	for name, values := range r.form() {
		with.query[name] = append(slices.Clone(with.query[name]), values...)
	}
	return &with
}

// form returns the fields of a form in the body. Of a bad form it returns the readable part.
func (r *request) form() (fields url.Values) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		fields, _ = url.ParseQuery(string(r.body))
	}
	return fields
}

// A responder answers a request. A [Fault] wraps one responder into another.
type responder func(*request) answer

// An answer is the answer to one request.
type answer struct {
	status int
	header http.Header // may be nil
	body   []byte
	code   int // the errcode, or the number on an error page

	dropped bool          // close the connection without an answer
	cut     bool          // close it in the middle of the body
	pace    time.Duration // spread the body over this time
}

// ok answers with a JSON text. On sns/* its content type is plain text, as WeChat's is.
func (r *request) ok(json string) answer {
	if strings.HasPrefix(r.URL.Path, "/sns/") {
		return content(http.StatusOK, "text/plain", []byte(json))
	}
	return content(http.StatusOK, "application/json; encoding=utf-8", []byte(json))
}

// content answers with any bytes.
func content(status int, contentType string, body []byte) answer {
	return answer{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}

// plain answers with a text for people.
func plain(status int, text string) answer {
	return content(status, "text/plain; charset=utf-8", []byte(text))
}

// okMessage is the answer of calls that only succeed.
const okMessage = `{"errcode":0,"errmsg":"ok"}`

// refuse answers with an errcode and its usual errmsg, or on a page with its number.
func (r *request) refuse(code int) answer {
	if isPage(r.URL.Path) {
		return r.showError(&pageError{code, message(code), message(code)})
	}
	return r.refuseWith(code, message(code))
}

// rid returns a request id: three groups of hex digits, of which the first is the time.
func (r *request) rid() string {
	return fmt.Sprintf("%08x-%s-%s", uint32(r.now.Unix()), randomHex(8), randomHex(8))
}

// refuseWith appends the request id that WeChat's refusals have.
func (r *request) refuseWith(code int, msg string) answer {
	separator := " rid: "
	if strings.HasPrefix(r.URL.Path, "/sns/") {
		separator = ", rid: "
	}
	a := r.ok(object("errcode", code, "errmsg", msg+separator+r.rid()))
	a.code = code
	return a
}

func redirect(location string) answer { return redirectAs(http.StatusFound, location) }

func redirectAs(status int, location string) answer {
	return answer{status: status, header: http.Header{"Location": {location}}}
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.dropped {
		panic(http.ErrAbortHandler) // makes net/http close the connection
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
		_, _ = w.Write(body) // fails only if the client has hung up
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

// wait waits for d and returns true, or returns false as soon as ctx ends.
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

// rawJSON is JSON that object writes unchanged.
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
		return "[" + strings.Join(mapped(v, quote), ",") + "]"
	case part:
		return object(v...)
	default:
		return fmt.Sprint(v)
	}
}

// quote escapes only quotes and backslashes, because WeChat sends the texts of users like that,
// with control characters.
func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}
