package push

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/logs"
)

// A Handler serves the URL that WeChat pushes to. Make it with [New]; it is safe for concurrent
// use. At the end of a process call [Handler.Drain].
type Handler struct {
	mode   Mode
	keys   *keys // behind a pointer, which fmt does not follow
	seen   Seen
	logger *slog.Logger

	onMediaCheck func(context.Context, *MediaCheck) error
	// By the name of the event.
	onAuthorization map[string]func(context.Context, *AuthorizationChange) error
	onAny           func(context.Context, *Message) (*Reply, error)

	mu      sync.Mutex
	running map[string]*delivery // by key

	mismatch logs.Sample
}

// keys are what messages are verified and opened with, the current ones first.
type keys struct {
	tokens  []string
	ciphers []*cipher // none in Plain mode
}

// New checks cfg and reports all its faults at once. Each names its field and shows no value.
func New(cfg Config) (*Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	h := &Handler{
		mode: cfg.Mode, keys: &keys{tokens: []string{cfg.Token}}, seen: cfg.Seen,
		logger:       logs.Of(cfg.Logger, cfg.AppID),
		onMediaCheck: cfg.OnMediaCheck, onAny: cfg.OnAny,
		onAuthorization: map[string]func(context.Context, *AuthorizationChange) error{
			"user_authorization_revoke":       cfg.OnAuthorizationRevoke,
			"user_authorization_cancellation": cfg.OnAuthorizationCancellation,
			"user_info_modified":              cfg.OnUserInfoModified,
		},
		running: map[string]*delivery{}, mismatch: logs.Sample{Every: time.Minute},
	}
	if cfg.OldToken != "" {
		h.keys.tokens = append(h.keys.tokens, cfg.OldToken)
	}
	if cfg.Mode != Plain {
		for _, key := range []string{cfg.EncodingAESKey, cfg.OldEncodingAESKey} {
			if key != "" {
				h.keys.ciphers = append(h.keys.ciphers, newCipher(cfg.AppID, key))
			}
		}
	}
	if h.seen == nil {
		h.seen = newMemory(memorySize)
	}
	return h, nil
}

// ServeHTTP answers the URL check (GET) and takes messages (POST).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	deadline := time.Now().Add(answerTime)
	answers.Private(w.Header())
	switch r.Method {
	case http.MethodGet:
		h.checkURL(w, r)
	case http.MethodPost:
		h.receive(w, r, deadline)
	default:
		answers.MethodNotAllowed(w, "GET, POST")
	}
}

// checkURL answers the check that WeChat's console makes of the URL, which proves that this server
// knows the token. echostr is not encrypted in any mode. It is not signed either, so it is sent
// back with a content type that no browser runs.
func (h *Handler) checkURL(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if _, _, err := h.verify(query, "signature"); err != nil {
		h.refuse(w, r, err)
		return
	}
	write(w, []byte(single(query, "echostr")), typeText)
}

// receive takes one message.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, deadline time.Time) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p, m, do, err := h.accept(r.URL.Query(), body)
	switch {
	case err != nil:
		h.refuse(w, r, err)
		return
	case do == nil:
		write(w, []byte(success), typeText)
		return
	}
	out := h.deliver(r.Context(), m, deadline, do)
	if out.err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer, contentType, err := p.answer(m, out.reply, time.Now())
	if err != nil {
		h.logger.ErrorContext(r.Context(), "push: reply cannot be sent",
			"event", m.name(), "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, answer, contentType)
}

// accept opens a request, checks its message and returns the job for it, which is nil for a probe.
func (h *Handler) accept(query url.Values, body []byte) (p *post, m *Message, do job, err error) {
	if p, err = h.open(query, body); err != nil {
		return nil, nil, nil, err
	}
	if m, err = parseMessage(p.message); err != nil || m.isProbe() {
		return p, m, nil, err
	}
	if err = checkFresh(m); err != nil {
		return nil, nil, nil, err
	}
	do, err = h.jobFor(m)
	return p, m, do, err
}

// jobFor returns the job of the callback for m. An error means that m lacks what the callback
// gets.
func (h *Handler) jobFor(m *Message) (job, error) {
	if m.Event == mediaCheckEvent && h.onMediaCheck != nil {
		c, err := newMediaCheck(m)
		return func(ctx context.Context) (*Reply, error) { return nil, h.onMediaCheck(ctx, c) }, err
	}
	if onChange := h.onAuthorization[m.Event]; onChange != nil {
		c, err := newAuthorizationChange(m)
		return func(ctx context.Context) (*Reply, error) { return nil, onChange(ctx, c) }, err
	}
	return func(ctx context.Context) (*Reply, error) {
		if h.onAny == nil {
			h.logger.DebugContext(ctx, "push: no callback for this message", "event", m.name())
			return nil, nil
		}
		return h.onAny(ctx, m)
	}, nil
}

// refuse answers a request for which no callback runs. The answer does not say why. The log does,
// as a warning if the sender knew the token. A message from WeChat that cannot be read is answered
// with success: otherwise WeChat would send the same bytes again, and tell the user that the
// account is out of order.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	level, status := slog.LevelWarn, http.StatusBadRequest
	switch {
	case errors.Is(err, ErrMalformed):
		h.logger.WarnContext(r.Context(), "push: message cannot be read, answered success",
			"error", err)
		write(w, []byte(success), typeText)
		return
	case errors.Is(err, errForged):
		level, status = slog.LevelDebug, http.StatusForbidden
		h.warnOfMismatch(r)
	case errors.Is(err, errStale):
		status = http.StatusForbidden
	}
	h.logger.Log(r.Context(), level, "push: request refused", "status", status, "error", err)
	w.WriteHeader(status)
}

// warnOfMismatch tells the log, once a minute, that a request which looks like WeChat's was not
// accepted. Strangers can send such requests, but usually the console and the Config differ.
func (h *Handler) warnOfMismatch(r *http.Request) {
	if !looksSigned(r.URL.Query()) {
		return
	}
	if leftOut, due := h.mismatch.Due(time.Now()); due {
		h.logger.WarnContext(r.Context(), "push: a request fits neither our Token nor our Mode: "+
			"if WeChat sent it, they are not those of the console",
			"mode", h.mode.String(), "left_out", leftOut)
	}
}

func write(w http.ResponseWriter, body []byte, contentType string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) //nolint:gosec // echostr goes back as text/plain with nosniff
}
