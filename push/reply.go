package push

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// A Reply is sent as the answer to a message. It is encrypted as the [Mode] demands, and is XML or
// JSON like the message. A reply that comes later than 4.5 seconds after the message is lost.
type Reply struct {
	// Text is sent to the user as a text message.
	Text string
	// Raw, if set, is sent instead: the whole reply, in XML or JSON like the message, as WeChat's
	// documentation describes this kind of reply.
	Raw []byte
}

const (
	success  = "success"
	typeText = "text/plain; charset=utf-8"
	typeXML  = "application/xml; charset=utf-8"
	xmlText  = `<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName>` +
		`<CreateTime>%d</CreateTime><MsgType>%s</MsgType><Content>%s</Content></xml>`
	xmlSealed = `<xml><Encrypt>%s</Encrypt><MsgSignature>%s</MsgSignature>` +
		`<TimeStamp>%d</TimeStamp><Nonce>%s</Nonce></xml>`
)

// plain returns the unencrypted reply to m.
func (r *Reply) plain(m *Message, now time.Time) ([]byte, error) {
	switch {
	case r.Raw != nil:
		return r.Raw, nil
	case m.JSON:
		return encodeJSON(struct {
			ToUserName, FromUserName string
			CreateTime               int64
			MsgType, Content         string
		}{m.FromUserName, m.ToUserName, now.Unix(), "text", r.Text})
	}
	return fmt.Appendf(nil, xmlText, cdata(m.FromUserName), cdata(m.ToUserName), now.Unix(),
		cdata("text"), cdata(r.Text)), nil
}

// answer returns the body and the content type of the answer to m.
func (p *post) answer(
	m *Message, reply *Reply, now time.Time,
) (body []byte, contentType string, err error) {
	if reply == nil || (reply.Text == "" && len(reply.Raw) == 0) {
		return []byte(success), typeText, nil // success is never encrypted
	}
	body, err = reply.plain(m, now)
	isJSON := m.JSON
	if err == nil && p.cipher != nil {
		body, err = p.seal(body, now)
		isJSON = p.json
	}
	if isJSON {
		return body, answers.TypeJSON, err
	}
	return body, typeXML, err
}

// seal encrypts a reply with the key of the message, because that is the one that WeChat uses
// while keys change.
func (p *post) seal(reply []byte, now time.Time) ([]byte, error) {
	text, err := p.cipher.seal(reply)
	if err != nil {
		return nil, err
	}
	signature := wxcrypt.SortedSHA1(p.token, strconv.FormatInt(now.Unix(), 10), p.nonce, text)
	if p.json {
		return encodeJSON(struct {
			Encrypt, MsgSignature string
			TimeStamp             int64
			Nonce                 string
		}{text, signature, now.Unix(), p.nonce})
	}
	return fmt.Appendf(nil, xmlSealed, cdata(text), cdata(signature), now.Unix(),
		cdata(p.nonce)), nil
}

// cdata quotes text for XML. Characters that XML does not allow become spaces.
func cdata(text string) string {
	text = string(legible([]byte(text), xmlControls))
	return "<![CDATA[" + strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>") + "]]>"
}

// encodeJSON writes <, > and & as they are, because some of WeChat's programs do not decode
// \u003c.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}
