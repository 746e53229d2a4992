package oauth

import (
	"net/http"
	"strconv"
	"time"
)

// AdmitFresh is [Auth.Admit] for pages where it matters that the user has not changed since the
// login, such as one that pays: it passes while the user's CheckedAt lies within maxAge.
//
// After that a page load goes through WeChat once more, silently, and comes back. The same user
// keeps the session, and OnLogin is not called; another user's login takes its place. What cannot
// follow a redirect gets 401 with a login URL that does the same. Outside WeChat the user scans
// again. A check that fails ends at an error page, and the session is kept.
//
// A confirmation is good for 10 seconds at least, the time to come back from WeChat.
func (a *Auth) AdmitFresh(w http.ResponseWriter, r *http.Request, maxAge time.Duration) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.cfg.Scope, maxAge: max(maxAge, checkLife)})
}

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
