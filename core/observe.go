package core

import (
	"context"
	"time"
)

// An Observer is told what happens, for metrics and traces. Observe is called from many
// goroutines at once and on the request's path: it must be quick and must not panic.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// An Event is one thing that happened. It never carries a secret or a user's identity.
type Event struct {
	Name     string        // one of the Event… constants
	Kind     string        // what of it: a scope or a way to log in, a failure's kind, an API path
	Duration time.Duration // how long it took; 0 where that has no meaning
	Code     Code          // WeChat's errcode; 0 is success, or no answer
	Failed   bool          // of an upstream_call: WeChat refused it, or no good answer came
}

// The names of events. They are stable. A way to log in is "mini" for a mini program, "desk" for
// a desktop that a phone signs in, "handover" for the web-view of a mini program, "check" where
// WeChat is asked, silently, whether it is still the same user, and else the scope.
const (
	// A browser is sent to WeChat, a code is shown, a ticket is tried; Kind: the way.
	EventLoginStarted = "login_started"
	// A session was saved; Kind: the way; Duration: exchange to save.
	EventLoginFinished  = "login_finished"
	EventLoginRestarted = "login_restarted" // a login begins again silently; Kind: why
	// A login ended at an error; Kind: the failure's kind, or "desk" where the phone said no.
	EventLoginRefused     = "login_refused"
	EventProfileRefreshed = "profile_refreshed" // Kind: "ok", "failed" or "revoked"
	// A logout; Kind: "mini" or none. Kind "end": all sessions of a user.
	EventSessionEnded = "session_ended"
	// The session store could not answer; Kind: "read" or "write".
	EventStoreDown    = "store_down"
	EventUpstreamCall = "upstream_call" // a call to WeChat; Kind: the path; Duration; Code
)
