package sessionstore

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gorilla/securecookie"
	"github.com/stretchr/testify/require"
)

func TestOpenRefuses(t *testing.T) {
	codecs, err := NewCodecs([][]byte{bytes.Repeat([]byte{1}, 32)}, "test")
	require.NoError(t, err)
	const never = "\xff\xff\xff\xff"
	for _, tt := range []struct{ name, record, want string }{
		{"nothing but a version", "\x01", "cut"},
		{"an older version", "\x00" + never + "\x01sv", "unknown version"},
		{"a newer version", "\x03" + never + "\x01sv", "unknown version"},
		{"no key", "\x01" + never, "cut"},
		{"a key that is longer than the record", "\x01" + never + "\xffs", "cut"},
		{"values that are no gob", "\x02" + never + "rubbish", "cannot be read"},
		{"an expiry in the past", "\x01\x00\x00\x00\x01\x01sv", "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sealed, err := securecookie.EncodeMulti("n", []byte(tt.record), codecs...)
			require.NoError(t, err)
			values, _, err := Open(codecs, "n", sealed)
			if values != nil || err == nil || !strings.Contains(err.Error(), tt.want) || !Anonymous(err) {
				t.Errorf("Open = %v, %v; want an error that says %q", values, err, tt.want)
			}
		})
	}
}
