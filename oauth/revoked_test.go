package oauth

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestADeadGrantIsAskedForWhole(t *testing.T) {
	a, err := New(Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, AnyBrowser: true, AskAtOnce: true,
		HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := `{"errcode":42007,"errmsg":"password changed"}`
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec := typicalUser(1)
	rec.profileAt = time.Now().Add(-48 * time.Hour)
	h := http.Header{}
	if _, ok := a.Admit(nopWriter{h}, signedIn(t, a, rec), ScopeBase); ok {
		t.Fatal("a page was shown although the grant is dead")
	}
	if location := h.Get("Location"); !strings.Contains(location, "scope=snsapi_userinfo") {
		t.Errorf("a page that needs only the openid asks for less than the session had: %s", location)
	}
}
