package push

import (
	"cmp"
	"strings"
	"time"
)

// A Message is what WeChat sent, decrypted.
type Message struct {
	ToUserName   string    // the account's own name, gh_…
	FromUserName string    // the user's OpenID, or the platform
	CreateTime   time.Time // to the second
	MsgType      string    // event, text, image …
	Event        string    // which event; "" if MsgType is not event
	MsgID        string    // "" for most events
	Fields       Fields    // all fields, including those above
	Raw          []byte    // the message as it was sent
	JSON         bool      // whether it was JSON, otherwise XML
}

// parseMessage reads XML or JSON. Absent fields stay zero. Errors match [ErrMalformed].
func parseMessage(data []byte) (*Message, error) {
	f, isJSON, err := parse(data)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{
		"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "MsgId",
	} {
		if len(f[name]) > 1 {
			return nil, malformed("more than one %s", name)
		}
	}
	m := &Message{
		ToUserName: f.Get("ToUserName"), FromUserName: f.Get("FromUserName"),
		MsgType: f.Get("MsgType"), MsgID: f.first("MsgId", "MsgID", "msgid"), Fields: f, Raw: data,
		JSON: isJSON,
	}
	if m.MsgType == "" || strings.EqualFold(m.MsgType, "event") {
		m.Event = f.Get("Event")
	}
	var n numbers
	if created := n.integer(f, "CreateTime"); created != 0 {
		m.CreateTime = time.Unix(created, 0)
	}
	if n.err != nil {
		return nil, n.err
	}
	return m, nil
}

// name returns the kind of message, for the log.
func (m *Message) name() string {
	name := cmp.Or(m.Event, m.MsgType)
	return name[:min(len(name), 64)]
}

// isProbe reports whether m is the message with which cloud hosting asks whether a path answers.
func (m *Message) isProbe() bool {
	return m.MsgType == "" && m.CreateTime.IsZero() &&
		m.Fields.Get("action") == "CheckContainerPath"
}
