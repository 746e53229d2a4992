package adaptertest_test

import (
	"bytes"
	"testing"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

// TestGorillaSessions takes stores of gorilla/sessions through what does not depend on how a
// cookie is written.
func TestGorillaSessions(t *testing.T) {
	for _, store := range []adaptertest.Store{
		{Name: "CookieStore", Open: func(*testing.T) func(keys [][]byte) sessions.Store {
			return func(keys [][]byte) sessions.Store {
				return sessions.NewCookieStore(pairs(keys)...)
			}
		}},
		{Name: "FilesystemStore", OnServer: true, Open: func(t *testing.T) func(keys [][]byte) sessions.Store {
			t.Helper()
			folder := t.TempDir()
			return func(keys [][]byte) sessions.Store {
				return sessions.NewFilesystemStore(folder, pairs(keys)...)
			}
		}},
	} {
		t.Run(store.Name, func(t *testing.T) {
			adaptertest.RunGroups(t, adaptertest.NetHTTP(), store, "Login", "Callback", "Scopes", "Failures", "Logout", "Hooks")
		})
	}
}

// pairs gives each key as a hash key and a block key.
func pairs(keys [][]byte) (all [][]byte) {
	for _, key := range keys {
		all = append(all, key, bytes.ToUpper(key)[:32])
	}
	return all
}
