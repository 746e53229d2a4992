package webtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// A WeChat plays WeChat's API host in a unit test, with bytes that the test chooses: Answer answers
// each call in memory, and the calls are kept. It is an [http.RoundTripper].
type WeChat struct {
	Answer http.HandlerFunc

	mu    sync.Mutex
	calls []Call
}

// A Call is a call of WeChat.
type Call struct {
	Op    string // "GET /path"
	Query url.Values
	Body  string
}

// RoundTrip answers a call. It returns if the caller's context ends, as a network does.
func (w *WeChat) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	w.mu.Lock()
	w.calls = append(w.calls, Call{r.Method + " " + r.URL.Path, r.URL.Query(), string(body)})
	w.mu.Unlock()
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	answer := httptest.NewRecorder()
	w.Answer(answer, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}

// Calls returns the calls so far.
func (w *WeChat) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// Text answers with body as WeChat does, which says text/plain of its JSON.
func Text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body) // cannot fail: it is memory
	}
}

// InMemory returns a client whose calls are served by h without a network.
func InMemory(h http.Handler) *http.Client {
	return &http.Client{Transport: &WeChat{Answer: h.ServeHTTP}}
}
