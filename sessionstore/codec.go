package sessionstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/gorilla/securecookie"
)

// minKeySize is the least length of a key, in bytes.
const minKeySize = 32

// NewCodecs returns one codec per key, for [securecookie.EncodeMulti] and
// [securecookie.DecodeMulti]: the first key seals, all open. The codecs encrypt and authenticate a
// []byte, and what was sealed for one purpose or name does not open for another. They know no
// expiry: whoever needs one puts it into the value.
//
// It refuses an empty purpose, no key, and keys under 32 bytes, all faults joined.
func NewCodecs(keys [][]byte, purpose string) ([]securecookie.Codec, error) {
	aeads, err := NewAEADs(keys, purpose)
	if err != nil {
		return nil, err
	}
	codecs := make([]securecookie.Codec, len(aeads))
	for i, aead := range aeads {
		codecs[i] = codec{aead}
	}
	return codecs, nil
}

// NewAEADs returns what seals for one purpose, per key: AES-256-GCM that makes its own nonces, under
// a key derived for that purpose alone. It refuses what [NewCodecs] refuses.
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

// A codec writes base64url(nonce | ciphertext | tag), bound to the name. There is exactly one
// spelling of a value, so a changed byte never goes unnoticed.
type codec struct{ aead cipher.AEAD }

// transport is how a sealed value is written; it needs no quoting in cookies, headers and URLs.
var transport = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable alphabet

// Encode seals value, a []byte; see [securecookie.Codec].
func (c codec) Encode(name string, value any) (string, error) {
	plain, ok := value.([]byte)
	if !ok {
		return "", errors.New("sessionstore: only a []byte can be sealed")
	}
	sealed := c.aead.Seal(nil, nil, plain, []byte(name)) //nolint:gosec // the AEAD makes its own nonces
	return transport.EncodeToString(sealed), nil
}

// Decode opens a value into dst, a *[]byte; see [securecookie.Codec].
func (c codec) Decode(name, value string, dst any) error {
	plain, ok := dst.(*[]byte)
	if !ok {
		return errors.New("sessionstore: a sealed value opens into a *[]byte")
	}
	sealed, err := transport.DecodeString(value)
	if err != nil || transport.EncodedLen(len(sealed)) != len(value) { // the decoder passes over line breaks
		return decodeError("not a sealed value")
	}
	opened, err := c.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return decodeError("a sealed value does not open")
	}
	*plain = opened
	return nil
}
