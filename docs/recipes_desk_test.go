package docs_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A code is what a desktop shows.
type code struct{ holds, number string }

// desktop shows a code of the shop's.
func (s *shop) desktop(t *testing.T, path string) (*webtest.Browser, code) {
	t.Helper()
	b := s.browser()
	b.Agent = webtest.DesktopChrome
	v := b.Open(adaptertest.PublicURL + path)
	number := regexp.MustCompile(`id="desk-number">(\d\d)<`).FindStringSubmatch(v.Body)
	if v.Link("desk-link") == "" || number == nil {
		t.Fatalf("no code: %d %s", v.Status, v.Body)
	}
	return b, code{v.Link("desk-link"), number[1]}
}

func TestRecipeDesk(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	r := gin.New()
	routes := func() error {
		// region desk-login
		cfg.Desk = &wxoauth.Desk{}
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		auth.Mount(r) // or r.Any("/wechat/login", auth.Login())
		r.GET("/me", auth.Middleware(), hello)
		// endregion
		return nil
	}
	require.NoError(t, routes())
	shop.net.Serve(adaptertest.Host, r)
	desktop, shown := shop.desktop(t, "/me")
	phone := shop.browser()
	want(t, phone.Open(shown.holds), http.StatusOK, `data-page="desk-confirm"`)
	v := phone.Do(webtest.Request{
		Method: http.MethodPost, URL: shown.holds, Form: "number=" + shown.number,
		Header: http.Header{"Sec-Fetch-Site": {"same-origin"}},
	})
	want(t, v, http.StatusOK, `data-page="desk-done"`)
	want(t, desktop.Open(adaptertest.PublicURL+"/me"), http.StatusOK, "Hello, 小明")
}

