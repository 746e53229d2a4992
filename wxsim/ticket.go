package wxsim

import "time"

// A ticket is what pages are signed with for the JS-SDK.
type ticket struct {
	Text    string    `json:"text"`
	Expires time.Time `json:"expires"`
}

// ticketFor is GET /cgi-bin/ticket/getticket.
func ticketFor(w *world, r *request) answer {
	kind := r.query.Get("type")
	if kind != "jsapi" && kind != "wx_card" {
		return r.refuse(40097)
	}
	t := r.app.tickets[kind]
	if !w.now.Before(t.Expires) {
		t = ticket{"LIKLckvwlJT9cWIhEQTwfL" + randomText(64, urlSafe), w.now.Add(tokenLife)}
		r.app.tickets[kind] = t
	}
	left := t.Expires.Sub(w.now)
	if w.cfg.FullTickets {
		left = tokenLife
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "ticket", t.Text, "expires_in",
		int(left/time.Second)))
}
