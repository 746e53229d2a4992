package wxsim

import "time"

// A ticket is what pages are signed with for the JS-SDK.
type ticket struct {
	text    string
	expires time.Time
}

// ticketFor is GET /cgi-bin/ticket/getticket.
func ticketFor(w *world, r *request) answer {
	kind := r.query.Get("type")
	if kind != "jsapi" && kind != "wx_card" {
		return r.refuse(40097)
	}
	t := r.app.tickets[kind]
	if !w.now.Before(t.expires) {
		t = ticket{"LIKLckvwlJT9cWIhEQTwfL" + randomText(64, urlSafe), w.now.Add(tokenLife)}
		r.app.tickets[kind] = t
	}
	left := t.expires.Sub(w.now)
	if w.cfg.FullTickets {
		left = tokenLife
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "ticket", t.text, "expires_in",
		int(left/time.Second)))
}
