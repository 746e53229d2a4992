package docs_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/mpapi"
)

func TestRecipeHealth(t *testing.T) {
	shop := openShop(t)
	cfg, r := shop.config(), gin.New()

	// region health
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") }) // before Use: without login
	r.Use(wxoauth.Middleware(cfg))
	r.GET("/me", hello)
	// endregion

	want(t, shop.open(r, "/healthz"), http.StatusOK, "ok")
	want(t, shop.open(r, "/me"), http.StatusOK, "Hello, 小明")
}

func TestRecipeAccessLog(t *testing.T) {
	shop := openShop(t)
	var log bytes.Buffer
	before := gin.DefaultWriter
	gin.DefaultWriter = &log
	t.Cleanup(func() { gin.DefaultWriter = before })
	cfg := shop.config()

	// region access-log
	r := gin.New() // gin.Default writes queries
	r.Use(gin.LoggerWithFormatter(func(p gin.LogFormatterParams) string {
		return fmt.Sprintf("%s %d %s %s %s\n", p.TimeStamp.Format(time.RFC3339), p.StatusCode, p.Method, p.Request.URL.Path, p.Latency)
	}), gin.Recovery())
	r.Use(wxoauth.Middleware(cfg))
	// endregion

	r.GET("/me", hello)
	want(t, shop.open(r, "/me?page=1"), http.StatusOK, "Hello, 小明")
	if got := log.String(); !strings.Contains(got, " 302 GET /me ") || strings.Contains(got, "code=") || strings.Contains(got, "?") {
		t.Errorf("the log is\n%s", got)
	}
}

func TestRecipeHistoryMode(t *testing.T) {
	shop, auth := openAuth(t)
	r := gin.New()
	t.Chdir(t.TempDir())
	write(t, filepath.Join("dist", "index.html"), []byte("the app's page"))

	// region history-mode
	r.Static("/assets", "dist/assets")
	r.GET("/wechat/login", auth.Login())
	r.GET("/api/me", auth.Middleware(), hello)
	r.NoRoute(auth.Middleware(), func(c *gin.Context) {
		c.File("dist/index.html") // every other path is the page's own
	})
	// endregion

	v := shop.open(r, "/orders/7?tab=2")
	want(t, v, http.StatusOK, "the app's page")
	require.Equal(t, adaptertest.PublicURL+"/orders/7?tab=2", strings.TrimSuffix(v.Address(), "#"))
}

func TestRecipeOneHost(t *testing.T) {
	shop := openShop(t)
	cfg, r := shop.config(), gin.New()

	// region one-host
	r.Use(func(c *gin.Context) { // before the login: www.example.com, an old domain, an IP address
		if c.Request.Host != "shop.example.com" {
			c.Redirect(http.StatusPermanentRedirect, "https://shop.example.com"+c.Request.URL.RequestURI())
			c.Abort()
		}
	})
	r.Use(wxoauth.Middleware(cfg))
	// endregion

	r.GET("/me", hello)
	shop.net.Serve(adaptertest.Host, r)
	shop.net.Serve("www.example.com", r)
	v := shop.browser().Open("https://www.example.com/me?page=1")
	want(t, v, http.StatusOK, "Hello, 小明")
	require.True(t, strings.HasPrefix(v.Address(), adaptertest.PublicURL+"/me?page=1"), v.Address())
}

func TestRecipeOneAuthPerHost(t *testing.T) {
	shop := openShop(t)
	configs, r := map[string]wxoauth.Config{"a.example.com": shop.config(), "b.example.com": shop.config()}, gin.New()
	routes := func() error {
		// region auth-per-host
		guards := map[string]gin.HandlerFunc{}
		for host, cfg := range configs {
			cfg.PublicURL = "https://" + host
			auth, err := wxoauth.New(cfg)
			if err != nil {
				return err
			}
			guards[host] = auth.Middleware()
		}
		r.Use(func(c *gin.Context) {
			guard, known := guards[c.Request.Host]
			if !known {
				c.AbortWithStatus(http.StatusMisdirectedRequest)
				return
			}
			guard(c)
		})
		// endregion
		return nil
	}
	require.NoError(t, routes())
	r.GET("/me", hello)
	b := shop.browser()
	for _, host := range []string{"a.example.com", "b.example.com"} {
		shop.net.Serve(host, r)
		want(t, b.Open("https://"+host+"/me"), http.StatusOK, "Hello, 小明")
	}
	shop.net.Serve("c.example.com", r)
	want(t, b.Open("https://c.example.com/me"), http.StatusMisdirectedRequest, "")
}

