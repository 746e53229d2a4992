package wxsim

import (
	"slices"
	"strings"
	"sync"
)

// faults are the faults of [Server.Fail], by path.
type faults struct {
	mu      sync.Mutex
	counted map[string][]countedFault // used first, in this order
	lasting map[string]Fault
}

type countedFault struct {
	fault Fault
	left  int
}

// AnyPath in [Server.Fail] and [Server.Clear] means every API, but not the pages.
const AnyPath = "*"

// Fail makes calls of a path fail: the given number of times, or until [Server.Clear]. Faults with
// a number are used first, in the order of the calls of Fail. The path [AnyPath] means every API;
// a fault for the path itself is used first.
func (s *Server) Fail(path string, f Fault, times ...int) { s.faults.add(path, f, times...) }

// Clear ends all faults of a path.
func (s *Server) Clear(path string) { s.faults.clear(path) }

func (f *faults) add(path string, fault Fault, times ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counted == nil {
		f.counted, f.lasting = map[string][]countedFault{}, map[string]Fault{}
	}
	if len(times) == 0 {
		f.lasting[path] = fault
		return
	}
	for _, n := range times {
		if n > 0 {
			f.counted[path] = append(f.counted[path], countedFault{fault, n})
		}
	}
}

func (f *faults) clear(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.counted, path)
	delete(f.lasting, path)
}

// An activeFault is a fault that is in effect.
type activeFault struct {
	Path string `json:"path"`
	Name string `json:"name"` // for people
	Left int    `json:"left"` // calls that will fail; 0 means all until it is cleared
}

// active returns all faults, sorted by path and in the order of their use.
func (f *faults) active() []activeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []activeFault
	for path, queue := range f.counted {
		for _, c := range queue {
			all = append(all, activeFault{path, c.fault.name, c.left})
		}
	}
	for path, fault := range f.lasting {
		all = append(all, activeFault{path, fault.name, 0})
	}
	slices.SortStableFunc(all, func(a, b activeFault) int {
		return strings.Compare(a.Path, b.Path)
	})
	return all
}

func (f *faults) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counted, f.lasting = nil, nil
}

// wrap returns next with the next fault of the path, if there is one.
func (f *faults) wrap(path string, next responder) responder {
	fault, ok := f.take(path)
	if !ok && !strings.HasPrefix(path, "/connect/") {
		fault, _ = f.take(AnyPath)
	}
	return fault.around(next)
}

func (f *faults) take(path string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	queue := f.counted[path]
	if len(queue) == 0 {
		fault, ok := f.lasting[path]
		return fault, ok
	}
	due := queue[0].fault
	queue[0].left--
	if queue[0].left == 0 {
		f.counted[path] = slices.Delete(queue, 0, 1)
	}
	return due, true
}
