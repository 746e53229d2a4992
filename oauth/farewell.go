package oauth

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
)

// farewells are the sessions that this process has seen the end of. A sealed cookie cannot be taken
// back, and an answer that is under way may set it once more after the logout: here it is not taken
// for a session again. A process that was not there, or has forgotten, knows nothing of it.
type farewells struct {
	mu    sync.RWMutex
	known map[sessionID]farewell
}

type farewell byte

const (
	notEnded  farewell = iota
	replaced           // by another login of the browser: it is not saved any more
	loggedOut          // it is not accepted either
)

const maxFarewells = 10_000 // about 1 MB; beyond it any is forgotten

func (f *farewells) add(rec *record, how farewell) {
	if rec == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[sessionID]farewell{}
	}
	for other := range f.known {
		if len(f.known) < maxFarewells {
			break
		}
		delete(f.known, other)
	}
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
