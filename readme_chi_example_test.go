package wxoauth_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
)

func TestReadmeOnChi(t *testing.T) {
	shop := openShop(t)
	cfg := shop.configOfReadme(t)

	// region chi
	r := chi.NewRouter()
	r.Use(wxoauth.Middleware(cfg))
	r.Get("/me", func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})
	// endregion

	shop.greets(t, r)
}
