package wxsim

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"rsc.io/qr"
)

// A scan is one QR code on a desktop page.
type scan struct {
	ticket string
	ask    *login

	opened  bool      // somebody has scanned it
	decided *decision // nil until they confirm or refuse
	back    *answer   // how the desktop page goes on, made once
}

func (s *Server) newScan(ask *login, now time.Time) *scan {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &scan{ticket: randomText(16, alphanumeric), ask: ask}
	s.scans.put(made.ticket, made, now)
	return made
}

// scan finds a QR code that has not run out.
func (s *Server) scan(ticket string) (*scan, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scans.get(ticket, s.clock.now())
}

func expiredScan() *pageError { return badLink("this QR code is unknown or has expired") }

// desktopData is the page with the QR code.
type desktopData struct {
	page

	AppName, Ticket string
	Code            template.URL // a data: URL of the picture
	Opened          bool
}

// desktopPage shows the QR code.
func (s *Server) desktopPage(r *http.Request, found *scan) answer {
	target := origin(r) + "/wxsim/scan?ticket=" + found.ticket
	picture, err := qr.Encode(target, qr.M)
	if err != nil {
		return plain(http.StatusBadRequest, "the host name is too long for a QR code")
	}
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG())
	s.mu.Lock()
	opened := found.opened
	s.mu.Unlock()
	return s.render("desktop", desktopData{
		page: newPage(r), AppName: hostOf(found.ask.redirectURI), Ticket: found.ticket, Opened: opened,
		Code: template.URL(data), //nolint:gosec // base64 of a picture that was made here
	})
}

// desktopAgain is GET /wxsim/desktop: the desktop page once more, or back to the website when
// the phone has decided.
func (s *Server) desktopAgain(r *http.Request) answer {
	found, ok := s.scan(r.FormValue("ticket"))
	if !ok {
		return s.errorPage(r, expiredScan())
	}
	s.mu.Lock()
	decided, back := found.decided, found.back
	s.mu.Unlock()
	switch {
	case decided == nil:
		return s.desktopPage(r, found)
	case back == nil:
		a := s.callBack(r, *decided)
		s.mu.Lock()
		defer s.mu.Unlock()
		found.back = cmp.Or(found.back, &a)
		back = found.back
	}
	return *back
}

// desktopState is GET /wxsim/desktop/state, which the desktop page asks every second:
// waiting, opened, decided or expired.
func (s *Server) desktopState(r *http.Request) answer {
	found, ok := s.scan(r.FormValue("ticket"))
	if !ok {
		return plain(http.StatusOK, "expired")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case found.decided != nil:
		return plain(http.StatusOK, "decided")
	case found.opened:
		return plain(http.StatusOK, "opened")
	}
	return plain(http.StatusOK, "waiting")
}

// phonePage is GET /wxsim/scan: what the phone shows after a scan.
func (s *Server) phonePage(r *http.Request) answer {
	found, ok := s.scan(r.FormValue("ticket"))
	if !ok {
		return s.errorPage(r, expiredScan())
	}
	s.mu.Lock()
	found.opened = true
	decided := found.decided
	s.mu.Unlock()
	if decided != nil {
		return s.donePage(r, found, *decided)
	}
	return s.consentPage(r, found.ask, consentData{Ticket: found.ticket}, s.owner(r))
}

// confirm keeps the first decision about a QR code.
func (s *Server) confirm(r *http.Request, found *scan, d decision) answer {
	s.mu.Lock()
	if found.decided == nil {
		found.decided = &d
	}
	d = *found.decided
	s.mu.Unlock()
	return s.donePage(r, found, d)
}

// doneData is the last page on the phone.
type doneData struct {
	page

	Refused bool
	AppName string
	Ticket  string
}

func (s *Server) donePage(r *http.Request, found *scan, d decision) answer {
	return s.render("done", doneData{newPage(r), d.refused, hostOf(found.ask.redirectURI), found.ticket})
}
