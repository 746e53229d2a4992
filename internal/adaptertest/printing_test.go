package adaptertest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	chiwx "github.com/wxoauth/wxoauth/adapters/chi"
	ginwx "github.com/wxoauth/wxoauth/adapters/gin"
	httpwx "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/jssdk"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// Whatever prints a value of ours, or one that has it in a field, shows no secret. fmt calls no
// method of an unexported field, and with a verb that does not fit it prints one level of it.
func TestNothingPrintsASecret(t *testing.T) {
	const secret = "CANARY-0123456789-0123456789-012"
	keys, quiet := [][]byte{[]byte(secret)}, slog.New(slog.DiscardHandler)
	made := func(value any, err error) any {
		t.Helper()
		require.NoError(t, err)
		return value
	}
	account := core.ClientConfig{AppID: "wx1", Secret: secret, Logger: quiet}
	client, err := core.NewClient(account)
	require.NoError(t, err)
	web := oauth.Config{AppID: "wx1", Secret: secret, PublicURL: "https://a.example", Keys: keys, Logger: quiet, Website: &oauth.Website{AppID: "wx2", Secret: secret}}
	mini := mpauth.Config{AppID: "wx3", Secret: secret, Keys: keys, Logger: quiet}
	pushed := push.Config{Token: "CANARY0", EncodingAESKey: "CANARY" + strings.Repeat("a", 36) + "A", AppID: "wx1", Logger: quiet}
	cookies, err := sessionstore.NewCookie(keys...)
	require.NoError(t, err)
	for name, value := range map[string]any{
		"core.ClientConfig": account, "core.Client": client, "core.StableTokens": made(core.StableTokens(account)),
		"core.Request": core.Request{Path: "/x", Query: url.Values{"secret": {secret}}, Hide: []string{secret}},
		"oauth.Config": web, "oauth.Auth": made(oauth.New(web)),
		"oauth.Client":     made(oauth.NewClient(oauth.ClientConfig{AppID: "wx1", Secret: secret, Logger: quiet})),
		"oauth.FlowParams": oauth.FlowParams{AccessToken: secret, RefreshToken: secret, Code: secret},
		"mpauth.Config":    mini, "mpauth.Auth": made(mpauth.New(mini)), "mpauth.Client": mpauth.NewClient(client),
		"mpauth.Session": mpauth.Session{OpenID: "o", SessionKey: secret},
		"nethttp.Auth":   made(httpwx.New(web)), "chi.Auth": made(chiwx.New(web)), "gin.Auth": made(ginwx.New(web)),
		"nethttp.Mini": made(httpwx.NewMini(mini)), "chi.Mini": made(chiwx.NewMini(mini)), "gin.Mini": made(ginwx.NewMini(mini)),
		"push.Config": pushed, "push.Handler": made(push.New(pushed)),
		"mpapi.Client": mpapi.New(client), "mpapi.SecurityService": mpapi.New(client).Security, "jssdk.Client": jssdk.New(client, nil),
		"sessionstore.CookieStore": cookies, "sessions.Session": sessions.NewSession(cookies, "s"),
		"redisstore.Config": redisstore.Config{Keys: keys},
	} {
		for _, v := range []any{value, []any{value}, struct{ Field any }{value}} {
			text, _ := json.Marshal(v) // of some there is no JSON
			var lines bytes.Buffer
			slog.New(slog.NewJSONHandler(&lines, nil)).Info("", "value", v)
			slog.New(slog.NewTextHandler(&lines, nil)).Info("", "value", v)
			wantNoCanary(t, name+" in JSON", string(text))
			wantNoCanary(t, name+" in the log", lines.String())
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			wantNoCanary(t, name+" with "+verb, fmt.Sprintf(verb+verb, value, []any{value}))
			switch value.(type) {
			case core.ClientConfig, core.Request, oauth.Config, oauth.FlowParams, mpauth.Config, mpauth.Session,
				push.Config, redisstore.Config: // they are parameters, which nobody keeps
			default:
				wantNoCanary(t, name+" in a field with "+verb, fmt.Sprintf(verb, struct{ field any }{value}))
			}
		}
	}
}

// wantNoCanary checks that text does not have the beginning of the secret, however it is written.
func wantNoCanary(t *testing.T, what, text string) {
	t.Helper()
	for _, spelling := range []string{"CANARY", "43414e415259", "67 65 78 65 82 89", "0x43, 0x41, 0x4e", "Q0FOQVJZ"} {
		if strings.Contains(text, spelling) {
			t.Errorf("%s: %.200s", what, text)
			return
		}
	}
}
