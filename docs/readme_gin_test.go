package docs_test

import (
	"encoding/base64"
	"log"
	"net/http"
	"os"
	"testing"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/oauth"
)

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
