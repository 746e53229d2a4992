package docs_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

func TestRecipeAskFirst(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	cfg.AskAtOnce = false

	// region ask-first
	cfg.Brand = wxoauth.Brand{Name: "Tea House"}
	cfg.Purpose = "Your nickname and avatar stand beside your reviews."
	cfg.PrivacyURL = "/privacy"
	// endregion

	shop.net.Serve(adaptertest.Host, newApp(cfg))
	b := shop.browser()
	v := b.Open(adaptertest.PublicURL + "/me")
	for _, words := range []string{"Tea House", cfg.Purpose, `href="/privacy"`} {
		want(t, v, http.StatusUnauthorized, words)
	}
	want(t, b.Open(v.Link("ask-login")), http.StatusOK, "Hello, 小明")
}

func TestRecipePay(t *testing.T) {
	shop, auth := openAuth(t)
	r := gin.New()
	prepay := func(ctx context.Context, openID string) (any, error) { return gin.H{"payer": openID}, ctx.Err() }

	// region pay
	r.GET("/pay", auth.RequireFresh(5*time.Minute), func(c *gin.Context) {
		user, _ := wxoauth.User(c) // whoever holds the phone now
		order, err := prepay(c.Request.Context(), user.OpenID)
		if err != nil {
			c.String(http.StatusBadGateway, "WeChat Pay does not answer. Please try again.")
			return
		}
		c.JSON(http.StatusOK, order) // for WeixinJSBridge.invoke("getBrandWCPayRequest", order, …)
	})
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	want(t, b.Open(adaptertest.PublicURL+"/pay"), http.StatusOK, `"payer":"oXiaoMing"`)
	v := shop.browser().Do(webtest.Request{URL: adaptertest.PublicURL + "/pay", Kind: webtest.Fetch()})
	want(t, v, http.StatusUnauthorized, "fresh=300")
}

func TestRecipeWebView(t *testing.T) {
	shop, auth := openAuth(t)
	mini, err := wxoauth.NewMini(wxoauth.MiniConfig{
		AppID: shop.MiniAppID(), Secret: wxoauth.Secret(shop.MiniSecret()), Keys: [][]byte{adaptertest.Key('1')}, HTTPClient: shop.client,
	})
	require.NoError(t, err)
	r := gin.New()
	r.GET("/me", auth.Middleware(), func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.JSON(http.StatusOK, user)
	})
	r.GET("/wechat/login", auth.Login())
	r.POST("/mini/login", mini.Login())

	// region web-view
	r.POST("/mini/handover", mini.Middleware(), func(c *gin.Context) {
		var want struct{ Page string }
		if err := c.ShouldBindJSON(&want); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		user, _ := wxoauth.User(c)
		url, err := auth.HandoverURL(c.Request.Context(), user, want.Page)
		if err != nil { // the page leaves this site
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, gin.H{"url": url})
	})
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	b.Agent += " miniProgram/" + shop.MiniAppID()
	post := func(path, token, body string) (answer struct{ Token, URL string }) {
		v := b.Do(webtest.Request{
			Method: http.MethodPost, URL: adaptertest.PublicURL + path, Form: body, Kind: webtest.Fetch(),
			Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}},
		})
		if err := json.Unmarshal([]byte(v.Body), &answer); err != nil {
			t.Fatalf("%s: %d %s", path, v.Status, v.Body)
		}
		return answer
	}
	login := post("/mini/login", "", `{"code":"`+shop.NewJSCode("oXiaoMing")+`"}`)
	answer := post("/mini/handover", login.Token, `{"page":"/me"}`)
	if v := b.Open(answer.URL); v.Status != http.StatusOK || !strings.Contains(v.Body, `"via":"handover"`) {
		t.Errorf("the web-view sees %d %s", v.Status, v.Body)
	}
}
