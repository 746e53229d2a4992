package sessionstore

import (
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/internal/seal"
)

// Seal turns the values of a session into a string that [Open] accepts until expiry, which is
// rounded to seconds. The error means that encoding/gob cannot write a value.
func Seal(
	codecs []securecookie.Codec, name string, values map[any]any, expiry time.Time,
) (string, error) {
	record, err := seal.Marshal(values, expiry)
	if err != nil {
		return "", err
	}
	return securecookie.EncodeMulti(name, record, codecs...)
}

// Open returns the values that [Seal] sealed under the same name, and the expiry. If value was
// changed, was not made by Seal, or has expired, the error is a [securecookie.Error] with
// IsDecode.
func Open(codecs []securecookie.Codec, name, value string) (map[any]any, time.Time, error) {
	var record []byte
	if err := securecookie.DecodeMulti(name, value, &record, codecs...); err != nil {
		return nil, time.Time{}, err
	}
	return seal.Unmarshal(record)
}
