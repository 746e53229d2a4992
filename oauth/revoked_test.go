package oauth

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

func TestADeadGrantIsAskedForWhole(t *testing.T) {
	a := testAuth(t, func(cfg *Config) {
		cfg.AnyBrowser, cfg.AskAtOnce = true, true
		cfg.HTTPClient = webtest.InMemory(webtest.Text(`{"errcode":42007,"errmsg":"password changed"}`))
	})
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
