// Package seal is how this library seals what it stores: keys, and the records of sessions.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// NewAEADs returns what seals for one purpose, per key: AES-256-GCM that makes its own nonces, under
// a key derived for that purpose alone.
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
