package mpauth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	codeTime    = 5 * time.Minute // the life of a login code
	maxRefusals = 1 << 13         // remembered at once, in about 3 MB
)

// refusals are the codes that WeChat has refused lately, by their hash. They are not sent again,
// because each call counts against the limits of the mini program.
type refusals struct {
	mu    sync.Mutex
	codes *simplelru.LRU[[sha256.Size]byte, refusal]
}

type refusal struct {
	err error
	end time.Time
}

func newRefusals() *refusals {
	// NewLRU fails only if the size is 0.
	codes, _ := simplelru.NewLRU[[sha256.Size]byte, refusal](maxRefusals, nil)
	return &refusals{codes: codes}
}

// of returns the error with which WeChat refused the code, or nil.
func (l *refusals) of(code string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.codes.Get(sha256.Sum256([]byte(code))); ok && time.Now().Before(known.end) {
		return known.err
	}
	return nil
}

func (l *refusals) add(code string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes.Add(sha256.Sum256([]byte(code)), refusal{err, time.Now().Add(codeTime)})
}
