// Package sessionstore keeps a login in one sealed cookie, so that an app needs no server for its
// sessions. [CookieStore] is a gorilla [sessions.Store] and serves any gorilla user:
//
//	store, err := sessionstore.NewCookie(key) // 32 random bytes, the same in every process
//	…
//	session, err := store.Get(r, "shop")
//	session.Values["basket"] = 7
//	err = store.Save(r, w, session)
//
// For authors of other stores: [NewCodecs], [Seal] and [Open] are the seal, [ErrNotFound] tells a
// missing session from an outage, [Outcomes] and [Ender] are optional extras, and the package storetest is
// the contract that every store must pass.
package sessionstore
