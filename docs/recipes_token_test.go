package docs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/mpauth"
)

// The token of a mini program comes in a message of a connection, not in a header.
func TestRecipeMiniToken(t *testing.T) {
	shop := openShop(t)
	auth, err := mpauth.New(mpauth.Config{
		AppID: shop.MiniAppID(), Secret: core.Secret(shop.MiniSecret()), Keys: [][]byte{adaptertest.Key('1')}, HTTPClient: shop.client,
	})
	require.NoError(t, err)
	login := httptest.NewRecorder()
	auth.LoginHandler().ServeHTTP(login, httptest.NewRequest(http.MethodPost, "/mini/login", strings.NewReader(`{"code":"`+shop.NewJSCode("oXiaoMing")+`"}`)))
	var answer struct{ Token string }
	if err := json.Unmarshal(login.Body.Bytes(), &answer); err != nil {
		t.Fatal(err, login.Body)
	}

	// region mini-token
	caller := func(ctx context.Context, token string) (context.Context, string) {
		_, user, err := auth.Session(ctx, strings.TrimPrefix(token, "Bearer "))
		switch {
		case err == nil:
			return core.WithUser(ctx, user), ""
		case errors.Is(err, mpauth.ErrNoSession), errors.Is(err, mpauth.ErrSessionExpired):
			return ctx, "unauthenticated" // codes.Unauthenticated: the client logs in and comes again
		}
		return ctx, "unavailable" // codes.Unavailable: the store is away, the token stays good
	}
	// endregion

	ask := func(token string) string {
		client, server := net.Pipe()
		go func() {
			defer server.Close() //nolint:errcheck // the end of a test
			first, _ := bufio.NewReader(server).ReadString('\n')
			ctx, refusal := caller(context.Background(), strings.TrimSpace(first))
			user, ok := core.UserFrom(ctx)
			if !ok {
				_, _ = io.WriteString(server, refusal)
				return
			}
			_, _ = io.WriteString(server, "hello "+user.OpenID)
		}()
		_, _ = io.WriteString(client, token+"\n")
		said, err := io.ReadAll(client)
		if err != nil {
			t.Error(err)
		}
		return string(said)
	}
	hello := "hello " + shop.OpenID(shop.MiniAppID(), shop.Users()[0])
	for token, want := range map[string]string{
		answer.Token: hello, "Bearer " + answer.Token: hello, "": "unauthenticated", "made-up": "unauthenticated",
	} {
		require.Equal(t, want, ask(token), token)
	}
}
