package wxoauth_test

import (
	"encoding/base64"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// The code blocks of the documents run here: what stands between region and endregion is a block,
// but for its indentation and its import line. readme_test.go compares.

func TestReadmeOnGin(t *testing.T) {
	shop := openShop(t)
	cfg := shop.configOfReadme(t)

	// region gin
	r := gin.New()
	r.Use(wxoauth.Middleware(cfg))
	r.GET("/me", func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "Hello, %s", user.Nickname)
	})
	// endregion

	shop.greets(t, r)
}

func TestReadmeWithoutAccount(t *testing.T) {
	shop := openShop(t)
	cfg := shop.configOfReadme(t)

	// region simulator
	cfg.PublicURL = "http://127.0.0.1:8080" // where your program listens
	cfg.APIURL = "http://127.0.0.1:8081"    // where the simulator listens
	cfg.OpenURL = cfg.APIURL
	cfg.AnyBrowser = true // your browser stands in for WeChat's
	// endregion

	shop.net.Serve("127.0.0.1:8081", shop.Server)
	shop.net.Serve("127.0.0.1:8080", newApp(cfg))
	desktop := shop.browser()
	desktop.Agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	want(t, desktop.Open(cfg.PublicURL+"/me"), http.StatusOK, "Hello, 小明")
}

// configOfReadme is the configuration that the README shows, at the shop's simulated WeChat.
func (s *shop) configOfReadme(t *testing.T) oauth.Config {
	t.Helper()
	t.Setenv("WECHAT_APPID", s.AppID())
	t.Setenv("WECHAT_SECRET", s.Secret())
	t.Setenv("SESSION_KEY", base64.StdEncoding.EncodeToString(adaptertest.Key('1')))
	cfg := configOfReadme()
	cfg.HTTPClient = s.client
	return cfg
}

func configOfReadme() oauth.Config {
	// region config
	key, err := base64.StdEncoding.DecodeString(os.Getenv("SESSION_KEY")) // openssl rand -base64 32
	if err != nil {
		log.Fatal(err)
	}
	cfg := wxoauth.Config{
		AppID:     os.Getenv("WECHAT_APPID"), // of your official account
		Secret:    wxoauth.Secret(os.Getenv("WECHAT_SECRET")),
		PublicURL: "https://shop.example.com", // as browsers write it
		Keys:      [][]byte{key},              // the same on every replica
	}
	// endregion
	return cfg
}

// A shop is shop.example.com and a simulated WeChat, on a network without sockets.
type shop struct {
	*wxsim.Server

	net    *adaptertest.Network
	client *http.Client // on that network
}

func openShop(t *testing.T) *shop {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s := &shop{
		Server: wxsim.New(wxsim.Config{AutoAllow: true, Users: []wxsim.User{{OpenID: "oXiaoMing", UnionID: "uXiaoMing", Nickname: "小明"}}}),
		net:    adaptertest.NewNetwork(slog.Default().Handler()),
	}
	s.client = &http.Client{Transport: s.net.Transport()}
	s.net.Serve("api.weixin.qq.com", s.Server)
	s.net.Serve("open.weixin.qq.com", s.Server)
	t.Cleanup(s.net.Close)
	return s
}

// config is one that works, with everything else left at its default.
func (s *shop) config() oauth.Config {
	return oauth.Config{
		AppID: s.AppID(), Secret: core.Secret(s.Secret()), PublicURL: adaptertest.PublicURL,
		Keys: [][]byte{adaptertest.Key('1')}, HTTPClient: s.client, Logger: slog.New(slog.DiscardHandler),
	}
}

// open serves app at shop.example.com and opens a page of it in a new browser.
func (s *shop) open(app http.Handler, path string) *adaptertest.Visit {
	s.net.Serve(adaptertest.Host, app)
	return s.browser().Open(adaptertest.PublicURL + path)
}

// browser makes one that runs inside WeChat.
func (s *shop) browser() *adaptertest.Browser { return adaptertest.NewBrowser(s.net, nil) }

// greets wants the app to log a visitor in and to know the name.
func (s *shop) greets(t *testing.T, app http.Handler) {
	t.Helper()
	want(t, s.open(app, "/me"), http.StatusOK, "Hello, 小明")
}

// want compares how a visit ended.
func want(t *testing.T, v *adaptertest.Visit, status int, body string) {
	t.Helper()
	if v.Status != status || !strings.Contains(v.Body, body) {
		t.Errorf("the visit ended with %d %q, want %d %q:\n\t%s", v.Status, v.Body, status, body, v.Trail())
	}
}
