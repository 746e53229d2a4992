package core

import (
	"context"
	"time"
)

// An Observer is told what happens, for metrics and traces. Observe is called by several
// goroutines at once, while a request is being served, so it must be quick and must not panic.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// An Event is one thing that happened. It never contains a secret or who a user is.
type Event struct {
	Name string // one of the Event… constants
	// Depends on Name: a way to log in, the kind of a failure, the path of an API.
	Kind     string
	Duration time.Duration // how long it took; 0 if that has no meaning
	Code     Code          // WeChat's errcode; 0 is success, or no answer
	// For upstream_call only: WeChat refused the call, or no good answer came.
	Failed bool
}

// The names of events. They do not change. A way to log in is "mini" for a mini program, "desk"
// for a desktop that a phone signs in, "handover" for the web-view of a mini program, "check" if
// WeChat is asked, without showing a page, whether it is still the same user, and otherwise the
// scope.
const (
	// A browser is sent to WeChat, a QR code is shown, or a handover's ticket is redeemed. Kind is
	// the way to log in.
	EventLoginStarted = "login_started"
	// A session was saved. Kind is the way to log in, and Duration the time from the exchange of
	// the code until then.
	EventLoginFinished = "login_finished"
	// A login begins again without asking the user. Kind is the reason.
	EventLoginRestarted = "login_restarted"
	// A login failed. Kind is the kind of the failure, or "desk" if the user refused on the phone.
	EventLoginRefused     = "login_refused"
	EventProfileRefreshed = "profile_refreshed" // Kind is "ok", "failed" or "revoked"
	// A session was ended: Kind is "mini" or empty after a logout, and "end" if all sessions of a
	// user were ended.
	EventSessionEnded = "session_ended"
	// The session store could not be reached. Kind is "read" or "write".
	EventStoreDown = "store_down"
	// WeChat was called. Kind is the path; Duration, Code and Failed are set.
	EventUpstreamCall = "upstream_call"
)
