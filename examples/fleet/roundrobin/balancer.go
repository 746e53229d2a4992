package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// newBalancer passes requests on to replicas in turn. Their answers are passed back as they come,
// so event streams and upgrades work.
func newBalancer(replicas []*url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: &turns{replicas: replicas, transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
		}},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			// The query may hold a login code.
			slog.WarnContext(r.Context(), "no replica answers", "path", r.URL.Path, "error", err)
			w.Header().Set("Retry-After", "2")
			http.Error(w, "no replica answers", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A replica may answer before all of the request has been read. Without this, net/http
		// would then close the request's body, and the proxy would break the answer off.
		_ = http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r)
	})
}

// turns sends each request to the next replica, and if that one is not there to the one after it.
type turns struct {
	replicas  []*url.URL
	transport http.RoundTripper
	next      atomic.Uint32
}

func (t *turns) RoundTrip(r *http.Request) (*http.Response, error) {
	first := int(t.next.Add(1))
	var failed error
	for i := range t.replicas {
		replica := t.replicas[(first+i)%len(t.replicas)]
		attempt := r.Clone(r.Context())
		attempt.URL.Scheme, attempt.URL.Host = replica.Scheme, replica.Host
		if r.Body != nil {
			attempt.Body = io.NopCloser(r.Body) // the next attempt needs it as well
		}
		res, err := t.transport.RoundTrip(attempt)
		if err == nil {
			return res, nil
		}
		failed = err
		if !repeatable(r, err) {
			break
		}
	}
	return nil, failed
}

// repeatable reports whether another replica may be asked: the request was surely not sent, or it
// changes nothing.
func repeatable(r *http.Request, err error) bool {
	if r.Context().Err() != nil {
		return false
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Upgrade") == ""
}
