package wxsim

import "net/http"

// scannedData is the page on the phone after a scan of the QR code of an official account or of a
// mini program.
type scannedData struct {
	page

	App     look
	User    User
	Follows bool
	Code    string // what was scanned

	Scene, Path string // of a mini program
	OpenID      string // there
}

// scannedPage is GET /q/….
func scannedPage(w *world, r *http.Request) answer {
	c, ok := w.qrCode(r.PathValue("id"))
	if !ok {
		return w.pages.errorPage(r, expiredScan())
	}
	page, owner := newPage(r), w.owner(r)
	_, follows := w.people[owner.OpenID].follows[c.app]
	return w.pages.render("scanned", scannedData{
		page: page, App: page.look(c.app), User: owner, Follows: follows, Code: c.id,
	})
}

// scanned is POST /wxsim/scanned: the user opens the account's chat, or follows the account first.
func (s *Server) scanned(r *http.Request) answer {
	owner := hold(&s.holder, func(w *world) User { return w.owner(r) })
	e, err := s.Scan(owner.OpenID, r.PostFormValue("code"))
	if err != nil {
		return s.pages.errorPage(r, expiredScan())
	}
	return s.told(r, e)
}

// told pushes an event to its app, if that has a push URL, and shows the result.
func (s *Server) told(r *http.Request, e Event) answer {
	data := pushedData{page: newPage(r), Event: e.Type}
	if s.wantsPush(e.AppID) {
		data.tell(s.Send(r.Context(), e))
	}
	return s.pages.render("pushed", data)
}

func (s *Server) wantsPush(appID string) bool {
	return hold(&s.holder, func(w *world) bool {
		a := w.app(appID)
		return a != nil && a.Push != nil
	})
}

// miniPage is GET /wxsim/mini: what the phone shows after a scan of a mini program's code.
func miniPage(w *world, r *http.Request) answer {
	a := w.app(r.FormValue("appid"))
	if a == nil || a.Kind != MiniProgram {
		return w.pages.errorPage(r, &pageError{40013, "没有这个小程序", "no mini program has this appid"})
	}
	page, owner := newPage(r), w.owner(r)
	return w.pages.render("scanned", scannedData{
		page: page, App: page.look(a), User: owner, OpenID: a.openID(owner),
		Scene: r.FormValue("scene"), Path: r.FormValue("page"),
	})
}
