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

// sessions runs the script that saves a new session, or the one that ends those of a list.
func (r *Memory) sessions(args []string) string {
	n, _ := strconv.Atoi(args[1])
	keys, argv := args[2:2+n], args[2+n:]
	now := float64(time.Now().UnixMicro())
	if strings.Contains(args[0], "'SET'") {
		return r.saveSession(keys[0], keys[1], argv, now)
	}
	list := r.sorted(keys[0], now)
	if _, ok := list["untold"]; ok {
		return ":1\r\n"
	}
	for i, key := range keys[1:] {
		delete(list, argv[i])
		r.delete(key)
	}
	if _, marked := list["ended"]; len(list) > 1 || len(list) == 1 && !marked {
		return ":0\r\n"
	}
	list["ended"], list["untold"] = now+minute, now+minute
	r.values[keys[0]] = memoryValue{set: list, end: time.Now().Add(time.Minute)}
	return ":1\r\n"
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
	r.values[listKey] = memoryValue{
		set: list, end: time.UnixMicro(int64(slices.Max(slices.Collect(maps.Values(list))))),
	}
	return fmt.Sprintf("*2\r\n:%.0f\r\n:%d\r\n", after, len(list))
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
