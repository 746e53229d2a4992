package oauth

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
)

// farewells are the sessions that have ended in this process. A logout cannot make a sealed cookie
// worthless, and the answer to another request, which began before, may set the cookie again. With
// the help of this list it is not accepted. It works only in the process of the logout, and only
// for the last ones.
type farewells struct {
	mu    sync.RWMutex
	known map[sessionID]farewell
}

type farewell byte

const (
	notEnded  farewell = iota
	replaced           // by another login of the browser: it is not saved again
	loggedOut          // it is not saved again and not accepted
)

const maxFarewells = 10_000 // in about 1 MB; if there are more, any one is dropped

func (f *farewells) add(rec *record, how farewell) {
	if rec == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	makeRoom(f.known, maxFarewells)
	f.known[rec.id()] = how
}

func (f *farewells) of(rec *record) farewell {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.known[rec.id()]
}

func newSerial() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}
