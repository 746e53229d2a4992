package wxsim

import (
	"strconv"
	"testing"
	"time"
)

func TestShelfForgets(t *testing.T) {
	now := time.Now()
	s := newShelf[int](time.Minute, 3)
	for i := range 5 {
		s.put(strconv.Itoa(i), i, now)
	}
	if _, ok := s.get("1", now); ok || len(s.items) != 3 || len(s.order) != 3 {
		t.Errorf("a shelf for 3 holds %v", s.items)
	}
	if got, ok := s.get("4", now); !ok || got != 4 {
		t.Errorf(`get("4") = %d, %t`, got, ok)
	}
	if _, ok := s.get("4", now.Add(time.Minute)); ok {
		t.Error("a thing is on the shelf after its time")
	}
	s.put("late", 9, now.Add(time.Minute))
	if len(s.items) != 1 || len(s.order) != 1 {
		t.Errorf("a minute later the shelf holds %v; want only the new one", s.items)
	}
}
