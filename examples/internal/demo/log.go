package demo

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"
)

// AccessLog writes a line per request, without the query: that carries login codes.
func AccessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, seen := time.Now(), &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		slog.InfoContext(r.Context(), "request",
			"method", r.Method, "path", r.URL.Path, "status", cmp.Or(seen.status, http.StatusOK),
			"took", time.Since(began).Round(time.Microsecond))
	})
}

// A statusWriter remembers the status. http.ResponseController finds the rest through Unwrap.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK { // 1xx is not the last word
		w.status = cmp.Or(w.status, status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
