package sessionstore

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"math"
	"time"

	"github.com/gorilla/securecookie"
)

// A record is a session's values with their expiry:
//
//	byte 0      form, one of the constants below
//	bytes 1-4   expiry, unix seconds, big endian
//	the rest    the values in that form
const (
	headerSize = 5

	// formSingle is one []byte under one string key, which is what the login engines keep: a
	// byte with the key's length, the key, the value.
	formSingle = 1
	// formGob is any other map, as encoding/gob writes it.
	formGob = 2
)

// Seal turns a session's values into one string that [Open] accepts until expiry, which is kept
// in whole seconds. It fails if encoding/gob cannot write a value.
func Seal(codecs []securecookie.Codec, name string, values map[any]any, expiry time.Time) (string, error) {
	record, err := Marshal(values, expiry)
	if err != nil {
		return "", err
	}
	return securecookie.EncodeMulti(name, record, codecs...)
}

// Open returns what [Seal] sealed under the same name, and the expiry. The error of a value that
// was changed, comes from somewhere else or has expired is a [securecookie.Error] with IsDecode.
func Open(codecs []securecookie.Codec, name, sealed string) (map[any]any, time.Time, error) {
	var record []byte
	if err := securecookie.DecodeMulti(name, sealed, &record, codecs...); err != nil {
		return nil, time.Time{}, err
	}
	return Unmarshal(record)
}

// defaultMaxAge is how long a session lives that says nothing else, in seconds: 30 days.
const defaultMaxAge = 30 * 24 * 60 * 60

// Expiry is when a session saved now ends, given the MaxAge of its options in seconds. A MaxAge
// of 0 leaves the life of the cookie to the browser, and 30 days to the session.
func Expiry(maxAge int) time.Time {
	if maxAge == 0 {
		maxAge = defaultMaxAge
	}
	return time.Unix(time.Now().Unix()+min(int64(maxAge), math.MaxUint32), 0)
}

// Marshal writes a session's values and their expiry, in whole seconds, for a store with a seal of
// its own. It fails if encoding/gob cannot write a value.
func Marshal(values map[any]any, expiry time.Time) ([]byte, error) {
	seconds := uint32(min(max(expiry.Unix(), 0), math.MaxUint32)) // good until 2106
	if key, value, ok := single(values); ok {
		record := make([]byte, 0, headerSize+1+len(key)+len(value))
		record = binary.BigEndian.AppendUint32(append(record, formSingle), seconds)
		record = append(append(record, byte(len(key))), key...) // single has looked at the length
		return append(record, value...), nil
	}
	record := bytes.NewBuffer(binary.BigEndian.AppendUint32([]byte{formGob}, seconds))
	if err := gob.NewEncoder(record).Encode(values); err != nil {
		return nil, err
	}
	return record.Bytes(), nil
}

// single reports whether values is one []byte under a string of at most 255 bytes.
func single(values map[any]any) (key string, value []byte, ok bool) {
	if len(values) != 1 {
		return "", nil, false
	}
	for k, v := range values {
		key, isString := k.(string)
		value, isBytes := v.([]byte)
		return key, value, isString && isBytes && len(key) <= math.MaxUint8
	}
	return "", nil, false
}

// Unmarshal reads what [Marshal] wrote. The error of a record that has expired, or is none, is a
// [securecookie.Error] with IsDecode.
func Unmarshal(record []byte) (map[any]any, time.Time, error) {
	if len(record) < headerSize {
		return nil, time.Time{}, decodeError("a session was cut")
	}
	expiry := time.Unix(int64(binary.BigEndian.Uint32(record[1:headerSize])), 0)
	if !time.Now().Before(expiry) {
		return nil, time.Time{}, decodeError("the session has expired")
	}
	body := record[headerSize:]
	switch record[0] {
	case formSingle:
		if len(body) < 1 || len(body)-1 < int(body[0]) {
			return nil, time.Time{}, decodeError("a session was cut")
		}
		keySize, rest := int(body[0]), body[1:]
		return map[any]any{string(rest[:keySize]): rest[keySize:]}, expiry, nil
	case formGob:
		values := map[any]any{}
		if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&values); err != nil {
			return nil, time.Time{}, decodeError("a session cannot be read: " + err.Error())
		}
		return values, expiry, nil
	default:
		return nil, time.Time{}, decodeError("a session is of an unknown version")
	}
}
