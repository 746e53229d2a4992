package wxoauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

// echo takes net/http's middleware too, so the adapter of net/http works here as well.
func TestAdapterOfNetHTTP(t *testing.T) {
	e := echo.New()
	e.Use(echo.WrapMiddleware(wxoauth.Middleware(wxoauth.Config{
		AppID: "wx0123456789abcdef", Secret: "secret", PublicURL: adaptertest.PublicURL, Keys: [][]byte{adaptertest.Key('1')},
	})))
	e.GET("/me", func(c echo.Context) error { return c.String(http.StatusOK, "shown to somebody who is not signed in") })
	page := httptest.NewRequest(http.MethodGet, "/me", nil)
	page.Header.Set("Accept", "text/html")
	page.Header.Set("User-Agent", webtest.WeChatAndroid)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, page)
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `data-page="ask"`) {
		t.Errorf("GET /me: %d %s, want the page that asks first", w.Code, w.Body)
	}
}
