package wxsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// An Event is an event that WeChat pushes: something that a user did, or the result of a check.
type Event struct {
	// Type is subscribe, unsubscribe, SCAN, VIEW, CLICK or text; user_info_modified,
	// user_authorization_revoke or user_authorization_cancellation; wxa_media_check.
	Type string `json:"type"`

	AppID  string `json:"appid,omitempty"` // default: the app at which OpenID is the user's
	OpenID string `json:"openid"`

	// Key is the EventKey: the scene of a QR code, the key of a menu's button, the URL of a VIEW.
	// For text it is the text, for wxa_media_check pass, risky or review, and for a change of
	// authorization RevokeInfo.
	Key string `json:"key,omitempty"`

	Ticket string `json:"ticket,omitempty"` // of a QR code; for wxa_media_check the trace_id
}

// eventTypes returns the values of Event.Type, in the order of the page.
func eventTypes() []string {
	return []string{
		"subscribe", "unsubscribe", "SCAN", "CLICK", "VIEW", "text",
		"user_info_modified", "user_authorization_revoke", "user_authorization_cancellation",
		"wxa_media_check",
	}
}

// Message returns an event as WeChat writes it, before it is encrypted; see [Server.NewPush].
func (s *Server) Message(format PushFormat, e Event) ([]byte, error) {
	return try(&s.holder, func(w *world) ([]byte, error) {
		a, err := w.receiver(e)
		if err != nil {
			return nil, err
		}
		return w.message(format, a, e), nil
	})
}

// receiver returns the app that gets an event.
func (w *world) receiver(e Event) (*app, error) {
	a := w.app(e.AppID)
	if e.AppID == "" {
		a = w.people[e.OpenID].app
	}
	switch {
	case a == nil:
		return nil, errors.New("wxsim: no app has this appid or knows this openid")
	case !slices.Contains(eventTypes(), e.Type):
		return nil, fmt.Errorf("wxsim: no event is called %q", e.Type)
	}
	return a, nil
}

func (w *world) message(format PushFormat, a *app, e Event) []byte {
	now := w.now.Unix()
	head := []any{"ToUserName", a.OriginalID, "FromUserName", e.OpenID, "CreateTime", now}
	event := append(slices.Clone(head), "MsgType", "event", "Event", e.Type)
	switch e.Type {
	case "text":
		// Cannot fail: 18 digits.
		id, _ := strconv.ParseInt("2"+randomText(17, "0123456789"), 10, 64)
		return write(format, append(head, "MsgType", "text", "Content", e.Key, "MsgId", id)...)
	case "wxa_media_check":
		return w.verdictMessage(format, event, a, e)
	case "user_info_modified", "user_authorization_revoke", "user_authorization_cancellation":
		event[3] = "oaKk346BaWE-eIn4oSRWbaM9vR7s" // FromUserName is the platform and not the user
		return write(format, append(event, "OpenID", e.OpenID, "AppID", a.AppID, "RevokeInfo",
			cmp.Or(e.Key, "301"))...)
	}
	event = append(event, "EventKey", e.Key)
	if e.Ticket != "" {
		event = append(event, "Ticket", e.Ticket)
	}
	return write(format, event...)
}

// A part is a field with fields of its own.
type part []any

// write returns a message. As WeChat does, it puts the text of a user into CDATA without escaping.
func write(format PushFormat, pairs ...any) []byte {
	if format == PushJSON {
		return []byte(object(pairs...))
	}
	return []byte("<xml>" + elements(pairs) + "</xml>")
}

func elements(pairs []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		value := fmt.Sprint(pairs[i+1])
		switch v := pairs[i+1].(type) {
		case string:
			value = "<![CDATA[" + v + "]]>"
		case part:
			value = elements(v)
		}
		fmt.Fprintf(&b, "<%s>%s</%[1]s>", pairs[i], value)
	}
	return b.String()
}

