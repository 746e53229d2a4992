package oauth

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

func TestADeadGrantIsAskedForWhole(t *testing.T) {
	a, err := New(Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, AnyBrowser: true, AskAtOnce: true,
		HTTPClient: webtest.InMemory(webtest.Text(`{"errcode":42007,"errmsg":"password changed"}`)),
	})
	require.NoError(t, err)
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
