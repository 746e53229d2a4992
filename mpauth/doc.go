// Package mpauth signs in the users of a WeChat mini program and keeps their sessions.
//
//	auth, err := mpauth.New(mpauth.Config{
//		AppID:  os.Getenv("WECHAT_APPID"), // of the mini program
//		Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//		Keys:   [][]byte{key}, // 32 random bytes, the same in every process
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.Handle("/mini/login", auth.LoginHandler())
//	http.HandleFunc("/mini/me", func(w http.ResponseWriter, r *http.Request) {
//		if r, ok := auth.Admit(w, r); ok { // if not, the request is answered already
//			user, _ := core.UserFrom(r.Context())
//			fmt.Fprintln(w, "hello", user.OpenID)
//		}
//	})
//
// A mini program has no cookies. It sends the code of wx.login to [Auth.LoginHandler], gets a
// token, and sends that as "Authorization: Bearer <token>" with every request. [Auth.Admit] then
// puts the user and the [Session] on the request's context. A token is the value of the cookie
// that the session store would set for a browser, so any gorilla store can keep the sessions.
//
// WeChat's session_key stays on the server: a [SessionKey] does not print, and the mini program
// gets it only inside a sealed token. [Decrypt] opens what WeChat encrypts with it, for example
// for wx.getUserProfile.
//
// [Client] has the calls to WeChat alone, for programs that keep sessions of their own.
package mpauth
