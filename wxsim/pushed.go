package wxsim

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// pushedData is the page about a push and its answer.
type pushedData struct {
	page

	Event             string // "" for a check of the URL
	Status, Body, Err string // all empty if nothing was pushed
}

// tell fills in the answer to a push, or its error.
func (d *pushedData) tell(result PushResult, err error) {
	d.Status = strconv.Itoa(result.Status) + " " + http.StatusText(result.Status)
	d.Body = cmp.Or(result.Reply, result.Body)
	if err != nil {
		d.Err = err.Error()
	}
}

// sendPush is POST /wxsim/push.
func (s *Server) sendPush(r *http.Request) answer {
	e, target, fault := s.pushFromForm(r)
	if fault != nil {
		return s.pages.badForm(r, "推送的模式或格式不对："+fault.Error(), fault.Error())
	}
	data := pushedData{page: newPage(r), Event: e.Type}
	config := target.config(e)
	if r.PostForm.Get("do") == "verify" {
		data.Status = "echostr ✓"
		if err := s.VerifyPushURL(r.Context(), target.URL, config); err != nil {
			data.Err = err.Error()
		}
		return s.pages.render("pushed", data)
	}
	message, err := s.Message(target.Format, e)
	if err != nil {
		data.Err = err.Error()
		return s.pages.render("pushed", data)
	}
	data.tell(s.deliver(r.Context(), target.URL, config, message))
	return s.pages.render("pushed", data)
}

// deliver pushes a message and reads the answer.
func (s *Server) deliver(
	ctx context.Context, target string, config PushConfig, message []byte,
) (PushResult, error) {
	resp, err := s.Push(ctx, target, config, message)
	if err != nil {
		return PushResult{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	result := PushResult{Status: resp.StatusCode, Body: strings.ToValidUTF8(string(body), "�")}
	if reply, notSealed := s.OpenReply(config, body); notSealed == nil {
		result.Reply = string(reply)
	}
	return result, err
}

// pushFromForm returns the event of a form and its target. If there is no openid, it is about the
// current user.
func (s *Server) pushFromForm(r *http.Request) (e Event, target PushTarget, err error) {
	target.URL = r.PostFormValue("url") // parses the form
	form := r.PostForm
	target.Token, target.EncodingAESKey = form.Get("token"), form.Get("key")
	err = errors.Join(target.Mode.UnmarshalText([]byte(cmp.Or(form.Get("mode"), "safe"))),
		target.Format.UnmarshalText([]byte(cmp.Or(form.Get("format"), "json"))))
	e = Event{Type: form.Get("event"), AppID: form.Get("appid"), Key: form.Get("event_key")}
	if e.Type == "wxa_media_check" {
		e.Ticket = randomHex(32)
	}
	s.change(func(w *world) {
		a := w.app(e.AppID)
		if a == nil {
			a = w.first(MiniProgram)
		}
		e.AppID, e.OpenID = a.AppID, a.openID(w.owner(r))
	})
	return e, target, err
}
