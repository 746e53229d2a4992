package sessionstore

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/stretchr/testify/require"
)

// FuzzOpen feeds the opener any string: nothing but what was sealed may open.
func FuzzOpen(f *testing.F) {
	key := []byte(rand.Text() + rand.Text()) // another one in each fuzzing process: no seed may open in all
	codecs, err := NewCodecs([][]byte{key}, "fuzz")
	require.NoError(f, err)
	expiry := time.Now().Add(24 * time.Hour)
	good, err := Seal(codecs, "n", map[any]any{"s": []byte("value")}, expiry)
	require.NoError(f, err)
	f.Add(good, []byte("v"))
	f.Add(good[1:], []byte{})
	f.Add("", []byte("|"))
	f.Add("fHx8", []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, sealed string, value []byte) {
		if _, _, err := Open(codecs, "n", sealed); sealed != good && err == nil {
			t.Errorf("%q opens", sealed)
		} else if bad, ok := err.(securecookie.Error); err != nil && (!ok || !bad.IsDecode()) { //nolint:errorlint // gorilla's users assert it directly
			t.Errorf("the error of %q is %v; want one that says IsDecode", sealed, err)
		}
		own, err := Seal(codecs, "n", map[any]any{"s": value}, expiry)
		require.NoError(t, err)
		if values, _, err := Open(codecs, "n", own); err != nil || !bytes.Equal(values["s"].([]byte), value) {
			t.Errorf("round trip of %q = %q, %v", value, values["s"], err)
		}
	})
}
