package wxoauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
)

// config is a made-up account's. Real keys are random.
func config() wxoauth.Config {
	gin.SetMode(gin.ReleaseMode)
	return wxoauth.Config{
		AppID: "wx0123456789abcdef", Secret: "secret", PublicURL: "https://shop.example.com",
		Keys: [][]byte{[]byte("32 random bytes, kept as secrets")},
	}
}

// open loads a page in WeChat, without a session, and tells where it leads.
func open(app http.Handler, path string) {
	page := httptest.NewRequest(http.MethodGet, path, nil)
	page.Header.Set("Accept", "text/html")
	page.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0.53")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, page)
	if to, err := url.Parse(w.Header().Get("Location")); err == nil && to.Host != "" {
		fmt.Println(path, w.Code, to.Host, to.Query().Get("scope"))
		return
	}
	if strings.Contains(w.Body.String(), `data-page="ask"`) {
		fmt.Println(path, w.Code, "the page that asks first")
		return
	}
	fmt.Println(path, w.Code, w.Body)
}

// One line guards everything behind it.
func Example() {
	r := gin.New()
	r.Use(wxoauth.Middleware(config()))
	r.GET("/me", func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "Hello, %s", user.Nickname)
	})

	open(r, "/me")
	// Output: /me 401 the page that asks first
}

// Some routes are for everybody, some want an openid, some a profile.
func ExampleAuth_Require() {
	auth, err := wxoauth.New(config())
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := func(c *gin.Context) {
		_, signedIn := wxoauth.User(c)
		c.String(http.StatusOK, "signed in: %t", signedIn)
	}
	r := gin.New()
	r.GET("/", auth.Optional(), hello)
	r.GET("/menu", auth.Require(wxoauth.ScopeBase), hello)
	members := r.Group("/members", auth.Require(wxoauth.ScopeUserInfo))
	members.GET("/profile", hello)
	r.GET("/wechat/login", auth.Login())
	r.POST("/wechat/logout", auth.Logout())

	open(r, "/")
	open(r, "/menu")
	open(r, "/members/profile")
	// Output:
	// / 200 signed in: false
	// /menu 302 open.weixin.qq.com snsapi_base
	// /members/profile 401 the page that asks first
}

// All that is wrong is said at once.
func ExampleNew_faults() {
	_, err := wxoauth.New(wxoauth.Config{AppID: "wx0123456789abcdef", PublicURL: "http://shop.example.com"})
	fmt.Println(err)
	// Output:
	// oauth: Config.Secret is missing
	// oauth: Config.PublicURL is http on a host that is not loopback: use https, or set InsecureHTTP
	// oauth: Config.Keys is missing: one random key of 32 bytes is enough
}

// In a test of a handler there is no middleware: put the user on the context.
func ExampleUser() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/me", func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "Hello, %s", user.Nickname)
	})

	page := httptest.NewRequest(http.MethodGet, "/me", nil)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, page.WithContext(core.WithUser(page.Context(), &core.User{Nickname: "小明"})))
	fmt.Println(w.Body)
	// Output: Hello, 小明
}
