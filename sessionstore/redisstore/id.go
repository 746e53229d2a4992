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

// An id is what the cookie carries, in base64url:
//
//	15 bytes  whose session it is: the digest of a subject, or random bytes
//	18 bytes  random
//	15 bytes  the beginning of an HMAC-SHA256 of the cookie's name and all before
//
// So an id proves itself: one that somebody made up costs no command, and is remembered nowhere.
// All of a user's keys in Redis begin with the first part as their hash tag, so that they are on
// one node of a cluster, where one script can change them together.
const (
	ownerSize  = 15
	randomSize = 18
	proofSize  = 15
	idSize     = ownerSize + randomSize + proofSize

	idLength     = idSize * 4 / 3
	tagLength    = ownerSize * 4 / 3
	memberSize   = 16 // of the digest of an id, by which its owner's sessions are told apart
	memberLength = (memberSize*8 + 5) / 6

	// oldIDSize is that of ids from before they had a proof, which were random bytes.
	oldIDSize = 32
)

// encoding writes ids and digests. It has one spelling for each.
var encoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable alphabet

// A mint makes ids with its first key, and knows those that were made with any.
type mint struct{ proofs []*sync.Pool }

// A proof is a keyed hash with room for what goes in and comes out, so that asking for one
// allocates nothing.
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
		m.proofs = append(m.proofs, &sync.Pool{New: func() any { return &proof{hash: hmac.New(sha256.New, derived)} }})
	}
	return m, nil
}

// make returns a new id for a cookie of that name.
func (m *mint) make(name string, owner [ownerSize]byte) string {
	var id [idSize]byte
	copy(id[:], owner[:])
	_, _ = rand.Read(id[ownerSize : ownerSize+randomSize]) // it never fails
	sum := prove(m.proofs[0], name, id)
	copy(id[ownerSize+randomSize:], sum[:])
	return encoding.EncodeToString(id[:])
}

// made reports whether an id was made here, for a cookie of that name.
func (m *mint) made(name, id string) bool {
	raw, ok := parseID(id)
	return ok && slices.ContainsFunc(m.proofs, func(pool *sync.Pool) bool {
		sum := prove(pool, name, raw)
		return hmac.Equal(sum[:], raw[ownerSize+randomSize:])
	})
}

// prove returns the last part that an id ought to have.
func prove(pool *sync.Pool, name string, id [idSize]byte) (sum [proofSize]byte) {
	p := pool.Get().(*proof)
	defer pool.Put(p)
	p.buf = append(append(append(p.buf[:0], name...), '='), id[:ownerSize+randomSize]...)
	p.hash.Reset()
	_, _ = p.hash.Write(p.buf) // it never fails
	p.buf = p.hash.Sum(p.buf[:0])
	copy(sum[:], p.buf)
	return sum
}

// parseID reads the one spelling of an id. It says nothing about who made it.
func parseID(id string) (raw [idSize]byte, ok bool) {
	var text [idLength]byte
	if len(id) != len(text) {
		return raw, false
	}
	copy(text[:], id)
	n, err := encoding.Decode(raw[:], text[:])
	return raw, err == nil && n == idSize
}

// tagOf returns the part of an id that says whose it is, and nothing for an old id.
func tagOf(id string) string {
	if len(id) != idLength {
		return ""
	}
	return id[:tagLength]
}

// isID reports whether a cookie's value can be an id; anything else costs no command.
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

// ownerOf is how the sessions of a subject are known in Redis. Subjects are no secrets, but Redis
// should not be a list of them.
func ownerOf(subject string) (owner [ownerSize]byte) {
	sum := sha256.Sum256([]byte("redisstore subject " + subject))
	copy(owner[:], sum[:])
	return owner
}

// nobody is the owner of a session that nothing is known of.
func nobody() (owner [ownerSize]byte) {
	_, _ = rand.Read(owner[:]) // it never fails
	return owner
}
