// Package seal is how this library seals what it stores: keys, and the records of sessions.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// minKeySize is the least length of a key, in bytes.
const minKeySize = 32

// NewAEADs returns what seals for one purpose, per key: AES-256-GCM that makes its own nonces, under
// a key derived for that purpose alone. It refuses an empty purpose,
// and what [CheckKeys] refuses.
func NewAEADs(keys [][]byte, purpose string) ([]cipher.AEAD, error) {
	faults := []error{CheckKeys(keys)}
	if purpose == "" {
		faults = append(faults, errors.New("sessionstore: a seal needs a purpose"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
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

// CheckKeys joins all that is wrong with keys: none at all, or one under 32 bytes. It shows none of
// them.
func CheckKeys(keys [][]byte) error {
	if len(keys) == 0 {
		return errors.New("sessionstore: at least one key is needed")
	}
	var faults []error
	for i, key := range keys {
		if len(key) < minKeySize {
			faults = append(faults, fmt.Errorf("sessionstore: key %d has %d bytes, at least %d are needed", i+1, len(key), minKeySize))
		}
	}
	return errors.Join(faults...)
}
