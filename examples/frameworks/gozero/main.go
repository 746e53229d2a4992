// Command gozero puts routes of go-zero behind WeChat login, with the adapter of net/http.
//
//	WECHAT_APPID=… WECHAT_SECRET=… PUBLIC_URL=http://127.0.0.1:8080 go run .
package main

import (
	"net/http"
	"os"

	"github.com/zeromicro/go-zero/rest"
	"github.com/zeromicro/go-zero/rest/httpx"

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
	server := rest.MustNewServer(config("127.0.0.1", 8080))
	defer server.Stop()
	server.AddRoutes(routes(auth))
	server.Start()
}

// config leaves out two of go-zero's middlewares: Log writes query strings, and with them login
// codes; Timeout keeps an answer back until it is whole, so that nothing can be streamed.
func config(host string, port int) (c rest.RestConf) {
	c.Host, c.Port, c.MaxConns, c.MaxBytes = host, port, 10_000, 1<<20
	c.Mode = "pro"
	c.Middlewares = rest.MiddlewaresConf{
		Trace: true, Prometheus: true, MaxConns: true, Breaker: true, Shedding: true, Recover: true,
		Metrics: true, MaxBytes: true, Gunzip: true,
	}
	return c
}

func routes(auth *wxoauth.Auth) []rest.Route {
	guarded := rest.WithMiddleware(rest.ToMiddleware(auth.Middleware()), rest.Route{
		Method: http.MethodGet, Path: "/me", Handler: me,
	})
	return append(guarded,
		rest.Route{
			Method: http.MethodGet, Path: "/",
			Handler: auth.Optional()(http.HandlerFunc(home)).ServeHTTP,
		},
		// A middleware of go-zero runs for registered routes only: LoginPath is one.
		rest.Route{Method: http.MethodGet, Path: "/wechat/login", Handler: auth.Login().ServeHTTP},
		rest.Route{Method: http.MethodPost, Path: "/logout", Handler: auth.Logout().ServeHTTP},
		rest.Route{Method: http.MethodGet, Path: "/wxoauth.js", Handler: auth.Script().ServeHTTP},
	)
}

// home is for everybody.
func home(w http.ResponseWriter, r *http.Request) {
	user, signedIn := wxoauth.User(r)
	httpx.OkJson(w, map[string]any{"signed_in": signedIn, "user": user})
}

// me is for signed-in users. Others are sent to WeChat and come back.
func me(w http.ResponseWriter, r *http.Request) {
	user, _ := wxoauth.User(r)
	httpx.OkJson(w, user)
}
