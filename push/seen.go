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
// Keys are 64 hex digits, different for any two messages of any two accounts. A key is unknown,
// reserved or done. It becomes unknown again when its ttl is over; one that is done may be
// forgotten earlier to save memory. Methods are called concurrently. Their context ends within a
// second, and they must return then.
//
// With Redis 7, Reserve is SET key reserved NX PX ttl and, if that does nothing, GET key; Extend
// is PEXPIRE key ttl GT; Done is SET key done PX ttl; Release is a script that deletes the key
// while it holds reserved.
//
// If a method fails, no message is lost, but a repeat may be handled again: the Handler logs the
// error and goes on as if no other process had the message. It does not refuse the message,
// because WeChat would send it again only three times, within seconds, and a store may be down for
// longer.
type Seen interface {
	// Reserve makes an unknown key reserved for ttl and returns true, false. If the key is reserved
	// it returns false, false, and if it is done false, true; then nothing is changed. Of several
	// callers at once one gets true.
	Reserve(ctx context.Context, key string, ttl time.Duration) (reserved, done bool, err error)
	// Extend lets a reservation last until ttl from now, if it would end earlier. It is called
	// repeatedly while a callback runs. It changes no key that is unknown or done.
	Extend(ctx context.Context, key string, ttl time.Duration) error
	// Done makes the key done for ttl, whatever it was.
	Done(ctx context.Context, key string, ttl time.Duration) error
	// Release makes a reserved key unknown. It changes no key that is done.
	Release(ctx context.Context, key string) error
}

// memorySize is how many keys the default Seen remembers, in about 15 MB.
const memorySize = 1 << 16

// A memory is the Seen of one process. If it is full, it forgets the key that was used least
// recently.
type memory struct {
	mu   sync.Mutex
	keys *simplelru.LRU[string, mark]
}

type mark struct {
	done bool
	end  time.Time
}

func newMemory(size int) *memory {
	keys, _ := simplelru.NewLRU[string, mark](size, nil) // fails only if size is 0
	return &memory{keys: keys}
}

// get returns the mark of key, if its time is not over.
func (s *memory) get(key string) (mark, bool) {
	m, ok := s.keys.Peek(key)
	return m, ok && time.Now().Before(m.end)
}

func (s *memory) Reserve(
	_ context.Context, key string, ttl time.Duration,
) (reserved, done bool, err error) {
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
