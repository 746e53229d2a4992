// Package seal has the encryption of stored sessions and other values.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// NewAEADs returns an AEAD for each key: AES-256-GCM that makes its own nonces, with a key that is
// derived for this purpose.
func NewAEADs(keys [][]byte, purpose string) ([]cipher.AEAD, error) {
	aeads := make([]cipher.AEAD, len(keys))
	for i, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil, err
		}
		if aeads[i], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return aeads, nil
}
