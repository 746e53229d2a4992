package wxoauth_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
)

// A program that serves a single-page app answers all other paths with one pattern. A ServeMux
// panics if two patterns conflict.
func TestMountBesideAFallback(t *testing.T) {
	auth, err := wxoauth.New(wxoauth.Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "http://localhost", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
		VerifyFile: "MP_verify_a1B2c3D4e5F6g7H8.txt", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/", "GET /", "GET /{path...}", "GET /{page}", "POST /", "OPTIONS /", "localhost/"} {
		t.Run(pattern, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })
			auth.Mount(mux)
			for _, tt := range []struct {
				method, path string
				status       int
			}{
				{http.MethodGet, "/wechat/login", http.StatusUnauthorized},
				{http.MethodGet, "/wechat/logout", http.StatusMethodNotAllowed},
				{http.MethodPost, "/wechat/logout", http.StatusNoContent},
				{http.MethodDelete, "/wxoauth.js", http.StatusMethodNotAllowed},
				{http.MethodHead, "/MP_verify_a1B2c3D4e5F6g7H8.txt", http.StatusOK},
			} {
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequest(tt.method, "http://shop.example.com"+tt.path, nil))
				if w.Code != tt.status {
					t.Errorf("%s %s: %d %q, want %d", tt.method, tt.path, w.Code, w.Body, tt.status)
				}
			}
		})
	}
}
