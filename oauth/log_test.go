package oauth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/oauth"
)

func TestALoggedTokenShowsWhoseItIsOnly(t *testing.T) {
	token := oauth.Token{AccessToken: "canary", RefreshToken: "canary", OpenID: "OPENID", Scope: oauth.ScopeBase}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("fetched", "token", token, "pointer", &token)
	}
	require.NotContains(t, log.String(), "canary")
	require.Equal(t, 4, strings.Count(log.String(), "OPENID"))
}
