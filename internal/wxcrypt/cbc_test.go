package wxcrypt_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// raw encrypts without padding: it makes what a sound peer would never send.
func raw(t *testing.T, key, iv, plain []byte) []byte {
	t.Helper()
	c, err := aes.NewCipher(key)
	require.NoError(t, err)
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(sealed, plain)
	return sealed
}

func TestDecryptChecksPadding(t *testing.T) {
	key, iv := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 16)
	end := func(size int, tail ...byte) []byte {
		return append(bytes.Repeat([]byte{'x'}, size-len(tail)), tail...)
	}
	pad := func(size, n int) []byte { return end(size, bytes.Repeat([]byte{byte(n)}, n)...) }
	for _, tt := range []struct {
		name  string
		plain []byte
		block int
		want  int // bytes left, or -1 for ErrPadding
	}{
		{"one byte", end(16, 1), wxcrypt.DataBlock, 15},
		{"a whole block of 16", pad(32, 16), wxcrypt.DataBlock, 16},
		{"nothing but padding", pad(16, 16), wxcrypt.DataBlock, 0},
		{"17 is too much for encryptedData", pad(32, 17), wxcrypt.DataBlock, -1},
		{"17 is fine for push", pad(32, 17), wxcrypt.PushBlock, 15},
		{"32 is fine for push", pad(64, 32), wxcrypt.PushBlock, 32},
		{"33 is too much for push", pad(64, 33), wxcrypt.PushBlock, -1},
		{"zero", end(16, 0), wxcrypt.PushBlock, -1},
		{"255", pad(256, 255), wxcrypt.PushBlock, -1},
		{"longer than the data", bytes.Repeat([]byte{20}, 16), wxcrypt.PushBlock, -1},
		{"first padding byte differs", end(16, 9, 3, 3), wxcrypt.PushBlock, -1},
		{"middle padding byte differs", end(16, 4, 4, 9, 4), wxcrypt.PushBlock, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wxcrypt.Decrypt(key, iv, raw(t, key, iv, tt.plain), tt.block)
			if tt.want < 0 {
				require.ErrorIs(t, err, wxcrypt.ErrPadding)
				require.Nil(t, got)
			} else if err != nil || len(got) != tt.want {
				t.Errorf("Decrypt = %q, %v; want %d bytes", got, err, tt.want)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	key, iv, data := make([]byte, 16), make([]byte, 16), make([]byte, 32)
	for _, tt := range []struct {
		name          string
		key, iv, data []byte
		block         int
		onlyDecrypt   bool // Encrypt takes data of any length
	}{
		{"no key", nil, iv, data, 16, false},
		{"key of 17 bytes", make([]byte, 17), iv, data, 16, false},
		{"no IV", key, nil, data, 16, false},
		{"short IV", key, iv[:15], data, 16, false},
		{"long IV", key, make([]byte, 17), data, 16, false},
		{"no data", key, iv, nil, 16, true},
		{"partial block", key, iv, data[:17], 16, true},
		{"block of 0", key, iv, data, 0, false},
		{"negative block", key, iv, data, -16, false},
		{"block of 256", key, iv, data, 256, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := wxcrypt.Decrypt(tt.key, tt.iv, tt.data, tt.block); !errors.Is(err, wxcrypt.ErrSize) || got != nil {
				t.Errorf("Decrypt = %q, %v; want ErrSize", got, err)
			}
			got, err := wxcrypt.Encrypt(tt.key, tt.iv, tt.data, tt.block)
			if !tt.onlyDecrypt && (!errors.Is(err, wxcrypt.ErrSize) || got != nil) {
				t.Errorf("Encrypt = %q, %v; want ErrSize", got, err)
			}
		})
	}
	if got, err := wxcrypt.Encrypt(key, iv, data, 20); !errors.Is(err, wxcrypt.ErrSize) {
		t.Errorf("Encrypt to blocks of 20 = %q, %v; want ErrSize", got, err)
	}
}

// The worked example of WeChat's page on message push: EncodingAESKey is 43 times A.
func TestDecryptOfficialPush(t *testing.T) {
	key := make([]byte, 32)
	data, err := base64.StdEncoding.DecodeString("+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=")
	require.NoError(t, err)
	got, err := wxcrypt.Decrypt(key, key[:16], data, wxcrypt.PushBlock)
	if err != nil || !strings.HasPrefix(string(got), "a8eedb185eb2fecf\x00\x00\x00\xa7{") || !strings.HasSuffix(string(got), "}wxba5fad812f8e6fb9") {
		t.Errorf("Decrypt = %q, %v", got, err)
	}
	sealed, err := wxcrypt.Encrypt(key, key[:16], got, wxcrypt.PushBlock)
	require.NoError(t, err)
	require.Equal(t, data, sealed)
	if _, err := wxcrypt.Decrypt(key, key[:16], data, wxcrypt.DataBlock); !errors.Is(err, wxcrypt.ErrPadding) {
		t.Errorf("its padding of 19 passed as encryptedData: %v", err)
	}
}

func TestInputsStay(t *testing.T) {
	key, iv := make([]byte, 16), make([]byte, 16)
	backing := []byte("datadata and what lies behind it")
	sealed, err := wxcrypt.Encrypt(key, iv, backing[:8], wxcrypt.DataBlock)
	require.NoError(t, err)
	require.Equal(t, "datadata and what lies behind it", string(backing))
	before := bytes.Clone(sealed)
	if _, err := wxcrypt.Decrypt(key, iv, sealed, wxcrypt.DataBlock); err != nil || !bytes.Equal(before, sealed) {
		t.Errorf("Decrypt wrote into its input: %v", err)
	}
}
