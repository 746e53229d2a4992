package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"math"
	"time"
)

// A record is a session's values with their expiry:
//
//	byte 0      form, one of the constants below
//	bytes 1-4   expiry, unix seconds, big endian
//	the rest    the values in that form
const (
	headerSize = 5

	// formSingle is for one []byte under one string key, as the login engines have it: a byte with
	// the key's length, the key, the value.
	formSingle = 1
	// formGob is for any other map, as encoding/gob writes it.
	formGob = 2
)

// Marshal encodes the values of a session and their expiry, which is rounded to seconds. The error
// means that encoding/gob cannot write a value.
func Marshal(values map[any]any, expiry time.Time) ([]byte, error) {
	seconds := uint32(min(max(expiry.Unix(), 0), math.MaxUint32)) // good until 2106
	if key, value, ok := single(values); ok {
		record := make([]byte, 0, headerSize+1+len(key)+len(value))
		record = binary.BigEndian.AppendUint32(append(record, formSingle), seconds)
		record = append(append(record, byte(len(key))), key...) // single has checked the length
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

// Unmarshal decodes a record of [Marshal]. If it has expired or is not a record, the error is a
// [securecookie.Error] with IsDecode.
func Unmarshal(record []byte) (map[any]any, time.Time, error) {
	if len(record) < headerSize {
		return nil, time.Time{}, Error("a session was cut")
	}
	expiry := time.Unix(int64(binary.BigEndian.Uint32(record[1:headerSize])), 0)
	if !time.Now().Before(expiry) {
		return nil, time.Time{}, Error("the session has expired")
	}
	body := record[headerSize:]
	switch record[0] {
	case formSingle:
		if len(body) < 1 || len(body)-1 < int(body[0]) {
			return nil, time.Time{}, Error("a session was cut")
		}
		keySize, rest := int(body[0]), body[1:]
		return map[any]any{string(rest[:keySize]): rest[keySize:]}, expiry, nil
	case formGob:
		values := map[any]any{}
		if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&values); err != nil {
			return nil, time.Time{}, Error("a session cannot be read: " + err.Error())
		}
		return values, expiry, nil
	default:
		return nil, time.Time{}, Error("a session is of an unknown version")
	}
}
