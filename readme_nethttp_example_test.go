package wxoauth_test

import (
	"fmt"
	"net/http"
	"testing"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
)

func TestReadmeOnNetHTTP(t *testing.T) {
	shop := openShop(t)
	cfg := shop.configOfReadme(t)

	// region nethttp
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})
	app := wxoauth.Middleware(cfg)(mux)
	// endregion

	shop.greets(t, app)
}
