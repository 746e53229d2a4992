// Command nethttp is the example app on net/http alone: WeChat login in a mux.
//
//	go run ./examples/nethttp
package main

import (
	"net/http"
	"time"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
)

func main() { demo.Main("nethttp", routes) }

func routes(app *demo.App) (http.Handler, error) {
	auth, err := wxoauth.New(app.Web)
	if err != nil {
		return nil, err
	}
	app.Ends(app.Web.AppID, auth.EndSessions)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", demo.Healthz)

	// A public page that knows who is signed in.
	mux.Handle("GET /{$}", auth.Optional()(http.HandlerFunc(app.HomePage)))

	// A public page whose script logs in.
	mux.HandleFunc("GET /spa", app.ScriptPage)

	// Only for signed-in users. Others are sent to WeChat and come back.
	guard := auth.Middleware()
	mux.Handle("/me", guard(http.HandlerFunc(app.ProfilePage)))
	mux.Handle("/api/me", guard(http.HandlerFunc(userJSON)))
	mux.Handle("/api/jssdk", guard(http.HandlerFunc(app.PageSignature)))
	mux.Handle("/events", guard(http.HandlerFunc(app.Events)))

	// The openid is enough here, so WeChat does not ask the user.
	mux.Handle("/base", auth.Require(wxoauth.ScopeBase)(http.HandlerFunc(app.BasePage)))

	// Before a payment: is it still the same user? WeChat says so without a word to the user.
	mux.Handle("/pay", auth.RequireFresh(5*time.Minute)(http.HandlerFunc(userJSON)))

	auth.Mount(mux) // login, logout, the script

	// A mini program brings a token in a header instead of a cookie.
	if app.Mini != nil {
		mini, err := wxoauth.NewMini(*app.Mini)
		if err != nil {
			return nil, err
		}
		app.Ends(app.Mini.AppID, mini.EndSessions)
		mux.Handle("/mini/login", mini.Login())
		mux.Handle("/mini/me", mini.Middleware()(http.HandlerFunc(userJSON)))
		mux.Handle("/mini/logout", mini.Logout())
		// Its web-view is signed in by an address that works once.
		mux.Handle("POST /mini/handover", mini.Middleware()(demo.Handover(auth.HandoverURL)))
	}
	if app.Push != nil {
		mux.Handle("/push", app.Push)
	}
	return demo.AccessLog(mux), nil
}

// userJSON answers with the signed-in user.
func userJSON(w http.ResponseWriter, r *http.Request) {
	user, _ := wxoauth.User(r)
	demo.WriteJSON(w, http.StatusOK, user)
}
