package wxsim

import (
	"encoding/base64"
	"html/template"
	"net/http"

	"rsc.io/qr"
)

// A scan is a QR code on a desktop page.
type scan struct {
	ticket string
	ask    *login

	opened  bool      // whether somebody has scanned it
	decided *decision // nil until they confirm or refuse
	back    *answer   // the answer that the desktop page gets then
}

func (w *world) newScan(ask *login) *scan {
	made := &scan{ticket: randomText(16, alphanumeric), ask: ask}
	w.scans.put(made.ticket, made, w.now)
	return made
}

// scan returns a QR code that has not expired.
func (w *world) scan(ticket string) (*scan, bool) {
	return w.scans.get(ticket, w.now)
}

func expiredScan() *pageError {
	return badLink("二维码不存在或已过期", "this QR code is unknown or has expired")
}

// desktopData is the page with the QR code.
type desktopData struct {
	page

	App    look
	Ticket string
	Code   template.URL // a data: URL of the picture
	Opened bool
}

// desktopPage shows the QR code.
func desktopPage(w *world, r *http.Request, found *scan) answer {
	target := origin(r) + "/wxsim/scan?ticket=" + found.ticket
	picture, err := qr.Encode(target, qr.M)
	if err != nil {
		return plain(http.StatusBadRequest, "the host name is too long for a QR code")
	}
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG())
	page := newPage(r)
	return w.pages.render("desktop", desktopData{
		page: page, App: page.look(found.ask.app), Ticket: found.ticket, Opened: found.opened,
		Code: template.URL(data), //nolint:gosec // base64 of a picture that was made here
	})
}

// desktopAgain is GET /wxsim/desktop: it shows the desktop page again, or if the user has decided
// on the phone, redirects to the website.
func desktopAgain(w *world, r *http.Request) answer {
	found, ok := w.scan(r.FormValue("ticket"))
	switch {
	case !ok:
		return w.pages.errorPage(r, expiredScan())
	case found.decided == nil:
		return desktopPage(w, r, found)
	case found.back == nil:
		a := callBack(w, r, *found.decided)
		found.back = &a
	}
	return *found.back
}

// desktopState is GET /wxsim/desktop/state, which the desktop page fetches every second: waiting,
// opened, decided or expired.
func desktopState(w *world, r *http.Request) answer {
	found, ok := w.scan(r.FormValue("ticket"))
	switch {
	case !ok:
		return plain(http.StatusOK, "expired")
	case found.decided != nil:
		return plain(http.StatusOK, "decided")
	case found.opened:
		return plain(http.StatusOK, "opened")
	}
	return plain(http.StatusOK, "waiting")
}

// phonePage is GET /wxsim/scan: what the phone shows after a scan.
func phonePage(w *world, r *http.Request) answer {
	found, ok := w.scan(r.FormValue("ticket"))
	if !ok {
		return w.pages.errorPage(r, expiredScan())
	}
	found.opened = true
	if found.decided != nil {
		return donePage(w, r, found)
	}
	return consentPage(w, r, found.ask, consentData{Ticket: found.ticket}, w.owner(r))
}

// doneData is the last page on the phone.
type doneData struct {
	page

	Refused bool
	App     look
	Ticket  string
}

func donePage(w *world, r *http.Request, found *scan) answer {
	page := newPage(r)
	return w.pages.render("done", doneData{
		page, found.decided.refused, page.look(found.ask.app), found.ticket,
	})
}
