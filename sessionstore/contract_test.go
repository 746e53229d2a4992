package sessionstore_test

import (
	"testing"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) sessions.Store {
		t.Helper()
		return newCookie(t, key(1), key(2))
	})
}

// The contract is no mirror of our own store: those of gorilla/sessions keep it as well, but for
// the rules they are excused from.
func TestContractOfGorillaStores(t *testing.T) {
	t.Run("cookie with a block key", func(t *testing.T) {
		storetest.Suite{
			New:         func(*testing.T) sessions.Store { return sessions.NewCookieStore(key(1), key(2)) },
			FixedExpiry: true, LooseSpelling: true, LogoutKeepsValue: true,
		}.Run(t)
	})
	t.Run("file system", func(t *testing.T) {
		storetest.Suite{
			New: func(t *testing.T) sessions.Store {
				t.Helper()
				return sessions.NewFilesystemStore(t.TempDir(), key(1), key(2))
			},
			FixedExpiry: true, LooseSpelling: true,
		}.Run(t)
	})
}
