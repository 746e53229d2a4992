package stores_test

import (
	"bytes"
	"testing"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// An embedding store is how gin-contrib/sessions offers gorilla's.
type embedding struct{ *sessions.CookieStore }

func TestReadable(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	own, err := sessionstore.NewCookie(key)
	require.NoError(t, err)
	for _, tt := range []struct {
		name  string
		store sessions.Store
		want  bool
	}{
		{"gorilla's cookie store with a hash key alone", sessions.NewCookieStore(key), true},
		{"gorilla's cookie store with no key at all", sessions.NewCookieStore(), true},
		{"gorilla's cookie store with a block key", sessions.NewCookieStore(key, key), false},
		{"a store that embeds one with a hash key alone", &embedding{sessions.NewCookieStore(key)}, true},
		{"a store that embeds one with a block key", embedding{sessions.NewCookieStore(key, key)}, false},
		{"a store that embeds nothing", &embedding{}, false},
		{"a store that embeds ours", struct{ *sessionstore.CookieStore }{own}, false},
		{"a store on a server", sessions.NewFilesystemStore(t.TempDir(), key), false},
		{"ours", own, false},
		{"none", nil, false},
	} {
		require.Equal(t, tt.want, stores.Readable(tt.store), tt.name)
	}
}
