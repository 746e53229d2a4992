package docs_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
)

func TestReadmeOnChi(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()

	r := chi.NewRouter()
	r.Use(wxoauth.Middleware(cfg))
	r.Get("/me", func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})

	shop.greets(t, r)
}

func TestRecipeGuardGroupOnChi(t *testing.T) {
	shop := openShop(t)
	r, cfg := chi.NewRouter(), shop.config()
	home := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hello, stranger") }
	cart := func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	}
	routes := func() error {
		// region guard-group-chi
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		r.With(auth.Optional()).Get("/", home)
		r.Route("/shop", func(r chi.Router) {
			r.Use(auth.Middleware())
			r.Get("/cart", cart)
		})
		r.Handle("/wechat/login", auth.Login())
		r.Handle("/wechat/logout", auth.Logout())
		// endregion
		return nil
	}
	require.NoError(t, routes())
	want(t, shop.open(r, "/"), http.StatusOK, "Hello, stranger")
	want(t, shop.open(r, "/shop/cart"), http.StatusOK, "Hello, 小明")
	want(t, shop.open(r, "/wechat/login?return_to=/shop/cart"), http.StatusOK, "Hello, 小明")
}
