package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/wxsim"
)

// region platform-calls
// viaPlatform makes the calls of a login as a platform: with its token, and no secret of the account.
type viaPlatform struct {
	appID string                                // component_appid
	token func(context.Context) (string, error) // component_access_token, which you keep for two hours
	next  http.RoundTripper
}

func (p viaPlatform) RoundTrip(r *http.Request) (*http.Response, error) {
	path, known := map[string]string{
		"/sns/oauth2/access_token":  "/sns/oauth2/component/access_token",
		"/sns/oauth2/refresh_token": "/sns/oauth2/component/refresh_token",
		"/sns/jscode2session":       "/sns/component/jscode2session", // of a mini program
	}[r.URL.Path]
	if !known {
		return p.next.RoundTrip(r) // has the user's own token
	}
	token, err := p.token(r.Context())
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	query.Del("secret")
	query.Set("component_appid", p.appID)
	query.Set("component_access_token", token)
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawQuery = path, query.Encode()
	return p.next.RoundTrip(r)
}

// endregion

// A platform logs in the users of an account whose secret nobody here knows.
func TestRecipePlatform(t *testing.T) {
	shop := openShop(t)
	platform, err := shop.AddApp(wxsim.App{Kind: wxsim.Platform})
	require.NoError(t, err)
	wechat, err := core.NewClient(core.ClientConfig{AppID: platform.AppID, Secret: core.Secret(platform.Secret), HTTPClient: shop.client})
	require.NoError(t, err)

	t.Setenv("PLATFORM_APPID", platform.AppID)
	t.Setenv("PLATFORM_TOKEN", "token")
	t.Setenv("PLATFORM_AES_KEY", strings.Repeat("k", 43))
	var messages *push.Handler
	var ticket atomic.Value // with several replicas keep it where all of them see it
	listen := func() (err error) {
		// region platform-ticket
		messages, err = push.New(push.Config{
			AppID: os.Getenv("PLATFORM_APPID"), Token: os.Getenv("PLATFORM_TOKEN"), EncodingAESKey: os.Getenv("PLATFORM_AES_KEY"),
			OnAny: func(_ context.Context, m *push.Message) (*push.Reply, error) {
				if m.Fields.Get("InfoType") == "component_verify_ticket" { // every ten minutes
					ticket.Store(m.Fields.Get("ComponentVerifyTicket"))
				}
				return nil, nil
			},
		})
		// endregion
		return err
	}
	require.NoError(t, listen())
	event := fmt.Sprintf("<xml><AppId><![CDATA[%s]]></AppId><CreateTime>%d</CreateTime><InfoType><![CDATA[component_verify_ticket]]></InfoType>"+
		"<ComponentVerifyTicket><![CDATA[%s]]></ComponentVerifyTicket></xml>", platform.AppID, time.Now().Unix(), shop.VerifyTicket(platform.AppID))
	pushed, err := shop.NewPush(t.Context(), "https://shop.example.com/push", wxsim.PushConfig{
		Token: "token", EncodingAESKey: strings.Repeat("k", 43), AppID: platform.AppID,
	}, []byte(event))
	require.NoError(t, err)
	messages.ServeHTTP(httptest.NewRecorder(), pushed)

	platformID, transport := platform.AppID, shop.client.Transport
	// region platform-token
	componentToken := func(ctx context.Context) (string, error) {
		type answer struct {
			Token string `json:"component_access_token"`
		}
		call := core.Post("/cgi-bin/component/api_component_token", map[string]any{
			"component_appid": wechat.AppID(), "component_appsecret": string(wechat.Secret()), "component_verify_ticket": ticket.Load(),
		})
		call.NoToken = true
		a, err := core.Call[answer](ctx, wechat, call) // wechat is a core.Client of the platform
		if err != nil {
			return "", err
		}
		return a.Token, nil
	}
	// endregion

	cfg, r := shop.config(), gin.New()
	cfg.HTTPClient = nil
	// region platform
	cfg.Secret = "none" // a platform knows no secrets of its accounts
	cfg.HTTPClient = &http.Client{Transport: viaPlatform{platformID, componentToken, transport}}
	cfg.OpenURL = cfg.PublicURL + "/platform"
	r.GET("/platform/connect/oauth2/authorize", func(c *gin.Context) { // WeChat wants it behind state
		query := strings.TrimSuffix(c.Request.URL.RawQuery, "&connect_redirect=1") + "&component_appid=" + platformID
		c.Redirect(http.StatusFound, "https://open.weixin.qq.com/connect/oauth2/authorize?"+query+"#wechat_redirect")
	})
	r.Use(wxoauth.Middleware(cfg))
	// endregion
	r.GET("/me", hello)
	shop.greets(t, r)
	for path, calls := range map[string]int{ // WeChat has been asked as a platform, once
		"/sns/oauth2/component/access_token": 1, "/sns/oauth2/access_token": 0,
	} {
		require.Equal(t, calls, shop.Calls(path), path)
	}
}
