package sessionstore_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore"
)

func TestAPrintedStoreShowsNoKey(t *testing.T) {
	store, err := sessionstore.NewCookie(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.Equal(t, "sessionstore.CookieStore", fmt.Sprintf(verb, store), verb)
	}
}
