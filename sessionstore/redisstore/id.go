package redisstore

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"sync"
)

// An id is the value of the cookie. It is, in base64url:
//
//	15 bytes  whose session it is: the digest of a subject, or random bytes
//	18 bytes  random
//	15 bytes  the beginning of an HMAC-SHA256 of the cookie's name and all before
//
// The last part proves that this package made the id, so an invented one is refused without asking
// Redis. The first part is the hash tag of all Redis keys of a user. That puts them on the same
// node of a cluster, where one script can change them together.
const (
	ownerSize  = 15
	randomSize = 18
	proofSize  = 15
	idSize     = ownerSize + randomSize + proofSize

	idLength     = idSize * 4 / 3
	tagLength    = ownerSize * 4 / 3
	memberSize   = 16 // bytes of the digest of an id, which name the session in its owner's list
	memberLength = (memberSize*8 + 5) / 6

	// oldIDSize is the size of the ids of this package's first version, which were random bytes
	// without a proof.
	oldIDSize = 32
)

// encoding writes ids and digests. It accepts only one spelling of each.
var encoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable alphabet

// A mint makes ids with its first key, and recognizes ids that were made with any of its keys.
type mint struct{ proofs []*sync.Pool }

// A proof is a keyed hash with buffers for its input and output, so that using it allocates
// nothing.
type proof struct {
	hash hash.Hash
	buf  []byte
}

func newMint(keys [][]byte) (*mint, error) {
	m := &mint{}
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "redisstore id", sha256.Size)
		if err != nil {
			return nil, err
		}
		m.proofs = append(m.proofs, &sync.Pool{New: func() any {
			return &proof{hash: hmac.New(sha256.New, derived)}
		}})
	}
	return m, nil
}

// make returns a new id for a cookie of that name.
func (m *mint) make(name string, owner [ownerSize]byte) string {
	var id [idSize]byte
	copy(id[:], owner[:])
	_, _ = rand.Read(id[ownerSize : ownerSize+randomSize]) // never fails
	sum := prove(m.proofs[0], name, id)
	copy(id[ownerSize+randomSize:], sum[:])
	return encoding.EncodeToString(id[:])
}

// made reports whether this mint made the id, for a cookie of that name.
func (m *mint) made(name, id string) bool {
	raw, ok := parseID(id)
	return ok && slices.ContainsFunc(m.proofs, func(pool *sync.Pool) bool {
		sum := prove(pool, name, raw)
		return hmac.Equal(sum[:], raw[ownerSize+randomSize:])
	})
}

// prove returns the last part of a genuine id that begins like this one.
func prove(pool *sync.Pool, name string, id [idSize]byte) (sum [proofSize]byte) {
	p := pool.Get().(*proof)
	defer pool.Put(p)
	p.buf = append(append(append(p.buf[:0], name...), '='), id[:ownerSize+randomSize]...)
	p.hash.Reset()
	_, _ = p.hash.Write(p.buf) // never fails
	p.buf = p.hash.Sum(p.buf[:0])
	copy(sum[:], p.buf)
	return sum
}

// parseID returns the bytes of an id, whoever made it.
func parseID(id string) (raw [idSize]byte, ok bool) {
	var text [idLength]byte
	if len(id) != len(text) {
		return raw, false
	}
	copy(text[:], id)
	n, err := encoding.Decode(raw[:], text[:])
	return raw, err == nil && n == idSize
}

// tagOf returns the first part of an id, which says whose it is, or "" for an old id.
func tagOf(id string) string {
	if len(id) != idLength {
		return ""
	}
	return id[:tagLength]
}

// isID reports whether a cookie's value has the form of an id. If not, Redis need not be asked.
func isID(id string) bool {
	if _, ok := parseID(id); ok {
		return true
	}
	var text [(oldIDSize*4 + 2) / 3]byte
	var raw [oldIDSize]byte
	if len(id) != len(text) {
		return false
	}
	copy(text[:], id)
	n, err := encoding.Decode(raw[:], text[:])
	return err == nil && n == oldIDSize
}

// ownerOf returns the digest by which Redis knows a subject, so that Redis does not contain a list
// of users.
func ownerOf(subject string) (owner [ownerSize]byte) {
	sum := sha256.Sum256([]byte("redisstore subject " + subject))
	copy(owner[:], sum[:])
	return owner
}

// nobody returns a random owner, for a session without a known user.
func nobody() (owner [ownerSize]byte) {
	_, _ = rand.Read(owner[:]) // never fails
	return owner
}
