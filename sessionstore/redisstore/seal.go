package redisstore

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/seal"
)

// A sealed record is
//
//	bytes 0-7     when it was sealed, unix microseconds, big endian
//	the middle    nonce and ciphertext of AES-256-GCM
//	last 4 bytes  CRC-32C of all before
//
// The checksum keeps no secret: it tells a record that Redis does not hold as it was written,
// which is a fault of Redis, from one that a retired key has sealed, which is nobody's session.
const (
	timeSize = 8
	sumSize  = 4
)

var (
	errGarbled = errors.New("a record is not what was stored")
	errSealed  = errors.New("no key opens it")
)

// resealAfter is how long a record keeps the seal of an older key although it is read: replicas
// that disagree on the first key during a deploy do not seal it back and forth.
const resealAfter = time.Minute

// A sealer seals records, one AEAD per key: the first seals, all open. A record opens only under
// the Redis key that it was sealed for.
type sealer struct {
	aeads []cipher.AEAD
	made  time.Time
}

func newSealer(keys [][]byte) (*sealer, error) {
	aeads, err := seal.NewAEADs(keys, "redisstore session")
	return &sealer{aeads, time.Now()}, err
}

// seal seals a record, as seal.Marshal made it, for a key in Redis.
func (s *sealer) seal(key string, record []byte) string {
	body := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMicro()))
	body = s.aeads[0].Seal(body, nil, record, bound(body, key)) //nolint:gosec // the AEAD makes its own nonces
	return rueidis.BinaryString(binary.BigEndian.AppendUint32(body, checksum(body)))
}

// open returns the record, and whether it is time to seal it with the first key.
func (s *sealer) open(key, stored string) (record []byte, reseal bool, err error) {
	body, ok := cutChecksum([]byte(stored))
	if !ok {
		return nil, false, errGarbled
	}
	when, ciphertext := body[:timeSize], body[timeSize:]
	for i, aead := range s.aeads {
		if record, err := aead.Open(nil, nil, ciphertext, bound(when, key)); err == nil {
			sealedAt := time.UnixMicro(int64(binary.BigEndian.Uint64(when)))
			return record, i > 0 && s.old(sealedAt), nil
		}
	}
	return nil, false, errSealed
}

// old reports whether a seal is from before this process, or from over a minute ago.
func (s *sealer) old(sealedAt time.Time) bool {
	return sealedAt.Before(s.made) || time.Since(sealedAt) > resealAfter
}

// bound is what a ciphertext is tied to.
func bound(when []byte, key string) []byte { return append(when[:timeSize:timeSize], key...) }

func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// cutChecksum returns a stored record without its checksum, and whether that is right.
func cutChecksum(stored []byte) (body []byte, ok bool) {
	n := len(stored) - sumSize
	if n < timeSize {
		return nil, false
	}
	return stored[:n], checksum(stored[:n]) == binary.BigEndian.Uint32(stored[n:])
}
