package sessionstore

import (
	"crypto/cipher"
	"encoding/base64"
	"errors"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/seal"
)

// NewCodecs returns one codec per key, for [securecookie.EncodeMulti] and
// [securecookie.DecodeMulti]: the first key seals, all open. The codecs encrypt and authenticate a
// []byte, and what was sealed for one purpose or name does not open for another. They know no
// expiry: whoever needs one puts it into the value.
//
// It refuses an empty purpose and what [NewCookie] refuses, all faults joined.
func NewCodecs(keys [][]byte, purpose string) ([]securecookie.Codec, error) {
	wrong := faults.In("sessionstore: ")
	wrong.Keys("keys", keys)
	wrong.If(purpose == "", "purpose", "is missing")
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	aeads, err := seal.NewAEADs(keys, purpose)
	if err != nil {
		return nil, err
	}
	codecs := make([]securecookie.Codec, len(aeads))
	for i, aead := range aeads {
		codecs[i] = codec{aead}
	}
	return codecs, nil
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
	ciphertext := c.aead.Seal(nil, nil, plain, []byte(name)) //nolint:gosec // the AEAD makes its own nonces
	return transport.EncodeToString(ciphertext), nil
}

// Decode opens a value into dst, a *[]byte; see [securecookie.Codec].
func (c codec) Decode(name, value string, dst any) error {
	plain, ok := dst.(*[]byte)
	if !ok {
		return errors.New("sessionstore: a sealed value opens into a *[]byte")
	}
	ciphertext, err := transport.DecodeString(value)
	if err != nil || transport.EncodedLen(len(ciphertext)) != len(value) { // the decoder passes over line breaks
		return seal.Error("not a sealed value")
	}
	opened, err := c.aead.Open(nil, nil, ciphertext, []byte(name))
	if err != nil {
		return seal.Error("a sealed value does not open")
	}
	*plain = opened
	return nil
}
