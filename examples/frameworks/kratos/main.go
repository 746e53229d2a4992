// Command kratos puts routes of Kratos' HTTP server behind WeChat login, with the adapter of
// net/http.
//
//	WECHAT_APPID=… WECHAT_SECRET=… PUBLIC_URL=http://127.0.0.1:8080 go run .
package main

import (
	nethttp "net/http"
	"os"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/transport/http"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
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
	if err := kratos.New(kratos.Server(routes(auth,
		http.Address("127.0.0.1:8080")))).Run(); err != nil {
		panic(err)
	}
}

func routes(auth *wxoauth.Auth, opts ...http.ServerOption) *http.Server {
	server := http.NewServer(opts...)
	// A filter is a middleware of net/http. It may be the server's, a group's or a route's.
	server.Route("/", auth.Optional()).GET("/", home)
	server.Route("/", auth.Middleware()).GET("/me", me)
	server.Handle("/wechat/login", auth.Login())
	server.Handle("/logout", auth.Logout())
	server.Handle("/wxoauth.js", auth.Script())
	return server
}

// home is for everybody.
func home(ctx http.Context) error {
	user, signedIn := core.UserFrom(ctx)
	return ctx.JSON(nethttp.StatusOK, map[string]any{"signed_in": signedIn, "user": user})
}

// me is for signed-in users. Others are sent to WeChat and come back. In a service that protobuf
// describes, ctx is the service method's.
func me(ctx http.Context) error {
	user, _ := core.UserFrom(ctx)
	return ctx.JSON(nethttp.StatusOK, user)
}
