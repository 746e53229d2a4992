package oauth

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	require.Contains(t, h.Get("Location"), "scope=snsapi_userinfo")
}