func TestRecipeDeskByPush(t *testing.T) {
	shop := openShop(t)
	t.Setenv("WECHAT_APPID", shop.AppID())
	t.Setenv("PUSH_TOKEN", "T0ken")
	t.Setenv("PUSH_AES_KEY", strings.Repeat("a", 42)+"A")
	cfg := shop.config()
	cfg.Scope = wxoauth.ScopeBase
	wechat, err := core.NewClient(core.ClientConfig{AppID: shop.AppID(), Secret: core.Secret(shop.Secret()), HTTPClient: shop.client})
	require.NoError(t, err)
	r := gin.New()
	routes := func() error {
		// region desk-push
		// A follower is known by no more than an openid: cfg.Scope is ScopeBase here.
		cfg.Desk = &wxoauth.Desk{QR: func(ctx context.Context, ticket string) (string, error) {
			type code struct{ URL string }
			c, err := core.Call[code](ctx, wechat, core.Post("/cgi-bin/qrcode/create", map[string]any{
				"expire_seconds": 300, "action_name": "QR_STR_SCENE",
				"action_info": map[string]any{"scene": map[string]any{"scene_str": ticket}},
			}))
			if err != nil {
				return "", err
			}
			return c.URL, nil
		}}
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		var asked sync.Map // openid → ticket; with several replicas keep it where all of them see it
		messages, err := push.New(push.Config{
			AppID: os.Getenv("WECHAT_APPID"), Token: os.Getenv("PUSH_TOKEN"), EncodingAESKey: os.Getenv("PUSH_AES_KEY"),
			OnAny: func(ctx context.Context, m *push.Message) (*push.Reply, error) {
				switch {
				case m.Event == "SCAN", m.Event == "subscribe":
					ticket := strings.TrimPrefix(m.Fields.Get("EventKey"), "qrscene_")
					if desk, err := auth.DeskRequest(ticket); err == nil { // else another code, or an old one
						asked.Store(m.FromUserName, ticket)
						return &push.Reply{Text: "登录请求来自 " + desk.System + " 上的 " + desk.Browser + "。如果是你本人，请回复电脑上显示的数字。"}, nil
					}
				case m.MsgType == "text":
					ticket, ok := asked.LoadAndDelete(m.FromUserName)
					if !ok {
						return nil, nil
					}
					desk, err := auth.DeskRequest(ticket.(string))
					if err == nil && strings.TrimSpace(m.Fields.Get("Content")) == strconv.Itoa(desk.Number) {
						if err := auth.ApproveDesk(ctx, desk.Ticket, &core.User{OpenID: m.FromUserName}); err != nil {
							return nil, err // WeChat sends the message again
						}
						return &push.Reply{Text: "已在电脑上登录。"}, nil
					}
					return &push.Reply{Text: "没有登录，请重新扫码。"}, nil
				}
				return nil, nil
			},
		})
		if err != nil {
			return err
		}
		r.Match([]string{http.MethodGet, http.MethodPost}, "/push", gin.WrapH(messages))
		// endregion
		auth.Mount(r)
		r.GET("/me", auth.Middleware(), func(c *gin.Context) {
			user, _ := wxoauth.User(c)
			c.JSON(http.StatusOK, user)
		})
		return nil
	}
	require.NoError(t, routes())
	shop.net.Serve(adaptertest.Host, r)
	server := httptest.NewServer(r)
	defer server.Close()
	console := wxsim.PushConfig{AppID: shop.AppID(), Token: "T0ken", EncodingAESKey: strings.Repeat("a", 42) + "A"}
	tell := func(e wxsim.Event) {
		t.Helper()
		message, err := shop.Message(wxsim.PushXML, e)
		require.NoError(t, err)
		answer, err := shop.Push(t.Context(), server.URL+"/push", console, message)
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
	openID := shop.Users()[0].OpenID
	login := func(number func(string) string) *webtest.Visit {
		desktop, shown := shop.desktop(t, "/me")
		e, err := shop.Scan(openID, shown.holds)
		require.NoError(t, err)
		tell(e)
		tell(wxsim.Event{Type: "text", AppID: shop.AppID(), OpenID: openID, Key: number(shown.number)})
		return desktop.Open(adaptertest.PublicURL + "/me")
	}
	right := func(number string) string { return number }
	want(t, login(right), http.StatusOK, `"via":"desk"`) // a new follower
	want(t, login(right), http.StatusOK, `"via":"desk"`) // one who follows already
	want(t, login(func(number string) string { return number + "0" }), http.StatusUnauthorized, `id="desk-number"`)
}

func TestRecipeDeskByMiniProgram(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	mini, err := wxoauth.NewMini(wxoauth.MiniConfig{
		AppID: shop.MiniAppID(), Secret: wxoauth.Secret(shop.MiniSecret()), Keys: cfg.Keys, HTTPClient: shop.client,
	})
	require.NoError(t, err)
	r := gin.New()
	r.POST("/mini/login", mini.Login())
	routes := func() error {
		// region desk-mini
		// An address that the mini program has claimed in WeChat's console (扫普通链接二维码打开小程序).
		cfg.Desk = &wxoauth.Desk{QR: func(_ context.Context, ticket string) (string, error) {
			return "https://shop.example.com/mini?ticket=" + ticket, nil
		}}
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		// The mini program shows what asks, and has its user type the number of the desktop's page.
		r.GET("/mini/desk", mini.Middleware(), func(c *gin.Context) {
			desk, err := auth.DeskRequest(c.Query("ticket"))
			if err != nil {
				c.Status(http.StatusBadRequest)
				return
			}
			c.JSON(http.StatusOK, gin.H{"browser": desk.Browser, "system": desk.System})
		})
		r.POST("/mini/desk", mini.Middleware(), func(c *gin.Context) {
			var said struct {
				Ticket string
				Number int
			}
			if err := c.ShouldBindJSON(&said); err != nil {
				c.Status(http.StatusBadRequest)
				return
			}
			desk, err := auth.DeskRequest(said.Ticket)
			if err != nil || said.Number != desk.Number {
				c.Status(http.StatusBadRequest)
				return
			}
			user, _ := wxoauth.User(c)
			if err := auth.ApproveDesk(c.Request.Context(), said.Ticket, user); err != nil {
				c.Status(http.StatusConflict)
				return
			}
			c.Status(http.StatusNoContent)
		})
		// endregion
		auth.Mount(r)
		r.GET("/me", auth.Middleware(), func(c *gin.Context) {
			user, _ := wxoauth.User(c)
			c.JSON(http.StatusOK, user)
		})
		return nil
	}
	require.NoError(t, routes())
	shop.net.Serve(adaptertest.Host, r)
	desktop, shown := shop.desktop(t, "/me")
	holds, err := url.Parse(shown.holds)
	require.NoError(t, err)
	ticket := holds.Query().Get("ticket")
	b := shop.browser()
	call := func(method, path, token, body string) *webtest.Visit {
		return b.Do(webtest.Request{
			Method: method, URL: adaptertest.PublicURL + path, Form: body, Kind: webtest.Fetch(),
			Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}},
		})
	}
	v := call(http.MethodPost, "/mini/login", "", `{"code":"`+shop.NewJSCode(shop.Users()[0].OpenID)+`"}`)
	token := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(v.Body)
	if token == nil {
		t.Fatalf("the mini login is answered %d %s", v.Status, v.Body)
	}
	want(t, call(http.MethodGet, "/mini/desk?ticket="+ticket, token[1], ""), http.StatusOK, `"browser":"Chrome"`)
	want(t, call(http.MethodPost, "/mini/desk", token[1], `{"ticket":"`+ticket+`","number":1}`), http.StatusBadRequest, "")
	want(t, call(http.MethodPost, "/mini/desk", token[1], `{"ticket":"`+ticket+`","number":`+shown.number+`}`), http.StatusNoContent, "")
	want(t, desktop.Open(adaptertest.PublicURL+"/me"), http.StatusOK, `"appid":"`+shop.MiniAppID()+`"`)
}
