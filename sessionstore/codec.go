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
// [securecookie.DecodeMulti]: the first key seals, and each of them opens. The codecs encrypt and
// authenticate a []byte. A value that was sealed for one purpose or name does not open for
// another. The codecs do not check an expiry: if you need one, put it into the value.
//
// An empty purpose is an error, and so are the keys that [NewCookie] does not accept. All of them
// are joined.
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

// A codec writes base64url(nonce | ciphertext | tag), bound to the name. It accepts only one
// spelling of a value, so a change of any character is an error.
type codec struct{ aead cipher.AEAD }

// transport writes sealed values, in an alphabet that needs no quoting in cookies, headers and
// URLs.
var transport = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable alphabet

// Encode seals value, a []byte; see [securecookie.Codec].
func (c codec) Encode(name string, value any) (string, error) {
	plain, ok := value.([]byte)
	if !ok {
		return "", errors.New("sessionstore: only a []byte can be sealed")
	}
	//nolint:gosec // the AEAD makes its own nonces
	ciphertext := c.aead.Seal(nil, nil, plain, []byte(name))
	return transport.EncodeToString(ciphertext), nil
}

// Decode opens a value into dst, a *[]byte; see [securecookie.Codec].
func (c codec) Decode(name, value string, dst any) error {
	plain, ok := dst.(*[]byte)
	if !ok {
		return errors.New("sessionstore: a sealed value opens into a *[]byte")
	}
	ciphertext, err := transport.DecodeString(value)
	// The decoder ignores line breaks, so a longer text may decode, too.
	if err != nil || transport.EncodedLen(len(ciphertext)) != len(value) {
		return seal.Error("not a sealed value")
	}
	opened, err := c.aead.Open(nil, nil, ciphertext, []byte(name))
	if err != nil {
		return seal.Error("a sealed value does not open")
	}
	*plain = opened
	return nil
}
