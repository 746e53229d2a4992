package wxsim

import (
	"iter"
	"time"
)

// A shelf keeps items by name for a while, and at most max of them: if it is full, the oldest one
// is dropped. It is not safe for concurrent use; the server's mutex guards it.
type shelf[T any] struct {
	keep  time.Duration
	max   int
	items map[string]shelved[T]
	order []string // names by time of put
}

type shelved[T any] struct {
	item T
	at   time.Time
}

func newShelf[T any](keep time.Duration, limit int) *shelf[T] {
	return &shelf[T]{keep: keep, max: limit, items: map[string]shelved[T]{}}
}

// put adds an item with a new name, and drops items that are too old.
func (s *shelf[T]) put(name string, item T, now time.Time) {
	s.items[name] = shelved[T]{item, now}
	s.order = append(s.order, name)
	gone := 0
	for gone < len(s.order) && (len(s.order)-gone > s.max ||
		now.Sub(s.items[s.order[gone]].at) >= s.keep) {
		delete(s.items, s.order[gone])
		gone++
	}
	s.order = s.order[gone:]
}

// all returns an iterator over the items and when they were added, oldest first.
func (s *shelf[T]) all() iter.Seq2[T, time.Time] {
	return func(yield func(T, time.Time) bool) {
		for _, name := range s.order {
			if !yield(s.items[name].item, s.items[name].at) {
				return
			}
		}
	}
}

func (s *shelf[T]) get(name string, now time.Time) (T, bool) {
	found, ok := s.items[name]
	return found.item, ok && now.Sub(found.at) < s.keep
}
