// Command iris puts routes of Iris behind WeChat login.
//
//	WECHAT_APPID=… WECHAT_SECRET=… PUBLIC_URL=http://127.0.0.1:8080 go run .
package main

import (
	"net/http"
	"os"

	"github.com/kataras/iris/v12"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
)

func main() {
	auth, err := wxoauth.New(wxoauth.Config{
		AppID:     os.Getenv("WECHAT_APPID"),
		Secret:    wxoauth.Secret(os.Getenv("WECHAT_SECRET")),
		PublicURL: os.Getenv("PUBLIC_URL"),
		Keys:      [][]byte{[]byte(os.Getenv("SESSION_KEY"))},
		APIURL:    os.Getenv("WECHAT_API_URL"), // empty: the real WeChat
		OpenURL:   os.Getenv("WECHAT_OPEN_URL"),
	})
	if err != nil {
		panic(err)
	}
	app := iris.New()
	routes(app, auth)
	if err := app.Listen("127.0.0.1:8080"); err != nil {
		panic(err)
	}
}

// std makes a middleware of Iris from one of net/http.
func std(middleware func(http.Handler) http.Handler) iris.Handler {
	return func(ctx iris.Context) {
		middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx.ResetRequest(r) // with the user on its context
			ctx.Next()
		})).ServeHTTP(ctx.ResponseWriter(), ctx.Request())
	}
}

func routes(app *iris.Application, auth *wxoauth.Auth) {
	app.Get("/", std(auth.Optional()), home)
	app.Get("/me", std(auth.Middleware()), me)
	app.Any("/wechat/login", iris.FromStd(auth.Login()))
	app.Any("/logout", iris.FromStd(auth.Logout()))
	app.Get("/wxoauth.js", iris.FromStd(auth.Script()))
}

// home is for everybody.
func home(ctx iris.Context) {
	user, signedIn := wxoauth.User(ctx.Request())
	_ = ctx.JSON(iris.Map{"signed_in": signedIn, "user": user}) // Iris logs it
}

// me is for signed-in users. Others are sent to WeChat and come back.
func me(ctx iris.Context) {
	user, _ := wxoauth.User(ctx.Request())
	_ = ctx.JSON(user)
}
