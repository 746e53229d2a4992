package sessionstore

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/gorilla/securecookie"
)

// minKeySize is the least length of a key, in bytes.
const minKeySize = 32

// NewCodecs returns one codec per key, for [securecookie.EncodeMulti] and
// [securecookie.DecodeMulti]: the first key seals, all open. The codecs encrypt and authenticate a
// non-empty []byte, and what was sealed for one purpose does not open for another. They know no
// expiry: whoever needs one puts it into the value.
//
// It refuses an empty purpose, no key, and keys under 32 bytes, all faults joined.
func NewCodecs(keys [][]byte, purpose string) ([]securecookie.Codec, error) {
	faults := []error{CheckKeys(keys)}
	if purpose == "" {
		faults = append(faults, errors.New("sessionstore: a codec needs a purpose"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	codecs := make([]securecookie.Codec, len(keys))
	for i, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, purpose, 64)
		if err != nil {
			return nil, fmt.Errorf("sessionstore: key %d: %w", i+1, err)
		}
		sealer := securecookie.New(derived[:32], derived[32:])
		sealer.SetSerializer(byteSerializer{}).MaxAge(0).MaxLength(0)
		codecs[i] = codec{sealer}
	}
	return codecs, nil
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

// A codec is a SecureCookie that is a quarter shorter on the wire. SecureCookie writes
//
//	base64(date | base64(ciphertext) | mac)
//
// and a codec the same parts without the inner base64. There is exactly one spelling of a value,
// so a changed byte never goes unnoticed.
type codec struct{ sealer *securecookie.SecureCookie }

// transport is how a sealed value is written; it needs no quoting in cookies, headers and URLs.
var transport = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable alphabet

func (c codec) Encode(name string, value any) (string, error) {
	long, err := c.sealer.Encode(name, value)
	if err != nil {
		return "", err
	}
	raw, err := base64.URLEncoding.DecodeString(long)
	if err != nil {
		return "", err
	}
	parts := bytes.SplitN(raw, []byte("|"), 3)
	date, inner, mac := parts[0], parts[1], parts[2]
	ciphertext, err := base64.URLEncoding.AppendDecode(nil, inner)
	if err != nil {
		return "", err
	}
	return transport.EncodeToString(slices.Concat(date, []byte("|"), ciphertext, mac)), nil
}

func (c codec) Decode(name, value string, dst any) error {
	short, err := transport.DecodeString(value)
	if err != nil || transport.EncodedLen(len(short)) != len(value) { // the decoder passes over line breaks
		return decodeError("not a sealed value")
	}
	date, rest, _ := bytes.Cut(short, []byte("|"))
	if len(rest) < sha256.Size {
		return decodeError("a sealed value was cut")
	}
	ciphertext, mac := rest[:len(rest)-sha256.Size], rest[len(rest)-sha256.Size:]

	size := len(date) + base64.URLEncoding.EncodedLen(len(ciphertext)) + len(mac) + 2*len("|")
	long := append(append(make([]byte, 0, size), date...), '|')
	long = append(base64.URLEncoding.AppendEncode(long, ciphertext), '|')
	long = append(long, mac...)
	return c.sealer.Decode(name, base64.URLEncoding.EncodeToString(long), dst)
}

// byteSerializer hands bytes through, as a copy: SecureCookie encrypts in place.
type byteSerializer struct{}

func (byteSerializer) Serialize(src any) ([]byte, error) {
	value, ok := src.([]byte)
	if !ok || len(value) == 0 { // SecureCookie would seal nothing, but never open it again
		return nil, errors.New("sessionstore: only a non-empty []byte can be sealed")
	}
	return bytes.Clone(value), nil
}

func (byteSerializer) Deserialize(src []byte, dst any) error {
	value, ok := dst.(*[]byte)
	if !ok {
		return errors.New("sessionstore: a sealed value opens into a *[]byte")
	}
	*value = src
	return nil
}
