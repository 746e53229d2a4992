package stores_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/sessionstore"
)

func TestAStoreThatEmbedsAPeekerIsNone(t *testing.T) {
	ours, err := sessionstore.NewCookie(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	if p, ok := stores.PeekerOf(ours); !ok || p != stores.Peeker(ours) {
		t.Error("our own store cannot be peeked into")
	}
	if _, ok := stores.PeekerOf(struct{ *sessionstore.CookieStore }{ours}); ok {
		t.Error("a store of the app's own is peeked into, past its New")
	}
	if _, ok := stores.PeekerOf(nil); ok {
		t.Error("no store is peeked into")
	}
}
