// Command echo is the example app on echo, with an adapter of its own: see docs/adapters.md. It is
// a module by itself, so that no user of the library downloads echo.
//
//	cd examples/frameworks/echo && go run .
package main

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/wxoauth/wxoauth/examples/frameworks/echo/wxoauth"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
)

func main() { demo.Main("echo", routes) }

func routes(app *demo.App) (http.Handler, error) {
	auth, err := wxoauth.New(app.Web)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Use(middleware.Recover())
	e.GET("/healthz", echo.WrapHandler(http.HandlerFunc(demo.Healthz)))

	// A public page that knows who is signed in.
	e.GET("/", echo.WrapHandler(http.HandlerFunc(app.HomePage)), auth.Optional())

	// Only for signed-in users. Others are sent to WeChat and come back.
	guarded := e.Group("", auth.Middleware())
	guarded.Any("/me", echo.WrapHandler(http.HandlerFunc(app.ProfilePage)))
	guarded.Any("/api/me", userJSON)
	guarded.Any("/api/jssdk", echo.WrapHandler(http.HandlerFunc(app.PageSignature)))
	guarded.Any("/events", echo.WrapHandler(http.HandlerFunc(app.Events)))

	// The openid is enough here, so WeChat does not ask the user.
	e.Any("/base", userJSON, auth.Require(wxoauth.ScopeBase))

	e.Any("/wechat/login", auth.Login())
	e.Any("/wechat/logout", auth.Logout())

	// A mini program brings a token in a header instead of a cookie.
	if app.Mini != nil {
		mini, err := wxoauth.NewMini(*app.Mini)
		if err != nil {
			return nil, err
		}
		e.Any("/mini/login", mini.Login())
		e.Any("/mini/me", userJSON, mini.Middleware())
		e.Any("/mini/logout", mini.Logout())
	}
	if app.Push != nil {
		e.Any("/push", echo.WrapHandler(app.Push))
	}
	return demo.AccessLog(e), nil
}

// userJSON answers with the signed-in user.
func userJSON(c echo.Context) error {
	user, _ := wxoauth.User(c)
	return c.JSON(http.StatusOK, user)
}
