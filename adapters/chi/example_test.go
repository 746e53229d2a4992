package wxoauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
	"github.com/wxoauth/wxoauth/core"
)

// config is a made-up account's. Real keys are random.
func config() wxoauth.Config {
	return wxoauth.Config{
		AppID: "wx0123456789abcdef", Secret: "secret", PublicURL: "https://shop.example.com",
		Keys: [][]byte{[]byte("32 random bytes, kept as secrets")},
	}
}

// open loads a page in WeChat, without a session, and tells where it leads.
func open(app http.Handler, path string) {
	page := httptest.NewRequest(http.MethodGet, path, nil)
	page.Header.Set("Accept", "text/html")
	page.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0.53")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, page)
	if to, err := url.Parse(w.Header().Get("Location")); err == nil && to.Host != "" {
		fmt.Println(path, w.Code, to.Host, to.Query().Get("scope"))
		return
	}
	if strings.Contains(w.Body.String(), `data-page="ask"`) {
		fmt.Println(path, w.Code, "the page that asks first")
		return
	}
	fmt.Println(path, w.Code, w.Body)
}

// One line guards everything behind it.
func Example() {
	r := chi.NewRouter()
	r.Use(wxoauth.Middleware(config()))
	r.Get("/me", func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	})

	open(r, "/me")
	// Output: /me 401 the page that asks first
}

// Some routes are for everybody, some want an openid, some a profile.
func ExampleNew() {
	auth, err := wxoauth.New(config())
	if err != nil {
		fmt.Println(err)
		return
	}
	hello := func(w http.ResponseWriter, r *http.Request) {
		_, signedIn := wxoauth.User(r)
		fmt.Fprintf(w, "signed in: %t", signedIn)
	}
	r := chi.NewRouter()
	r.With(auth.Optional()).Get("/", hello)
	r.With(auth.Require(wxoauth.ScopeBase)).Get("/menu", hello)
	r.Route("/members", func(r chi.Router) {
		r.Use(auth.Require(wxoauth.ScopeUserInfo))
		r.Get("/profile", hello)
	})
	r.Handle("/wechat/login", auth.Login())
	r.Handle("/wechat/logout", auth.Logout())

	open(r, "/")
	open(r, "/menu")
	open(r, "/members/profile")
	// Output:
	// / 200 signed in: false
	// /menu 302 open.weixin.qq.com snsapi_base
	// /members/profile 401 the page that asks first
}

// In a test of a handler there is no middleware: put the user on the context.
func ExampleUser() {
	me := func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		fmt.Fprintf(w, "Hello, %s", user.Nickname)
	}

	page := httptest.NewRequest(http.MethodGet, "/me", nil)
	w := httptest.NewRecorder()
	me(w, page.WithContext(core.WithUser(page.Context(), &core.User{Nickname: "小明"})))
	fmt.Println(w.Body)
	// Output: Hello, 小明
}
