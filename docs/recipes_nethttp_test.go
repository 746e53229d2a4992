package docs_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
)

func TestReadmeOnNetHTTP(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})
	app := wxoauth.Middleware(cfg)(mux)

	shop.greets(t, app)
}

func TestRecipeGuardGroupOnNetHTTP(t *testing.T) {
	shop := openShop(t)
	mux, cfg := http.NewServeMux(), shop.config()
	home := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hello, stranger") })
	cart := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})
	routes := func() error {
		// region guard-group-nethttp
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		guard := auth.Middleware()
		mux.Handle("GET /{$}", auth.Optional()(home))
		mux.Handle("GET /shop/cart", guard(cart))
		mux.Handle("GET /wechat/login", auth.Login())
		mux.Handle("POST /wechat/logout", auth.Logout())
		// endregion
		return nil
	}
	require.NoError(t, routes())
	want(t, shop.open(mux, "/"), http.StatusOK, "Hello, stranger")
	want(t, shop.open(mux, "/shop/cart"), http.StatusOK, "Hello, 小明")
	want(t, shop.open(mux, "/wechat/login?return_to=/shop/cart"), http.StatusOK, "Hello, 小明")
}

// A program that takes a path away itself: browsers and our handlers see it, the app does not.
func TestRecipeStripPrefixOnNetHTTP(t *testing.T) {
	shop := openShop(t)
	outer, app, cfg := http.NewServeMux(), http.NewServeMux(), shop.config()
	me := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})
	routes := func() error {
		// region strip-prefix
		cfg.LoginPath = "/club/wechat/login" // as browsers see it; PublicURL is without the path
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		auth.Mount(outer) // not app, which does not see /club
		app.Handle("GET /me", auth.Middleware()(me))
		outer.Handle("/club/", http.StripPrefix("/club", app))
		// endregion
		return nil
	}
	require.NoError(t, routes())
	want(t, shop.open(outer, "/club/me"), http.StatusOK, "Hello, 小明")
	want(t, shop.open(outer, "/club/wechat/login?return_to=/club/me"), http.StatusOK, "Hello, 小明")
}
