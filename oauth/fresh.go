package oauth

import (
	"strconv"
	"time"
)

// checkLife is the shortest time for which a confirmation is good. With less, the confirmation
// might be too old again when the browser comes back from WeChat.
const checkLife = 10 * time.Second

// freshParam is the parameter of LoginPath with the age in seconds.
const freshParam = "fresh"

// freshness returns that age, or 0 if it is missing or not a positive number.
func freshness(text string) time.Duration {
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil || seconds == 0 {
		return 0
	}
	return max(time.Duration(seconds)*time.Second, checkLife)
}

// confirmed reports whether WeChat has confirmed the session's user since the check began: in
// another tab, or by the first of two callbacks.
func (rec *record) confirmed(check state) bool {
	return rec != nil && !rec.user.CheckedAt.Before(check.issued)
}
