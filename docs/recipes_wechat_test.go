package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/jssdk"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/wxsim"
)

// newApp is an app of somebody who tests it.
func newApp(cfg wxoauth.Config) http.Handler {
	r := gin.New()
	r.Use(wxoauth.Middleware(cfg))
	r.GET("/me", hello)
	return r
}

func TestRecipeTestWithWeChat(t *testing.T) {
	gin.SetMode(gin.TestMode)
	cfg := wxoauth.Config{Keys: [][]byte{adaptertest.Key('1')}}

	// region test-app
	// A WeChat of your own, which allows every login at once.
	wechat := wxsim.New(wxsim.Config{AutoAllow: true})
	if err := wechat.Start(); err != nil {
		t.Fatal(err)
	}
	defer wechat.Close()

	// Your app, sent there.
	server := httptest.NewUnstartedServer(nil)
	cfg.PublicURL = "http://" + server.Listener.Addr().String()
	cfg.AppID, cfg.Secret = wechat.AppID(), wxoauth.Secret(wechat.Secret())
	cfg.APIURL, cfg.OpenURL, cfg.AnyBrowser = wechat.URL, wechat.URL, true
	server.Config.Handler = newApp(cfg)
	server.Start()
	defer server.Close()

	// A browser: it has cookies and asks for pages.
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cfg.PublicURL+"/wechat/login?return_to=/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	page.Header.Set("Accept", "text/html")
	answer, err := (&http.Client{Jar: jar}).Do(page)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "Hello, "+wechat.Users()[0].Nickname {
		t.Errorf("the page says %q, %v", body, err)
	}
	// endregion
}

func TestRecipeTestHandler(t *testing.T) {
	gin.SetMode(gin.TestMode)

	// region test-handler
	r := gin.New()
	r.GET("/me", hello) // the handler alone, without the middleware
	w, page := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/me", nil)
	user := &core.User{AppID: "wx0123456789abcdef", OpenID: "oXiaoMing", Nickname: "小明"}
	r.ServeHTTP(w, page.WithContext(core.WithUser(page.Context(), user)))
	if w.Body.String() != "Hello, 小明" {
		t.Errorf("the page says %q", w.Body)
	}
	// endregion
}

func TestRecipeAccessToken(t *testing.T) {
	shop, auth := openAuth(t)
	r := gin.New()

	// region access-token
	r.GET("/token", auth.Middleware(), func(c *gin.Context) {
		token, err := auth.AccessToken(c) // refreshed if need be; before anything is written
		if err != nil {
			c.AbortWithStatus(http.StatusBadGateway)
			return
		}
		c.String(http.StatusOK, "a token of %d bytes", len(token))
	})
	// endregion

	want(t, shop.open(r, "/token"), http.StatusOK, "a token of")
}

func TestRecipePush(t *testing.T) {
	shop := openShop(t)
	t.Setenv("WECHAT_MINI_APPID", shop.MiniAppID())
	t.Setenv("PUSH_TOKEN", "T0ken")
	t.Setenv("PUSH_AES_KEY", strings.Repeat("a", 42)+"A")
	var hidden []string
	hide := func(ctx context.Context, traceID string) error {
		hidden = append(hidden, traceID)
		return ctx.Err()
	}
	r := gin.New()
	routes := func() error {
		// region push
		messages, err := push.New(push.Config{
			AppID:          os.Getenv("WECHAT_MINI_APPID"),
			Token:          os.Getenv("PUSH_TOKEN"),
			EncodingAESKey: os.Getenv("PUSH_AES_KEY"),
			OnMediaCheck: func(ctx context.Context, check *push.MediaCheck) error {
				if check.Passed() {
					return nil
				}
				return hide(ctx, check.TraceID) // an error makes WeChat deliver the message again
			},
		})
		if err != nil {
			return err
		}
		r.Match([]string{http.MethodGet, http.MethodPost}, "/push", gin.WrapH(messages))
		// endregion
		return nil
	}
	require.NoError(t, routes())
	server := httptest.NewServer(r)
	defer server.Close()
	console := wxsim.PushConfig{Token: "T0ken", EncodingAESKey: strings.Repeat("a", 42) + "A"}
	if err := shop.VerifyPushURL(t.Context(), server.URL+"/push", console); err != nil {
		t.Error(err)
	}
	event := shop.MediaCheckEvent(wxsim.PushJSON, shop.Users()[0].OpenID, "trace-7", "risky")
	for range 2 { // WeChat repeats what it is not sure of
		answer, err := shop.Push(t.Context(), server.URL+"/push", console, event)
		require.NoError(t, err)
		_ = answer.Body.Close()
	}
	if len(hidden) != 1 || hidden[0] != "trace-7" {
		t.Errorf("hidden: %v, want trace-7 once", hidden)
	}
}

