package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/web"
)

func TestScript(t *testing.T) {
	script, err := os.ReadFile("wxoauth.js")
	require.NoError(t, err)
	ask := func(method, ifNoneMatch string) *http.Response {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, "/wxoauth.js", nil)
		r.Header.Set("If-None-Match", ifNoneMatch)
		web.Script().ServeHTTP(w, r)
		if got := w.Body.String(); method == http.MethodGet && w.Code == http.StatusOK && got != string(script) {
			t.Errorf("%s: %d bytes, want the %d of the file", method, len(got), len(script))
		}
		return w.Result()
	}
	first := ask(http.MethodGet, "")
	etag := first.Header.Get("ETag")
	if first.StatusCode != http.StatusOK || etag == "" || first.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		first.Header.Get("X-Content-Type-Options") != "nosniff" || first.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s, %v", first.Status, first.Header)
	}
	for _, tt := range []struct {
		method, ifNoneMatch string
		status              int
	}{
		{http.MethodGet, etag, http.StatusNotModified},
		{http.MethodHead, "W/" + etag, http.StatusNotModified},
		{http.MethodGet, `"another"`, http.StatusOK},
		{http.MethodHead, "", http.StatusOK},
		{http.MethodPost, "", http.StatusMethodNotAllowed},
	} {
		require.Equal(t, tt.status, ask(tt.method, tt.ifNoneMatch).StatusCode, "%s with If-None-Match %s", tt.method,
			tt.ifNoneMatch)
	}
}
