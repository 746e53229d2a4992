package docs_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/rueidis" //nolint:depguard // the Redis store needs its client
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// Consent is withdrawn in WeChat, and the next request is nobody's.
func TestRecipeEndSessions(t *testing.T) {
	shop := openShop(t)
	server := redistest.NewMemory(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"redis:6379"}, ForceSingleClient: true,
		DialCtxFn: func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { return server.Dial(), nil },
	})
	require.NoError(t, err)
	defer client.Close()
	cfg := shop.config()
	if cfg.Store, err = redisstore.New(client, redisstore.Config{Keys: cfg.Keys}); err != nil {
		t.Fatal(err)
	}
	auth, err := wxoauth.New(cfg)
	require.NoError(t, err)
	t.Setenv("WECHAT_APPID", shop.AppID())
	t.Setenv("PUSH_TOKEN", "T0ken")
	t.Setenv("PUSH_AES_KEY", strings.Repeat("a", 42)+"A")
	r := gin.New()
	r.GET("/me", auth.Middleware(), func(c *gin.Context) { c.String(http.StatusOK, "Hello") })
	routes := func() error {
		// region end-sessions
		signOut := func(ctx context.Context, change *push.AuthorizationChange) error {
			return auth.EndSessions(ctx, change.OpenID) // after an error WeChat sends the message again
		}
		messages, err := push.New(push.Config{
			AppID:                       os.Getenv("WECHAT_APPID"),
			Token:                       os.Getenv("PUSH_TOKEN"),
			EncodingAESKey:              os.Getenv("PUSH_AES_KEY"),
			OnAuthorizationRevoke:       signOut,
			OnAuthorizationCancellation: signOut,
		})
		if err != nil {
			return err
		}
		// endregion
		r.POST("/push", gin.WrapH(messages))
		return nil
	}
	require.NoError(t, routes())
	shop.net.Serve(adaptertest.Host, r)
	visitor := shop.browser()
	want(t, tap(visitor, adaptertest.PublicURL+"/me"), http.StatusOK, "Hello")
	calls := shop.Calls("/sns/oauth2/access_token")

	address := httptest.NewServer(r)
	defer address.Close()
	event := fmt.Sprintf(`{"ToUserName":"gh_0123456789ab","FromUserName":"oaKk346BaWE-eIn4oSRWbaM9vR7s","CreateTime":%d,"MsgType":"event","Event":"user_authorization_revoke","OpenID":"oXiaoMing","AppID":%q,"RevokeInfo":"205"}`, time.Now().Unix(), shop.AppID())
	answer, err := shop.Push(t.Context(), address.URL+"/push", wxsim.PushConfig{Token: "T0ken", EncodingAESKey: strings.Repeat("a", 42) + "A", AppID: shop.AppID()}, []byte(event))
	require.NoError(t, err)
	_ = answer.Body.Close()
	want(t, tap(visitor, adaptertest.PublicURL+"/me"), http.StatusOK, "Hello")
	if n := shop.Calls("/sns/oauth2/access_token") - calls; answer.StatusCode != http.StatusOK || n != 1 {
		t.Errorf("the push was answered %d, and the next visit took %d logins, want 1", answer.StatusCode, n)
	}
}
