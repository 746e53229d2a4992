// Package storetest tests whether a gorilla [sessions.Store] is a good store for logins:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) sessions.Store { return newStore(t) })
//	}
//
// It uses a store as the login engines do: one []byte under one short key, Options set before
// every Save, and at a login the old record is deleted and a new session begun. A store passes if
// a cookie signs somebody in only if the store has given it to them.
package storetest
