// Package oauth logs WeChat users in on the web: inside WeChat by an official account, in other
// browsers by QR code.
//
// [Auth] is the engine behind every adapter. [Auth.Admit] is the whole decision about a request:
// it returns the request to pass on, with the user on its context, or has answered already with
// a redirect to WeChat, a 401 or an error page. Most programs use it through a package in
// adapters/. A middleware of your own is short:
//
//	auth, err := oauth.New(oauth.Config{
//		AppID: "wx…", Secret: "…", PublicURL: "https://shop.example.com", Keys: [][]byte{key},
//	})
//	…
//	guard := func(next http.Handler) http.Handler {
//		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//			if r, ok := auth.Admit(w, r, ""); ok {
//				next.ServeHTTP(w, r) // core.UserFrom(r.Context()) says who it is
//			}
//		})
//	}
//
// Admit may be called at any depth and for any path: WeChat sends the browser back to the very URL
// that it was asked for, so there is no callback route.
//
// [Client] holds the wire calls alone, for programs with a session handling of their own.
package oauth
