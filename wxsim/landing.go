package wxsim

import "net/http"

// landingData is the content of a callback.
type landingData struct {
	page

	Code, State, AppID, Secret string
}

// landing is GET /wxsim/landing, a redirect_uri for trying out a login without a program.
func landing(w *world, r *http.Request) answer {
	data := landingData{
		newPage(r), r.FormValue("code"), r.FormValue("state"), w.first(OfficialAccount).AppID,
		w.first(OfficialAccount).Secret,
	}
	if c, ok := w.codes.get(data.Code, w.now); ok {
		data.AppID, data.Secret = c.app.AppID, c.app.Secret
	}
	return w.pages.render("landing", data)
}
