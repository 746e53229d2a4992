package redisstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A sealer seals records with AES-256-GCM, one per key: the first seals, all open. A record opens
// only under the Redis key that it was sealed for. (A record is no cookie, so it needs neither
// securecookie's form nor its cost.)
type sealer []cipher.AEAD

func newSealer(keys [][]byte) (sealer, error) {
	if err := sessionstore.CheckKeys(keys); err != nil {
		return nil, err
	}
	s := make(sealer, len(keys))
	for i, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "redisstore session", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil, err
		}
		if s[i], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s sealer) seal(key string, values map[any]any, expiry time.Time) (string, error) {
	record, err := sessionstore.Marshal(values, expiry)
	if err != nil {
		return "", err
	}
	return rueidis.BinaryString(s[0].Seal(nil, nil, record, []byte(key))), nil
}

func (s sealer) open(key, sealed string) (map[any]any, error) {
	for _, aead := range s {
		record, err := aead.Open(nil, nil, []byte(sealed), []byte(key))
		if err != nil {
			continue
		}
		values, _, err := sessionstore.Unmarshal(record)
		return values, err
	}
	return nil, errors.New("no key opens it")
}
