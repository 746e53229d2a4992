package push

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A Seen remembers which messages were handled, or are being handled, so that a repeat is not
// handled again. A [Handler] without one remembers in its own process. Several processes that
// serve one account share one, for example in Redis.
//
// Keys are 64 hex digits, different for any two messages of any two accounts. To a key, a Seen
// knows one of three things: nothing, reserved, done. Reserved and done are forgotten when their
// ttl is over; done may be forgotten earlier to save memory. Methods are called concurrently, get
// a context that ends within a second, and must then return.
//
// With Redis 7, Reserve is SET key reserved NX PX ttl and, if that does nothing, GET key; Extend
// is PEXPIRE key ttl GT; Done is SET key done PX ttl; Release is a script that deletes the key
// while it holds reserved.
//
// An error loses no message, it only lets a repeat through: the Handler logs it and goes on as if
// nobody else had the message. WeChat would deliver again after an error answer, but three times
// within seconds at most, and a store may be down for longer than that.
type Seen interface {
	// Reserve makes an unknown key reserved for ttl and returns true, false. If the key is reserved
	// it returns false, false, and if it is done false, true; then nothing is changed. Of several
	// callers at once one gets true.
	Reserve(ctx context.Context, key string, ttl time.Duration) (reserved, done bool, err error)
	// Extend lets a reservation last ttl from now, if it would end earlier. It is called again and
	// again while a callback runs. It changes no key that is unknown or done.
	Extend(ctx context.Context, key string, ttl time.Duration) error
	// Done makes the key done for ttl, whatever it was.
	Done(ctx context.Context, key string, ttl time.Duration) error
	// Release makes a reserved key unknown. It changes no key that is done.
	Release(ctx context.Context, key string) error
}

// memorySize bounds the default Seen to about 15 MB.
const memorySize = 1 << 16

// A memory is the Seen of one process. What was used least recently goes first when it is full.
type memory struct {
	mu   sync.Mutex
	keys *simplelru.LRU[string, mark]
}

type mark struct {
	done bool
	end  time.Time
}

func newMemory(size int) *memory {
	keys, _ := simplelru.NewLRU[string, mark](size, nil) // fails for a size of 0 only
	return &memory{keys: keys}
}

// get returns the mark of key while it lasts.
func (s *memory) get(key string) (mark, bool) {
	m, ok := s.keys.Peek(key)
	return m, ok && time.Now().Before(m.end)
}

func (s *memory) Reserve(_ context.Context, key string, ttl time.Duration) (reserved, done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.get(key); ok {
		return false, m.done, nil
	}
	s.keys.Add(key, mark{end: time.Now().Add(ttl)})
	return true, false, nil
}

func (s *memory) Extend(_ context.Context, key string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := time.Now().Add(ttl)
	if m, ok := s.get(key); ok && !m.done && m.end.Before(end) {
		s.keys.Add(key, mark{end: end})
	}
	return nil
}

func (s *memory) Done(_ context.Context, key string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys.Add(key, mark{done: true, end: time.Now().Add(ttl)})
	return nil
}

func (s *memory) Release(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.get(key); ok && !m.done {
		s.keys.Remove(key)
	}
	return nil
}
