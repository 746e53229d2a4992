// Package sessionstore keeps a session in one sealed cookie, so that an app needs no server for its
// sessions.
//
//	store, err := sessionstore.NewCookie(key) // 32 random bytes, the same in every process
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.HandleFunc("/basket", func(w http.ResponseWriter, r *http.Request) {
//		session, err := store.Get(r, "shop")
//		if !sessionstore.Anonymous(err) { // a store on a server may be down
//			http.Error(w, "try again", http.StatusServiceUnavailable)
//			return
//		}
//		session.Values["basket"] = 7
//		if err := session.Save(r, w); err != nil {
//			http.Error(w, "try again", http.StatusServiceUnavailable)
//		}
//	})
//
// [CookieStore] is a gorilla sessions.Store and serves any program that uses one, with WeChat or
// without.
//
// For authors of other stores: [NewCodecs], [Seal] and [Open] seal values with keys, [ErrNotFound]
// is how a store says that there is no session, as opposed to an outage, [Outcomes] and [Ender] are
// optional abilities of a store, and the package storetest has the tests that every store must
// pass.
package sessionstore
