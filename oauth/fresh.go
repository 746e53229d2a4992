package oauth

import (
	"strconv"
	"time"
)

// checkLife is the least that a confirmation is good for: with less a page that asks for a new one
// would never be reached.
const checkLife = 10 * time.Second

// freshParam is where LoginPath is told the age in seconds.
const freshParam = "fresh"

// freshness reads that age; 0 stands for none, and for what is not a positive number of seconds.
func freshness(text string) time.Duration {
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil || seconds == 0 {
		return 0
	}
	return max(time.Duration(seconds)*time.Second, checkLife)
}

// confirmed reports whether WeChat has confirmed the session's user since the check began: in
// another tab, or by a callback that came twice.
func (rec *record) confirmed(check state) bool {
	return rec != nil && !rec.user.CheckedAt.Before(check.issued)
}
