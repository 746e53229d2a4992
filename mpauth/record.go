package mpauth

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/wxoauth/wxoauth/internal/subject"
)

// A record is what the session store keeps of a login:
//
//	byte 0      version
//	bytes 1-4   login, unix seconds, big endian; good until 2106
//	the rest    purpose, appid, openid, unionid and session_key, each after its length as a varint
type record struct {
	session Session
	loginAt time.Time
}

const (
	recordVersion = 1
	recordPurpose = "mini" // tells the session from others in the same store
	maxField      = 1 << 10
)

var errRecord = errors.New("mpauth: not a mini program's session, or one of another version")

func (rec record) marshal() []byte {
	s := rec.session
	data := binary.BigEndian.AppendUint32([]byte{recordVersion}, uint32(rec.loginAt.Unix()))
	for _, field := range []string{
		recordPurpose, s.AppID, s.OpenID, s.UnionID, string(s.SessionKey),
	} {
		data = binary.AppendUvarint(data, uint64(len(field)))
		data = append(data, field...)
	}
	return data
}

// unmarshalRecord reads a record that marshal wrote for appID. The error is errRecord.
func unmarshalRecord(data []byte, appID string) (record, error) {
	if len(data) < 5 || data[0] != recordVersion {
		return record{}, errRecord
	}
	rec := record{loginAt: time.Unix(int64(binary.BigEndian.Uint32(data[1:5])), 0)}
	var fields [5]string
	rest := data[5:]
	for i := range fields {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > maxField || len(rest) < n+int(size) {
			return record{}, errRecord
		}
		fields[i], rest = string(rest[n:n+int(size)]), rest[n+int(size):]
	}
	if len(rest) > 0 || fields[0] != recordPurpose || fields[1] != appID ||
		!subject.ValidID(fields[2]) {
		return record{}, errRecord
	}
	rec.session = Session{
		AppID: fields[1], OpenID: fields[2], UnionID: fields[3], SessionKey: SessionKey(fields[4]),
	}
	return rec, nil
}
