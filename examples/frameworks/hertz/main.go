// Command hertz puts routes of Hertz behind WeChat login, with the adapter of wxoauth.go.
//
//	WECHAT_APPID=… WECHAT_SECRET=… PUBLIC_URL=http://127.0.0.1:8080 go run .
package main

import (
	"context"
	"os"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/utils"
	"github.com/cloudwego/hertz/pkg/protocol/consts"
	"github.com/cloudwego/hertz/pkg/route"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/web"
)

func main() {
	auth, err := New(oauth.Config{
		AppID:     os.Getenv("WECHAT_APPID"),
		Secret:    core.Secret(os.Getenv("WECHAT_SECRET")),
		PublicURL: os.Getenv("PUBLIC_URL"),
		Keys:      [][]byte{[]byte(os.Getenv("SESSION_KEY"))},
		APIURL:    os.Getenv("WECHAT_API_URL"), // empty: the real WeChat
		OpenURL:   os.Getenv("WECHAT_OPEN_URL"),
	})
	if err != nil {
		panic(err)
	}
	h := server.Default(server.WithHostPorts("127.0.0.1:8080"))
	routes(h.Engine, auth)
	h.Spin()
}

func routes(h *route.Engine, auth *Auth) {
	h.GET("/", auth.Optional(), home)
	h.GET("/me", auth.Middleware(), me)
	h.Any("/wechat/login", auth.Login())
	h.Any("/logout", auth.Logout())
	h.GET("/wxoauth.js", answerWith(web.Script()))
}

// home is for everybody.
func home(ctx context.Context, c *app.RequestContext) {
	user, signedIn := User(ctx)
	c.JSON(consts.StatusOK, utils.H{"signed_in": signedIn, "user": user})
}

// me is for signed-in users. Others are sent to WeChat and come back.
func me(ctx context.Context, c *app.RequestContext) {
	user, _ := User(ctx)
	c.JSON(consts.StatusOK, user)
}
