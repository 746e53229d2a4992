package wxcrypt_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

func FuzzDecrypt(f *testing.F) {
	f.Add(make([]byte, 16), make([]byte, 16), make([]byte, 32), 16)
	f.Add(make([]byte, 32), make([]byte, 16), make([]byte, 64), 32)
	f.Add([]byte("short"), []byte(nil), []byte("x"), -1)
	f.Fuzz(func(t *testing.T, key, iv, data []byte, block int) {
		got, err := wxcrypt.Decrypt(key, iv, data, block)
		if err != nil && !errors.Is(err, wxcrypt.ErrSize) && !errors.Is(err, wxcrypt.ErrPadding) {
			t.Errorf("Decrypt: %v", err)
		}
		if err == nil && (len(got) >= len(data) || len(data)-len(got) > block) {
			t.Errorf("%d of %d bytes left with a block of %d", len(got), len(data), block)
		}
		sealed, err := wxcrypt.Encrypt(key, iv, data, block)
		if err != nil {
			require.ErrorIs(t, err, wxcrypt.ErrSize)
			return
		}
		if back, err := wxcrypt.Decrypt(key, iv, sealed, block); err != nil || !bytes.Equal(back, data) {
			t.Errorf("round trip = %q, %v; want %q", back, err, data)
		}
	})
}
