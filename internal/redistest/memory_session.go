package redistest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The scripts of the session store that keep a list of each user's sessions, as far as one process
// and one connection need them. What they do in Redis itself, the store's own tests tell.

const minute = float64(time.Minute / time.Microsecond)

// sessions runs the script that saves a new session, or one of the two that end those of a list.
func (r *Memory) sessions(args []string) string {
	n, _ := strconv.Atoi(args[1])
	keys, argv := args[2:2+n], args[2+n:]
	now := float64(time.Now().UnixMicro())
	if strings.Contains(args[0], "'SET'") {
		return r.saveSession(keys[0], keys[1], argv, now)
	}
	list := r.sorted(keys[0], now)
	mark, answer := "ended", r.list(keys[0])
	if strings.Contains(args[0], "'DEL'") {
		mark, answer = "untold", ":1\r\n"
		for i, key := range keys[1:] {
			delete(list, argv[i])
			r.delete(key)
		}
	}
	list[mark] = now + minute
	r.setSorted(keys[0], list)
	return answer
}

func (r *Memory) saveSession(key, listKey string, argv []string, now float64) string {
	record, member := argv[0], argv[3]
	life, _ := strconv.ParseFloat(argv[1], 64)
	age, _ := strconv.ParseFloat(argv[2], 64)
	list, after := r.sorted(listKey, now), 0.0
	if mark, ok := list["ended"]; ok {
		after = now - age - (mark - minute)
	}
	if after < 0 {
		return "*2\r\n:-1\r\n:0\r\n"
	}
	r.set([]string{key, record, "PX", argv[1]})
	list[member] = now + life*1000
	r.setSorted(listKey, list)
	return fmt.Sprintf("*2\r\n:%.0f\r\n:%d\r\n", after, len(list))
}

// setSorted stores a sorted set until its last member expires.
func (r *Memory) setSorted(key string, set map[string]float64) {
	last := slices.Max(slices.Collect(maps.Values(set)))
	r.values[key] = memoryValue{set: set, end: time.UnixMicro(int64(last))}
}

// sorted returns a sorted set without its expired members.
func (r *Memory) sorted(key string, now float64) map[string]float64 {
	v, _ := r.get(key)
	list := map[string]float64{}
	for member, end := range v.set {
		if end > now {
			list[member] = end
		}
	}
	return list
}

func (r *Memory) unlist(key, member string) {
	v, ok := r.get(key)
	delete(v.set, member)
	if ok && len(v.set) == 0 {
		r.delete(key)
	}
}

func (r *Memory) list(key string) string {
	v, _ := r.get(key)
	var answer strings.Builder
	fmt.Fprintf(&answer, "*%d\r\n", len(v.set))
	for _, member := range slices.Sorted(maps.Keys(v.set)) {
		answer.WriteString(bulk(member))
	}
	return answer.String()
}
