// Command fiber puts routes of Fiber behind WeChat login, with the adapter of wxoauth.go.
//
//	WECHAT_APPID=… WECHAT_SECRET=… PUBLIC_URL=http://127.0.0.1:8080 go run .
package main

import (
	"os"

	"github.com/gofiber/fiber/v3"

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
	app := fiber.New()
	routes(app, auth)
	if err := app.Listen("127.0.0.1:8080"); err != nil {
		panic(err)
	}
}

func routes(app *fiber.App, auth *Auth) {
	app.Get("/", auth.Optional(), home)
	app.Get("/me", auth.Middleware(), me)
	app.All("/wechat/login", auth.Login())
	app.All("/logout", auth.Logout())
	app.Get("/wxoauth.js", answerWith(web.Script()))
}

// home is for everybody.
func home(c fiber.Ctx) error {
	user, signedIn := User(c)
	return c.JSON(fiber.Map{"signed_in": signedIn, "user": user})
}

// me is for signed-in users. Others are sent to WeChat and come back.
func me(c fiber.Ctx) error {
	user, _ := User(c)
	return c.JSON(user)
}
