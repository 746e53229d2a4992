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
// The checksum is not for security. It distinguishes two records that do not open: one that is not
// as it was written, which is a fault in Redis, and one that was sealed with a key that is no
// longer configured, which is not a session any more.
const (
	timeSize = 8
	sumSize  = 4
)

var (
	errGarbled = errors.New("a record is not what was stored")
	errSealed  = errors.New("no key opens it")
)

// resealAfter is the age from which a record that was sealed with an older key is sealed again
// when it is read. It prevents two replicas, which have different first keys during a deploy, from
// sealing the same record in turns.
const resealAfter = time.Minute

// A sealer seals records with the first of its AEADs, which are one per key, and opens them with
// any. A record opens only under the Redis key for which it was sealed.
type sealer struct {
	aeads []cipher.AEAD
	made  time.Time
}

func newSealer(keys [][]byte) (*sealer, error) {
	aeads, err := seal.NewAEADs(keys, "redisstore session")
	return &sealer{aeads, time.Now()}, err
}

// seal seals a record of seal.Marshal for a key in Redis.
func (s *sealer) seal(key string, record []byte) string {
	body := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMicro()))
	//nolint:gosec // the AEAD makes its own nonces
	body = s.aeads[0].Seal(body, nil, record, bound(body, key))
	return rueidis.BinaryString(binary.BigEndian.AppendUint32(body, checksum(body)))
}

// open returns the record, and whether it should be sealed again, with the first key.
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

// old reports whether a record was sealed before this process began, or longer than resealAfter
// ago.
func (s *sealer) old(sealedAt time.Time) bool {
	return sealedAt.Before(s.made) || time.Since(sealedAt) > resealAfter
}

// bound returns the data that is authenticated together with a ciphertext.
func bound(when []byte, key string) []byte { return append(when[:timeSize:timeSize], key...) }

func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// cutChecksum returns a stored record without its checksum, and whether the checksum is right.
func cutChecksum(stored []byte) (body []byte, ok bool) {
	n := len(stored) - sumSize
	if n < timeSize {
		return nil, false
	}
	return stored[:n], checksum(stored[:n]) == binary.BigEndian.Uint32(stored[n:])
}
