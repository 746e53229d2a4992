// Package oauth logs WeChat users in on the web: inside WeChat by an official account, in other
// browsers by QR code.
//
//	auth, err := oauth.New(oauth.Config{
//		AppID:     os.Getenv("WECHAT_APPID"), // of the official account
//		Secret:    core.Secret(os.Getenv("WECHAT_SECRET")),
//		PublicURL: "https://shop.example.com",
//		Keys:      [][]byte{key}, // 32 random bytes, the same in every process
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
//		if r, ok := auth.Admit(w, r, ""); ok { // if not, the request is answered already
//			user, _ := core.UserFrom(r.Context())
//			fmt.Fprintln(w, "hello", user.Nickname)
//		}
//	})
//
// Most programs do not call it, but take the middleware of a package in adapters/, all of which are
// thin layers over [Auth].
//
// [Auth.Admit] decides whether a request may pass. It returns the request to pass on, with the user
// on its context, or it has answered already: with a redirect to WeChat, a 401 for a script, or an
// error page. It may be called anywhere and for any path. WeChat sends the browser back to the same
// URL that it had asked for, so there is no callback route to register.
//
// [Client] has the calls to WeChat alone, for programs that keep sessions of their own.
package oauth
