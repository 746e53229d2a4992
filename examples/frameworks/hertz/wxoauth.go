package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/protocol/consts"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

// Auth is the login of one official account, for Hertz, whose requests are not those of net/http.
// So the login gets a copy of each request, and its answers, which are small, are copied back. The
// handlers behind are Hertz's own, and stream as they do without it.
type Auth struct{ auth *oauth.Auth }

// New checks cfg and reports all its faults at once.
func New(cfg oauth.Config) (*Auth, error) {
	auth, err := oauth.New(cfg)
	return &Auth{auth}, err
}

// Middleware passes on only requests of signed-in users who granted Config.Scope.
func (a *Auth) Middleware() app.HandlerFunc { return a.Require("") }

// Require passes on only requests of signed-in users who granted scope.
func (a *Auth) Require(scope oauth.Scope) app.HandlerFunc {
	return handler(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Admit(w, r, scope)
	})
}

// Optional passes on every request, with the user if somebody is signed in.
func (a *Auth) Optional() app.HandlerFunc {
	return handler(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		return a.auth.Identify(w, r), true
	})
}

// Login is the handler for Config.LoginPath.
func (a *Auth) Login() app.HandlerFunc { return answerWith(a.auth.LoginHandler()) }

// Logout is the handler that ends the session on a POST.
func (a *Auth) Logout() app.HandlerFunc { return answerWith(a.auth.LogoutHandler()) }

// AccessToken returns a live access token of the signed-in user; see [oauth.Auth.AccessToken].
func (a *Auth) AccessToken(ctx context.Context, c *app.RequestContext) (string, error) {
	r, err := request(ctx, c)
	if err != nil {
		return "", err
	}
	w := newAnswer(c)
	token, err := a.auth.AccessToken(w, r)
	w.copyHeader(c)
	return token, err
}

// User returns who is signed in; false means nobody is. ctx is the first argument of a handler.
func User(ctx context.Context) (*core.User, bool) { return core.UserFrom(ctx) }

// answerWith makes a handler of Hertz from one of net/http whose answers are small.
func answerWith(h http.Handler) app.HandlerFunc {
	return handler(func(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
		h.ServeHTTP(w, r)
		return nil, false
	})
}

// handler goes on to the next one with the context of the request that decide returns. False means
// that it has answered.
func handler(
	decide func(http.ResponseWriter, *http.Request) (*http.Request, bool),
) app.HandlerFunc {
	return func(ctx context.Context, c *app.RequestContext) {
		r, err := request(ctx, c)
		if err != nil {
			c.AbortWithStatus(consts.StatusBadRequest)
			return
		}
		w := newAnswer(c)
		r, ok := decide(w, r)
		w.copyHeader(c)
		if !ok {
			c.Response.SetBody(w.body.Bytes())
			c.AbortWithStatus(w.status)
			return
		}
		c.Next(r.Context()) //nolint:contextcheck // it is ctx, with the user
	}
}

// request is the request of c. All its texts are copies: Hertz uses their memory for the next
// request, and the login keeps some for longer.
func request(ctx context.Context, c *app.RequestContext) (*http.Request, error) {
	from := &c.Request
	uri := string(from.Header.RequestURI())
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: string(from.Header.Method()), URL: u, RequestURI: uri,
		Host: string(from.Header.Host()), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(bytes.Clone(from.Body()))),
		ContentLength: int64(len(from.Body())),
	}
	from.Header.VisitAll(func(name, value []byte) { r.Header.Add(string(name), string(value)) })
	return r.WithContext(ctx), nil
}

// An answer is what the login writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// newAnswer begins with the header that c has already.
func newAnswer(c *app.RequestContext) *answer {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	c.Response.Header.VisitAll(func(name, value []byte) {
		if string(name) != "Set-Cookie" {
			w.header.Add(string(name), string(value))
		}
	})
	return w
}

// copyHeader brings the header to c. Cookies are added to those that are there.
func (a *answer) copyHeader(c *app.RequestContext) {
	for name, values := range a.header {
		if name != "Set-Cookie" {
			c.Response.Header.Del(name)
		}
		for _, value := range values {
			c.Response.Header.Add(name, value)
		}
	}
}
