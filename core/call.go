package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// A Request is a call of an API: its path and what to send.
type Request struct {
	Method  string     // default GET, with a Body POST
	Path    string     // "/wxa/msg_sec_check", without a query
	Query   url.Values // may be nil; the access token is not added to this map
	Body    any        // sent as JSON, or if it is a [File] as a form; nil for none
	NoToken bool       // no app access token is sent: for sns/* and jscode2session
	// Not repeated once it may have been sent: for calls with a code that works once.
	Once bool
	Hide []string // more secrets, which must not appear in the text of an error
}

// Format writes only method and path, whatever the verb, because the rest may be secret.
func (r Request) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "core.Request of ", r.op()) }

// MarshalText makes JSON, log/slog and the like write the same.
func (r Request) MarshalText() ([]byte, error) { return fmt.Append(nil, r), nil }

// A File is a Body sent as multipart/form-data.
type File struct {
	Field       string            // name of the form's field; if empty, only Fields are sent
	Name        string            // file name
	ContentType string            // default application/octet-stream
	Content     []byte            // the whole file, because a call may be repeated
	Fields      map[string]string // further form fields
}

// Get makes a GET Request. query may be nil.
func Get(path string, query url.Values) Request {
	return Request{Method: http.MethodGet, Path: path, Query: query}
}

// Post makes a POST Request with a JSON body.
func Post(path string, body any) Request {
	return Request{Method: http.MethodPost, Path: path, Body: body}
}

// Call calls an API of WeChat and decodes its answer into a T. Unless r.NoToken is set, it adds
// the app access token, and if WeChat refuses that (40001, 40014, 42001), it tries once more with
// another one. Each request takes at most 5 seconds, and an answer may have at most 1 MB.
//
// Errors: [*Error] means that WeChat refused the call, and unwraps to the [Code]. [*WireError]
// means that no good answer came. Neither contains a secret or a URL. An error of the program's
// own [TokenSource] is returned unchanged. Other errors mean that r cannot be sent, which is a
// fault of the program.
func Call[T any](ctx context.Context, c *Client, r Request) (*T, error) {
	body, _, err := c.call(ctx, r, false)
	if err != nil {
		return nil, err
	}
	out := new(T)
	if err := json.Unmarshal(body, out); err != nil {
		return nil, bodyError(r.op(), err)
	}
	return out, nil
}

// Download calls an API that answers with a file of at most 20 MB, within 30 seconds. WeChat
// refuses such a call in JSON; if the answer is JSON without an errcode, it is returned as the
// content. The content is never empty. Errors are those of [Call].
func Download(
	ctx context.Context, c *Client, r Request,
) (content []byte, contentType string, err error) {
	content, header, err := c.call(ctx, r, true)
	return content, header.Get("Content-Type"), err
}

func (c *Client) call(ctx context.Context, r Request, media bool) ([]byte, http.Header, error) {
	x, err := r.exchange()
	if err != nil {
		return nil, nil, err
	}
	x.media = media
	if r.NoToken {
		return c.attempt(ctx, x, r, "")
	}
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return nil, nil, err
	}
	body, header, err := c.attempt(ctx, x, r, token)
	if !errors.Is(err, ErrAccessToken) {
		return body, header, err
	}
	c.tokens.Refused(ctx, token)
	next, tokenErr := c.tokens.Token(ctx)
	if tokenErr != nil {
		return nil, nil, tokenErr
	}
	if next == token {
		return nil, nil, err
	}
	body, header, err = c.attempt(ctx, x, r, next)
	if errors.Is(err, ErrAccessToken) {
		c.tokens.Refused(ctx, next)
	}
	return body, header, err
}

// attempt sends x once with token, and returns the answer unless it has an errcode.
func (c *Client) attempt(
	ctx context.Context, x exchange, r Request, token string,
) (body []byte, header http.Header, err error) {
	began := time.Now()
	defer func() { c.upstream.observe(ctx, x, began, err) }()
	query := url.Values{}
	sent := append([]string{string(*c.secret)}, r.Hide...)
	for name, values := range r.Query {
		query[name] = values
		sent = append(sent, values...)
	}
	if token != "" {
		query.Set("access_token", token)
		sent = append(sent, token)
	}
	x.query = query.Encode()
	body, header, err = c.upstream.do(ctx, x)
	switch {
	case err != nil:
		return nil, nil, err
	case x.media && len(body) == 0:
		return nil, nil, wireError(x.op, WireBody, "an empty file")
	case x.media && !isJSON(body, header):
		return body, header, nil
	}
	body, err = open(x.op, body, sent)
	return body, header, err
}

// isJSON reports whether the answer to a Download is JSON and not a file: it begins with { and has
// a Content-Type of JSON, of text, or none.
func isJSON(body []byte, header http.Header) bool {
	kind := strings.ToLower(header.Get("Content-Type"))
	return bytes.HasPrefix(bytes.TrimLeft(body, " \r\n\t\ufeff"), []byte("{")) &&
		(kind == "" || strings.Contains(kind, "json") || strings.HasPrefix(kind, "text/"))
}

func (r Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.Body != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

// op returns the name of the call in errors: method and path, but not the query, which may contain
// secrets.
func (r Request) op() string { return r.method() + " " + r.Path }

// BadAnswer returns the error of an answer that lacks what WeChat promises, for callers of [Call]
// to return: a missing field is zero, which may look like a good value. what is logged and must
// not quote the answer.
func (r Request) BadAnswer(what string) *WireError {
	return wireError(r.op(), WireBody, "%s", what)
}

func (r Request) exchange() (exchange, error) {
	x := exchange{op: r.op(), method: r.method(), path: r.Path, once: r.Once}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#") {
		return x, errors.New("wechat: Request.Path does not begin with / or holds a query")
	}
	var err error
	switch body := r.Body.(type) {
	case nil:
	case File:
		x.body, x.contentType, err = body.encode()
	default:
		x.contentType = "application/json"
		x.body, err = encodeJSON(body)
	}
	if err != nil {
		return x, fmt.Errorf("wechat: %s: body: %w", x.op, err)
	}
	return x, nil
}

func (f File) encode() (body []byte, contentType string, err error) {
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		_ = form.WriteField(name, f.Fields[name]) // writing to a Buffer never fails
	}
	if f.Field != "" {
		kind := cmp.Or(f.ContentType, "application/octet-stream")
		if strings.ContainsFunc(kind, unicode.IsControl) {
			return nil, "", errors.New("File.ContentType holds a control byte")
		}
		part, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition(f.Field, f.Name)},
			"Content-Type":        {kind},
		})
		if err != nil {
			return nil, "", err
		}
		_, _ = part.Write(f.Content)
	}
	err = form.Close()
	return buf.Bytes(), form.FormDataContentType(), err
}
