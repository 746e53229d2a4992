package oauth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/oauth"
)

func TestALoggedTokenShowsWhoseItIsOnly(t *testing.T) {
	token := oauth.Token{AccessToken: "canary", RefreshToken: "canary", OpenID: "OPENID", Scope: oauth.ScopeBase}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("fetched", "token", token, "pointer", &token)
	}
	if strings.Contains(log.String(), "canary") || strings.Count(log.String(), "OPENID") != 4 {
		t.Error(log.String())
	}
}
