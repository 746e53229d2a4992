// Command chi is the example app on chi: WeChat login for a group of routes.
//
//	go run ./examples/chi
package main

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
)

func main() { demo.Main("chi", routes) }

func routes(app *demo.App) (http.Handler, error) {
	auth, err := wxoauth.New(app.Web)
	if err != nil {
		return nil, err
	}
	app.Ends(app.Web.AppID, auth.EndSessions)
	r := chi.NewRouter()
	// chi's own middleware.Logger would write queries, and with them login codes.
	r.Use(demo.AccessLog, middleware.Recoverer)
	r.Get("/healthz", demo.Healthz)

	// A public page that knows who is signed in.
	r.With(auth.Optional()).Get("/", app.HomePage)

	// A public page whose script logs in.
	r.Get("/spa", app.ScriptPage)

	// Only for signed-in users. Others are sent to WeChat and come back.
	r.Group(func(r chi.Router) {
		r.Use(auth.Middleware())
		r.HandleFunc("/me", app.ProfilePage)
		r.HandleFunc("/api/me", userJSON)
		r.HandleFunc("/api/jssdk", app.PageSignature)
		r.HandleFunc("/events", app.Events)
	})

	// The openid is enough here, so WeChat does not ask the user.
	r.With(auth.Require(wxoauth.ScopeBase)).HandleFunc("/base", app.BasePage)

	// Before a payment: is it still the same user? WeChat says so without a word to the user.
	r.With(auth.RequireFresh(5*time.Minute)).HandleFunc("/pay", userJSON)

	auth.Mount(r) // login, logout, the script

	// A mini program brings a token in a header instead of a cookie.
	if app.Mini != nil {
		mini, err := wxoauth.NewMini(*app.Mini)
		if err != nil {
			return nil, err
		}
		app.Ends(app.Mini.AppID, mini.EndSessions)
		r.Handle("/mini/login", mini.Login())
		r.With(mini.Middleware()).HandleFunc("/mini/me", userJSON)
		r.Handle("/mini/logout", mini.Logout())
		// Its web-view is signed in by an address that works once.
		r.With(mini.Middleware()).Post("/mini/handover", demo.Handover(auth.HandoverURL))
	}
	if app.Push != nil {
		r.Handle("/push", app.Push)
	}
	return r, nil
}

// userJSON answers with the signed-in user.
func userJSON(w http.ResponseWriter, r *http.Request) {
	user, _ := wxoauth.User(r)
	demo.WriteJSON(w, http.StatusOK, user)
}
