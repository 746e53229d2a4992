package sessionstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore"
)

func TestAnonymous(t *testing.T) {
	decode := func(codec securecookie.Codec, value string) error {
		return securecookie.DecodeMulti("n", value, new(string), codec)
	}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"no error", nil, true},
		{"not found", fmt.Errorf("load: %w", sessionstore.ErrNotFound), true},
		{"no cookie", http.ErrNoCookie, true},
		{"no file", &fs.PathError{Op: "open", Path: "session_x", Err: fs.ErrNotExist}, true},
		{"a forged cookie", decode(securecookie.New(key(1), nil), "x"), true},
		{"a cookie beyond securecookie's limit", decode(securecookie.New(key(1), nil), strings.Repeat("x", 5000)), true},
		{"a store without keys", decode(securecookie.New(nil, nil), "x"), false},
		{"a connection refused", errors.New("connection refused"), false},
		{"a timeout", context.DeadlineExceeded, false},
		{"no permission", fs.ErrPermission, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, sessionstore.Anonymous(tt.err), tt.err)
		})
	}
}

// gorilla's own stores hand out these errors, so they are told apart with real ones.
func TestAnonymousWithGorillaStores(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	store := sessions.NewFilesystemStore(t.TempDir(), key(1))
	sealed, err := securecookie.EncodeMulti(name, "AGONEID", store.Codecs...)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: name, Value: sealed})
	if _, err := store.New(r, name); err == nil || !sessionstore.Anonymous(err) {
		t.Errorf("a session file that is gone: %v; want an error that means nobody", err)
	}
}
