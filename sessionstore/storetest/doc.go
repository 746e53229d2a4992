// Package storetest is the contract of a session store, as a test that any gorilla
// [sessions.Store] can be run through:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) sessions.Store { return newStore(t) })
//	}
//
// It uses a store the way the login engines do: one []byte under one short key, Options set before
// every Save, and at a login the old record deleted and a new session begun. A store passes if
// nobody is ever taken for somebody by a cookie that this store did not give them.
package storetest
