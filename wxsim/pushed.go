package wxsim

import (
	"io"
	"net/http"
	"strings"
)

// pushedData is what came of a push.
type pushedData struct {
	page

	Status, Body, Err string
}

// sendPush is POST /wxsim/push.
func (s *Server) sendPush(r *http.Request) answer {
	target, p, event := s.pushFromForm(r)
	data := pushedData{page: newPage(r)}
	if r.PostForm.Get("do") == "verify" {
		data.Status = "echostr ✓"
		if err := s.VerifyPushURL(r.Context(), target, p); err != nil {
			data.Err = err.Error()
		}
		return s.pages.render("pushed", data)
	}
	resp, err := s.Push(r.Context(), target, p, event)
	if err != nil {
		data.Err = err.Error()
		return s.pages.render("pushed", data)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	data.Status, data.Body = resp.Status, strings.ToValidUTF8(string(body), "�")
	if err != nil {
		data.Err = err.Error()
	}
	return s.pages.render("pushed", data)
}

func (s *Server) pushFromForm(r *http.Request) (target string, p PushConfig, event []byte) {
	target = r.PostFormValue("url") // parses the form
	form := r.PostForm
	openID := hold(&s.holder, func(w *world) string { return w.first(miniProgram).openID(w.owner(r)) })
	p = PushConfig{
		Token:          form.Get("token"),
		EncodingAESKey: form.Get("key"),
		Mode:           map[string]PushMode{"compat": PushCompat, "plain": PushPlain}[form.Get("mode")],
		OpenID:         openID,
	}
	format := PushJSON
	if form.Get("format") == "XML" {
		format = PushXML
	}
	if name := form.Get("event"); name != "wxa_media_check" {
		return target, p, s.AuthorizationEvent(format, name, openID)
	}
	return target, p, s.MediaCheckEvent(format, openID, randomHex(32), "pass")
}