func TestRecipeRelay(t *testing.T) {
	shop := openShop(t)
	cfg, relay := shop.config(), gin.New()

	// region relay
	hosts := []string{"shop.example.com", "club.example.com"} // no others: a login code goes there
	relay.GET("/connect/oauth2/authorize", func(c *gin.Context) {
		page := c.Query("redirect_uri")
		back := "https://login.example.com/back?to=" + url.QueryEscape(page)
		query := strings.Replace(c.Request.URL.RawQuery, url.QueryEscape(page), url.QueryEscape(back), 1) // in WeChat's order
		c.Redirect(http.StatusFound, "https://open.weixin.qq.com/connect/oauth2/authorize?"+query+"#wechat_redirect")
	})
	relay.GET("/back", func(c *gin.Context) {
		to, err := url.Parse(c.Query("to"))
		if err != nil || to.Scheme != "https" || !slices.Contains(hosts, to.Host) {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		answer := url.Values{"code": {c.Query("code")}, "state": {c.Query("state")}}
		to.RawQuery = strings.TrimPrefix(to.RawQuery+"&"+answer.Encode(), "&")
		c.Redirect(http.StatusFound, to.String())
	})
	// endregion
	// region relay-app
	cfg.OpenURL = "https://login.example.com" // the relay, at the one host that WeChat's console knows
	// endregion

	r := newApp(cfg)
	shop.net.Serve("login.example.com", relay)
	v := shop.open(r, "/me?page=1")
	want(t, v, http.StatusOK, "Hello, 小明")
	require.True(t, strings.HasPrefix(v.Address(), adaptertest.PublicURL+"/me?page=1"), v.Address())
	for _, to := range []string{"https://evil.example/me", "http://shop.example.com/me", "//evil.example", "https://shop.example.com.evil.example/"} {
		want(t, shop.browser().Open("https://login.example.com/back?code=c&state=s&to="+url.QueryEscape(to)), http.StatusBadRequest, "")
	}
}

func TestRecipeCloudHosting(t *testing.T) {
	var asked []string
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","link":"#小程序://shop/x"}`)
	}))
	defer cloud.Close()
	t.Setenv("WECHAT_MINI_APPID", "wx0123456789abcdef")
	t.Setenv("WECHAT_MINI_SECRET", strings.Repeat("0123456789abcdef", 2))
	cloudConfig := func() core.ClientConfig {
		// region cloud-hosting
		cfg := core.ClientConfig{
			AppID:  os.Getenv("WECHAT_MINI_APPID"),
			Secret: core.Secret(os.Getenv("WECHAT_MINI_SECRET")),
			APIURL: "http://api.weixin.qq.com", // the container's own way to WeChat: plain http, no token
			Tokens: core.StaticToken(""),
		}
		// endregion
		return cfg
	}
	cfg := cloudConfig()
	proxy, err := url.Parse(cloud.URL)
	require.NoError(t, err)
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	client, err := core.NewClient(cfg)
	require.NoError(t, err)
	if _, err := mpapi.New(client).Link.GenerateShortLink(t.Context(), mpapi.GenerateShortLinkRequest{PageURL: "pages/index/index"}); err != nil {
		t.Error(err)
	}
	if len(asked) != 1 || asked[0] != "http://api.weixin.qq.com/wxa/genwxashortlink" {
		t.Errorf("asked for %q", asked)
	}
}
