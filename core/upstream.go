package core

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// The limits of one call. Uploads and downloads of files have higher ones.
const (
	callTime  = 5 * time.Second
	callSize  = 1 << 20
	mediaTime = 30 * time.Second
	mediaSize = 20 << 20
)

// upstream sends requests to api.weixin.qq.com. It knows nothing of tokens and JSON.
type upstream struct {
	base     string
	client   http.Client
	maxTime  time.Duration // the Timeout of the given HTTPClient; 0 for none
	observer Observer
	logger   *slog.Logger

	mu     sync.Mutex
	limits map[string]*limit // by path
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{
			Timeout: 2 * time.Second, KeepAlive: 30 * time.Second,
		}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    2 * time.Second,
		ResponseHeaderTimeout:  4 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
		// All calls share one HTTP/2 connection. Without pings, all would fail for minutes after
		// it broke.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// An exchange is one HTTP request to WeChat, ready to be sent.
type exchange struct {
	op, method, path string
	query            string
	body             []byte
	contentType      string
	once             bool // must not be sent twice
	media            bool
}

// do sends x and returns the answer's whole body. If the connection fails, it tries once more,
// provided that the request was certainly not sent or may be sent twice.
func (u *upstream) do(
	ctx context.Context, x exchange,
) (body []byte, header http.Header, err error) {
	within := callTime
	if x.media {
		within = mediaTime
	}
	if u.maxTime > 0 {
		within = min(within, u.maxTime)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	leave, err := u.enter(ctx, x)
	if err != nil {
		return nil, nil, err
	}
	defer leave()

	body, header, again, err := u.send(ctx, x)
	if again {
		body, header, _, err = u.send(ctx, x)
	}
	return body, header, err
}

// send makes one attempt. again reports whether the connection failed and x may be sent again.
func (u *upstream) send(
	ctx context.Context, x exchange,
) (body []byte, header http.Header, again bool, err error) {
	// The request was certainly not sent if the transport could not connect, or has reported a
	// connection but no writing. These are atomics because the transport may still use the request
	// after this call.
	var connected, wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	target := u.base + x.path
	if x.query != "" {
		target += "?" + x.query
	}
	req, err := http.NewRequestWithContext(ctx, x.method, target, bytes.NewReader(x.body))
	if err != nil {
		return nil, nil, false, wireError(x.op, WireBroken, "the request cannot be built")
	}
	if x.body != nil {
		req.Header.Set("Content-Type", x.contentType)
	}
	if x.once && x.method != http.MethodPost {
		// Go's transport repeats a GET by itself if a reused connection turns out to be closed,
		// unless the request has a body that cannot be read again. It repeats a POST only if
		// nothing was written.
		req.Body, req.GetBody = io.NopCloser(bytes.NewReader(x.body)), nil
	}
	res, err := u.client.Do(req)
	if err != nil {
		wire := transportError(ctx, x.op, err)
		unsent := !wrote.Load() && (connected.Load() || wire.Kind == WireUnreachable)
		read := x.method == http.MethodGet && !x.once
		return nil, nil, (unsent || read) && wire.Kind != WireTimeout && ctx.Err() == nil, wire
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		wire := wireError(x.op, WireStatus, "HTTP status %d", res.StatusCode)
		wire.Status = res.StatusCode
		return nil, nil, false, wire
	}
	size := int64(callSize)
	if x.media {
		size = mediaSize
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, size+1))
	switch {
	case err != nil:
		wire := transportError(ctx, x.op, err)
		if wire.Kind != WireTimeout {
			// The answer has begun, so the request was handled and must not be repeated.
			wire.Kind = WireBody
		}
		return nil, nil, false, wire
	case int64(len(body)) > size:
		return nil, nil, false, wireError(x.op, WireBody, "more than %d bytes", size)
	}
	return body, res.Header, false, nil
}

// observe tells the observer and the debug log about a call: only its path and its result.
func (u *upstream) observe(ctx context.Context, x exchange, began time.Time, err error) {
	var code Code
	if refusal, ok := errors.AsType[*Error](err); ok {
		code = refusal.Code
	}
	took := time.Since(began)
	if u.observer != nil {
		u.observer.Observe(ctx, Event{
			Name: EventUpstreamCall, Kind: x.path, Duration: took, Code: code, Failed: err != nil,
		})
	}
	if u.logger.Enabled(ctx, slog.LevelDebug) {
		u.logger.LogAttrs(ctx, slog.LevelDebug, "wechat: call", slog.String("op", x.op),
			slog.Duration("took", took), slog.Any("error", err))
	}
}

// At most inFlight calls of an API run at once, and at most maxWaiting wait, within their own time
// limits.
const (
	inFlight   = 64
	maxWaiting = 1000
)

type limit struct {
	slots   chan struct{}
	waiting atomic.Int32
}

// enter waits until x may run beside the other calls of its API.
func (u *upstream) enter(ctx context.Context, x exchange) (leave func(), err error) {
	u.mu.Lock()
	l := u.limits[x.path]
	if l == nil {
		l = &limit{slots: make(chan struct{}, inFlight)}
		u.limits[x.path] = l
	}
	u.mu.Unlock()
	leave = func() { <-l.slots }
	select {
	case l.slots <- struct{}{}:
		return leave, nil
	default:
	}
	if l.waiting.Add(1) > maxWaiting {
		l.waiting.Add(-1)
		return nil, wireError(x.op, WireBusy, "%d calls are waiting already", maxWaiting)
	}
	defer l.waiting.Add(-1)
	select {
	case l.slots <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, transportError(ctx, x.op, ctx.Err())
	}
}
