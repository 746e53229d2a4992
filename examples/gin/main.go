// Command gin is the example app on gin: WeChat login for a group of routes.
//
//	go run ./examples/gin
package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
)

func main() { demo.Main("gin", routes) }

func routes(app *demo.App) (http.Handler, error) {
	auth, err := wxoauth.New(app.Web)
	if err != nil {
		return nil, err
	}
	app.Ends(app.Web.AppID, auth.EndSessions)
	gin.SetMode(gin.ReleaseMode) // in debug mode gin.Recovery writes cookies
	r := gin.New()
	r.Use(gin.LoggerWithFormatter(withoutQuery), gin.Recovery())
	r.GET("/healthz", gin.WrapF(demo.Healthz))

	// A public page that knows who is signed in.
	r.GET("/", auth.Optional(), gin.WrapF(app.HomePage))

	// A public page whose script logs in.
	r.GET("/spa", gin.WrapF(app.ScriptPage))

	// Only for signed-in users. Others are sent to WeChat and come back.
	guarded := r.Group("/", auth.Middleware())
	guarded.Any("/me", gin.WrapF(app.ProfilePage))
	guarded.Any("/api/me", userJSON)
	guarded.Any("/api/jssdk", gin.WrapF(app.PageSignature))
	guarded.Any("/events", gin.WrapF(app.Events))

	// The openid is enough here, so WeChat does not ask the user.
	r.Any("/base", auth.Require(wxoauth.ScopeBase), gin.WrapF(app.BasePage))

	// Before a payment: is it still the same user? WeChat says so without a word to the user.
	r.Any("/pay", auth.RequireFresh(5*time.Minute), userJSON)

	auth.Mount(r) // login, logout, the script

	// A mini program brings a token in a header instead of a cookie.
	if app.Mini != nil {
		mini, err := wxoauth.NewMini(*app.Mini)
		if err != nil {
			return nil, err
		}
		app.Ends(app.Mini.AppID, mini.EndSessions)
		r.Any("/mini/login", mini.Login())
		r.Any("/mini/me", mini.Middleware(), userJSON)
		r.Any("/mini/logout", mini.Logout())
		// Its web-view is signed in by an address that works once.
		r.POST("/mini/handover", mini.Middleware(), gin.WrapF(demo.Handover(auth.HandoverURL)))
	}
	if app.Push != nil {
		r.Any("/push", gin.WrapH(app.Push))
	}
	return r, nil
}

// withoutQuery is a line of the access log. gin.Default would write queries, which hold login
// codes.
func withoutQuery(p gin.LogFormatterParams) string {
	return fmt.Sprintf("%s %d %s %s %s\n", p.TimeStamp.Format(time.RFC3339), p.StatusCode, p.Method,
		p.Request.URL.Path, p.Latency)
}

// userJSON answers with the signed-in user.
func userJSON(c *gin.Context) {
	user, _ := wxoauth.User(c)
	c.JSON(http.StatusOK, user)
}
