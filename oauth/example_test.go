package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// An Auth decides, a framework's adapter obeys: this is a whole middleware.
func Example() {
	auth, err := oauth.New(oauth.Config{
		AppID: "wx0123456789abcdef", Secret: "the AppSecret", PublicURL: "https://shop.example.com",
		Keys: [][]byte{[]byte("32 random bytes, kept as secrets")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r, ok := auth.Admit(w, r, oauth.ScopeBase)
			if !ok {
				return // Admit has answered: a redirect, a 401 or an error page
			}
			next.ServeHTTP(w, r)
		})
	}
	app := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := core.UserFrom(r.Context())
		fmt.Fprintf(w, "Hello, %s", user.OpenID)
	}))

	for _, accept := range []string{"text/html", "application/json"} { // a page in WeChat, and its script
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/me", nil)
		r.Header.Set("Accept", accept)
		r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0.53")
		app.ServeHTTP(w, r)
		to, _ := url.Parse(w.Header().Get("Location"))
		fmt.Println(w.Code, to.Host+w.Body.String(), to.Query().Get("redirect_uri"))
	}
	// Output:
	// 302 open.weixin.qq.com https://shop.example.com/me
	// 401 {"error":"login_required","login_url":"https://shop.example.com/wechat/login"}
}

// All that is wrong with a Config is said at once, and no value is shown.
func ExampleNew_faults() {
	_, err := oauth.New(oauth.Config{AppID: "wx0123456789abcdef", PublicURL: "shop.example.com", Keys: [][]byte{[]byte("secret")}})
	fmt.Println(err)
	// Output:
	// oauth: Config.Secret is missing
	// oauth: Config.PublicURL is not of the form https://host[:port]
	// oauth: Config.Keys[0] is shorter than 32 bytes
}

// A program with sessions of its own makes the calls itself: without a code there is a page to
// redirect to, with the code of the callback there is a user.
func ExampleClient_AuthorizeUserInfo() {
	wechat := wxsim.New(wxsim.Config{})
	if err := wechat.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer wechat.Close()
	client, err := oauth.NewClient(oauth.ClientConfig{
		AppID: wechat.AppID(), Secret: core.Secret(wechat.Secret()), RedirectURI: "https://shop.example.com/login",
		APIURL: wechat.URL, OpenURL: wechat.URL, // leave both out for the real WeChat
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	const state = "random1" // one per visitor, kept in your session, compared at the callback
	page, _, err := client.AuthorizeUserInfo(context.Background(), oauth.FlowParams{State: state})
	if err != nil {
		fmt.Println(err)
		return
	}
	to, _ := url.Parse(page)
	fmt.Println(to.Path, to.Query().Get("scope"))

	code := wechat.NewCode(wechat.AppID(), wechat.Users()[0].OpenID, "snsapi_userinfo") // the user allowed it
	_, user, err := client.AuthorizeUserInfo(context.Background(), oauth.FlowParams{
		Code: code, State: state,
		OnToken: func(_ context.Context, t *oauth.Token) error {
			fmt.Println("store the token of", t.Scope)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Nickname, user.Snapshot)
	// Output:
	// /connect/oauth2/authorize snsapi_userinfo
	// store the token of snsapi_userinfo
	// 小明 false
}

// WeChat says why it refuses: branch on the code, and never on the text.
func ExampleClient_Exchange() {
	wechat := wxsim.New(wxsim.Config{})
	if err := wechat.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer wechat.Close()
	client, err := oauth.NewClient(oauth.ClientConfig{AppID: wechat.AppID(), Secret: core.Secret(wechat.Secret()), APIURL: wechat.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	code := wechat.NewCode(wechat.AppID(), wechat.Users()[0].OpenID, "snsapi_base")
	for range 2 {
		token, err := client.Exchange(context.Background(), code)
		switch {
		case errors.Is(err, core.ErrCodeUsed):
			fmt.Println("the code was used before")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println("granted", token.Scope)
		}
	}
	// Output:
	// granted snsapi_base
	// the code was used before
}