// verdictMessage returns a wxa_media_check message, in the form of the version that the check had
// requested. event are the fields of every event.
func (w *world) verdictMessage(format PushFormat, event []any, a *app, e Event) []byte {
	suggest, label, risky := cmp.Or(e.Key, "pass"), 100, 0
	if suggest != "pass" {
		label, risky = 20002, 1
	}
	if version, ok := w.checks.get(e.Ticket, w.now); ok && version == 1 {
		event = append(event, "isrisky", risky, "extra_info_json", "", "appid", a.AppID,
			"trace_id", e.Ticket, "status_code", 0)
		if format == PushJSON {
			event = append(event, "detail", []string{})
		}
		return write(format, event...)
	}
	result := part{"suggest", suggest, "label", label}
	var detail any = part{
		"strategy", "content_model", "errcode", 0, "suggest", suggest, "label", label, "prob", 90,
	}
	if format == PushJSON {
		detail = rawJSON("[" + jsonValue(detail) + "]")
	}
	return write(format, append(event, "appid", a.AppID, "trace_id", e.Ticket, "version", 2,
		"detail", detail, "errcode", 0, "errmsg", "ok", "result", result)...)
}

// MediaCheckEvent returns the result of a media_check_async call, for [Server.Push]: suggest is
// pass, risky or review.
func (s *Server) MediaCheckEvent(format PushFormat, openID, traceID, suggest string) []byte {
	return s.miniMessage(format, Event{
		Type: "wxa_media_check", OpenID: openID, Ticket: traceID, Key: suggest,
	})
}

// AuthorizationEvent returns a message about a user's change of authorization: event is
// user_info_modified, user_authorization_revoke or user_authorization_cancellation.
func (s *Server) AuthorizationEvent(format PushFormat, event, openID string) []byte {
	return s.miniMessage(format, Event{Type: event, OpenID: openID})
}

// miniMessage returns an event of a mini program. For tests, the openid may be an unknown one.
func (s *Server) miniMessage(format PushFormat, e Event) []byte {
	return hold(&s.holder, func(w *world) []byte {
		a := w.people[e.OpenID].app
		if a == nil || a.Kind != MiniProgram {
			a = w.first(MiniProgram)
		}
		return w.message(format, a, e)
	})
}

// A PushResult is the app's answer to a message.
type PushResult struct {
	Status int    `json:"status"`          // HTTP status of the app's answer
	Body   string `json:"body"`            // the answer, at most 64 kB
	Reply  string `json:"reply,omitempty"` // the decrypted answer, if it was encrypted
}

// tell hands an event to pushNews, if its app has a push URL and the simulator was started. If too
// many events wait, it is dropped.
func (w *world) tell(a *app, e Event) {
	if a.Push == nil || w.news == nil {
		return
	}
	select {
	case w.news <- e:
	default:
	}
}

// pushNews pushes the events of tell until the server is closed.
func (s *Server) pushNews(ctx context.Context, news <-chan Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-news:
			s.pushUntilTaken(ctx, e)
		}
	}
}

// pushTries is how often WeChat pushes a message that an app does not take.
const pushTries = 3

func (s *Server) pushUntilTaken(ctx context.Context, e Event) {
	push, err := s.pushOf(e)
	if err != nil {
		s.log.WarnContext(ctx, "push", "event", e.Type, "err", err)
		return
	}
	for range pushTries {
		result, err := s.deliver(ctx, push.url, push.config, push.message)
		if err == nil && result.Status == http.StatusOK {
			return
		}
		s.log.WarnContext(ctx, "push", "event", e.Type, "status", result.Status, "err", err)
	}
}

// Send pushes an event to the push URL of its app once; see App.Push.
func (s *Server) Send(ctx context.Context, e Event) (PushResult, error) {
	push, err := s.pushOf(e)
	if err != nil {
		return PushResult{}, err
	}
	return s.deliver(ctx, push.url, push.config, push.message)
}

// An appPush is a message to an app and what its push needs.
type appPush struct {
	url     string
	config  PushConfig
	message []byte
}

// pushOf returns the push of an event to the push URL of its app.
func (s *Server) pushOf(e Event) (appPush, error) {
	return try(&s.holder, func(w *world) (appPush, error) {
		a, err := w.receiver(e)
		switch {
		case err != nil:
			return appPush{}, err
		case a.Push == nil:
			return appPush{}, errors.New("wxsim: the app has no push URL")
		}
		message := w.message(a.Push.Format, a, e)
		e.AppID = a.AppID
		return appPush{a.Push.URL, a.Push.config(e), message}, nil
	})
}
