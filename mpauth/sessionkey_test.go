package mpauth_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
)

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func unmarshal(t *testing.T, text string, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), v))
}

// The example of WeChat's page on signatures.
func TestVerifyRawData(t *testing.T) {
	const (
		key       = "HyVFkGl5F5OQWJZZaNzBBg=="
		raw       = `{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}`
		signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
		emptyKey  = "da39a3ee5e6b4b0d3255bfef95601890afd80709" // SHA-1 of nothing
	)
	for _, tt := range []struct {
		name           string
		key            mpauth.SessionKey
		raw, signature string
		want           bool
	}{
		{"WeChat's own", key, raw, signature, true},
		{"another key", sessionKey, raw, signature, false},
		{"changed data", key, strings.Replace(raw, "Band", "Bond", 1), signature, false},
		{"a space more", key, raw + " ", signature, false},
		{"capital letters", key, raw, strings.ToUpper(signature), false},
		{"a cut signature", key, raw, signature[:39], false},
		{"no signature", key, raw, "", false},
		{"no key, as anybody can sign", "", "", emptyKey, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, mpauth.VerifyRawData(tt.key, tt.raw, tt.signature))
		})
	}
}

// canaries are what must never be seen. keyBytes is session_key as bytes would print.
func canaries() []string {
	keyBytes := strings.Repeat("1 ", 32) // as %v writes bytes
	return []string{sessionKey, strings.TrimRight(sessionKey, "="), fmt.Sprintf("%x", sessionKey), appSecret, fmt.Sprintf("%x", appSecret), jsCode, keySignature, keyBytes[:20]}
}

func wantNoCanary(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range canaries() {
		require.NotContains(t, strings.ToLower(text), strings.ToLower(canary), where)
	}
}

// No exported type shows a secret, however it is printed, logged or marshalled. (%p is left out:
// fmt asks no method for it, and vet refuses it.)
func TestNothingPrintsSecrets(t *testing.T) {
	session := mpauth.Session{AppID: appID, OpenID: openID, SessionKey: sessionKey}
	cfg := mpauth.Config{AppID: appID, Secret: appSecret, Keys: [][]byte{key(1)}}
	auth, err := mpauth.New(cfg)
	require.NoError(t, err)
	wechat, err := core.NewClient(core.ClientConfig{AppID: appID, Secret: appSecret})
	require.NoError(t, err)
	for name, v := range map[string]any{
		"SessionKey": session.SessionKey, "Session": session, "*Session": &session, "sessions": []mpauth.Session{session},
		"map":    map[string]mpauth.SessionKey{openID: sessionKey},
		"Config": cfg, "*Config": &cfg, "Auth": auth, "Client": mpauth.NewClient(wechat),
	} {
		for _, verb := range "vsqxXdboOcUeEfFgGt" {
			for _, flags := range []string{"", "+", "#", "-40", "040.3", " "} {
				format := "%" + flags + string(verb)
				wantNoCanary(t, name+" under "+format, fmt.Sprintf(format, v))
			}
		}
		wantNoCanary(t, name+" printed", fmt.Sprintln(v, &v))
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "v", v)
		text, _ := json.Marshal(v) // a Config cannot be marshalled
		more, _ := xml.Marshal(v)  // nor a map
		wantNoCanary(t, name+" logged", log.String()+string(text)+string(more))
	}
	require.Equal(t, `[redacted]"[redacted]"`, fmt.Sprint(session.SessionKey)+marshal(t, session.SessionKey))
}
