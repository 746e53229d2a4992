package main

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
)

// wechat adds the login with WeChat: a way in, a JWT for the phone app, and a page where somebody
// who is signed in by password binds their WeChat account.
func (b *book) wechat(r *gin.Engine) error {
	key, err := base64.StdEncoding.DecodeString(os.Getenv("SESSION_KEY"))
	if err != nil {
		return err
	}
	auth, err := wxoauth.New(wxoauth.Config{
		AppID:      os.Getenv("WECHAT_APPID"),
		Secret:     wxoauth.Secret(os.Getenv("WECHAT_SECRET")),
		PublicURL:  os.Getenv("PUBLIC_URL"),
		Keys:       [][]byte{key},
		APIURL:     os.Getenv("WECHAT_API_URL"),
		OpenURL:    os.Getenv("WECHAT_OPEN_URL"),
		AnyBrowser: os.Getenv("WECHAT_OPEN_URL") != "",
	})
	if err != nil {
		return err
	}
	// The session stays the app's own: these routes only turn a WeChat user into a name.
	guard := auth.Middleware()
	r.GET("/wechat/enter", guard, func(c *gin.Context) { signIn(c, b.nameOf(c)) })
	// region own-jwt
	r.GET("/wechat/token", guard, func(c *gin.Context) {
		b.mint(c, b.nameOf(c)) // your own JWT, for who WeChat says this is
	})
	// endregion
	// region bind
	r.GET("/account/wechat", guard, func(c *gin.Context) { // comes back from WeChat to this very page
		user, _ := wxoauth.User(c)
		_ = bindPage.Execute(c.Writer, []string{signedIn(c), user.Nickname})
	})
	var sameOrigin http.CrossOriginProtection
	r.POST("/account/wechat", guard, func(c *gin.Context) {
		if name := signedIn(c); name == "" || sameOrigin.Check(c.Request) != nil || !b.bind(c, name) {
			c.String(http.StatusForbidden, "Not bound")
			return
		}
		c.Redirect(http.StatusSeeOther, "/")
	})
	// endregion
	r.GET("/wechat/login", auth.Login())
	return nil
}

var bindPage = template.Must(template.New("").Parse(`<!doctype html><title>Notebook</title>
<h1>Bind WeChat?</h1><p>{{index . 1}} will be able to log in as {{index . 0}}.</p>
<form method="post"><button>Bind</button></form>`))

// nameOf returns the name of the WeChat user of a request. Whoever comes the first time gets one.
func (b *book) nameOf(c *gin.Context) string {
	user, _ := wxoauth.User(c)
	b.mu.Lock()
	defer b.mu.Unlock()
	name, known := b.names[user.AppID+" "+user.OpenID]
	if !known {
		name = "wechat-" + user.OpenID
		b.names[user.AppID+" "+user.OpenID] = name
	}
	return name
}

// bind lets the WeChat user of a request log in by name, unless they have another one.
func (b *book) bind(c *gin.Context, name string) bool {
	user, _ := wxoauth.User(c)
	b.mu.Lock()
	defer b.mu.Unlock()
	if other, known := b.names[user.AppID+" "+user.OpenID]; known {
		return other == name
	}
	b.names[user.AppID+" "+user.OpenID] = name
	return true
}