func TestRecipeJSSDK(t *testing.T) {
	shop := openShop(t)
	t.Setenv("WECHAT_APPID", shop.AppID())
	t.Setenv("WECHAT_SECRET", shop.Secret())
	r := gin.New()
	routes := func() error {
		clientConfig := func() core.ClientConfig {
			// region core-client
			cfg := core.ClientConfig{
				AppID:  os.Getenv("WECHAT_APPID"),
				Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
			}
			// endregion
			cfg.HTTPClient = shop.client
			return cfg
		}
		cfg := clientConfig()
		// region jssdk
		wechat, err := core.NewClient(cfg)
		if err != nil {
			return err
		}
		pages := jssdk.New(wechat, nil) // nil: the ticket is kept in memory
		r.GET("/jssdk", func(c *gin.Context) {
			config, err := pages.Sign(c, c.Query("url"))
			if err != nil {
				c.AbortWithStatus(http.StatusBadGateway)
				return
			}
			c.JSON(http.StatusOK, config)
		})
		r.POST("/jssdk/refused", func(c *gin.Context) { // phones refuse the ticket: one new one a minute at most
			ticket, err := pages.Ticket(c)
			if err == nil {
				err = pages.Drop(c, ticket)
			}
			if err != nil {
				c.AbortWithStatus(http.StatusBadGateway)
				return
			}
			c.Status(http.StatusNoContent)
		})
		// endregion
		return nil
	}
	require.NoError(t, routes())
	v := shop.open(r, "/jssdk?url="+url.QueryEscape("https://shop.example.com/cart?id=7"))
	var config jssdk.Config
	if err := json.Unmarshal([]byte(v.Body), &config); err != nil || config.AppID != shop.AppID() || len(config.Signature) != 40 {
		t.Errorf("signed %s, %v", v.Body, err)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/jssdk/refused", nil))
	if w.Code != http.StatusNoContent {
		t.Errorf("a refused ticket: %d", w.Code)
	}
}

func TestRecipeCallAPI(t *testing.T) {
	shop := openShop(t)
	wechat, err := core.NewClient(core.ClientConfig{AppID: shop.MiniAppID(), Secret: core.Secret(shop.MiniSecret()), HTTPClient: shop.client})
	require.NoError(t, err)
	author := shop.OpenID(shop.MiniAppID(), shop.Users()[0])
	shop.NewJSCode(author) // has opened the mini program lately
	check := func(ctx context.Context, openID, comment string) (bool, error) {
		// region call-api
		api := mpapi.New(wechat) // once; it fetches and shares the app access token by itself
		verdict, err := api.Security.MsgSecCheck(ctx, mpapi.MsgSecCheckRequest{OpenID: openID, Scene: 2, Content: comment})
		switch {
		case errors.Is(err, core.ErrQuota):
			return false, nil // today's calls are spent: let a person look
		case err != nil:
			return false, err
		}
		return verdict.Result.Suggest == mpapi.SuggestPass, nil
		// endregion
	}
	if ok, err := check(t.Context(), author, "hello"); !ok || err != nil {
		t.Errorf("a harmless comment: %v, %v", ok, err)
	}
	shop.Fail("/wxa/msg_sec_check", wxsim.Code(45009))
	if ok, err := check(t.Context(), author, "hello"); ok || err != nil {
		t.Errorf("without quota: %v, %v", ok, err)
	}
}

func TestRecipeTokens(t *testing.T) {
	shop := openShop(t)
	owner := func(context.Context) (string, error) { return "from the owner", nil }
	cfg := core.ClientConfig{AppID: shop.AppID(), Secret: core.Secret(shop.Secret()), HTTPClient: shop.client}

	// region tokens
	cfg.Tokens = core.TokenFunc(func(ctx context.Context) (string, error) {
		return owner(ctx) // another service owns the token: ask it, through a cache of yours
	})
	// endregion

	wechat, err := core.NewClient(cfg)
	require.NoError(t, err)
	if token, _, err := wechat.AccessToken(t.Context()); token != "from the owner" || err != nil {
		t.Errorf("AccessToken = %q, %v", token, err)
	}
	if token, err := (sharedToken{wechat}).GetAccessToken(); token != "from the owner" || err != nil {
		t.Errorf("GetAccessToken = %q, %v", token, err)
	}
}

// region token-shared

// sharedToken hands our token to an SDK: oa.SetAccessTokenHandle(sharedToken{wechat}).
type sharedToken struct{ wechat *core.Client }

func (s sharedToken) GetAccessToken() (string, error) {
	token, _, err := s.wechat.AccessToken(context.Background())
	return token, err
}

// endregion
