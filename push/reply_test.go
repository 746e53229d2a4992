package push_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

// replying sends one message to a handler that answers it with reply.
func replying(t *testing.T, mode push.Mode, r *http.Request, reply *push.Reply) (body, contentType string) {
	t.Helper()
	cfg := inMode(mode)
	cfg.OnAny = func(context.Context, *push.Message) (*push.Reply, error) { return reply, nil }
	w := serve(newHandler(t, cfg), r)
	require.Equal(t, http.StatusOK, w.Code)
	if contentType = w.Header().Get("Content-Type"); mode == push.Plain || w.Body.String() == "success" {
		return w.Body.String(), contentType
	}
	return account.openReply(t, r, w), contentType
}

func TestReply(t *testing.T) {
	const xmlType, jsonType, textType = "application/xml; charset=utf-8", "application/json; charset=utf-8", "text/plain; charset=utf-8"
	// NOW stands for the time of the reply.
	const text = `<xml><ToUserName><![CDATA[oUser]]></ToUserName><FromUserName><![CDATA[gh_x]]></FromUserName><CreateTime>NOW</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 <b> & co]]></Content></xml>`
	const textJSON = `{"ToUserName":"oUser","FromUserName":"gh_x","CreateTime":NOW,"MsgType":"text","Content":"你好 <b> & co"}`
	for _, tt := range []struct {
		name        string
		event       func(name, more string) string
		reply       *push.Reply
		body        string
		contentType string
	}{
		{"none", eventXML, nil, "success", textType},
		{"an empty one", eventXML, &push.Reply{}, "success", textType},
		{"an empty raw one", eventXML, &push.Reply{Raw: []byte{}}, "success", textType},
		{"text in XML", eventXML, &push.Reply{Text: "你好 <b> & co"}, text, xmlType},
		{"text in JSON", eventJSON, &push.Reply{Text: "你好 <b> & co"}, textJSON, jsonType},
		{"raw XML", eventXML, &push.Reply{Raw: []byte("<xml>x</xml>")}, "<xml>x</xml>", xmlType},
		{"raw JSON", eventJSON, &push.Reply{Raw: []byte(`{"demo_resp":"good luck"}`)}, `{"demo_resp":"good luck"}`, jsonType},
		{"raw goes before text", eventJSON, &push.Reply{Text: "x", Raw: []byte(`{}`)}, `{}`, jsonType},
	} {
		for mode, send := range map[push.Mode]func(message string) *http.Request{
			push.Safe:   account.safe,
			push.Compat: func(m string) *http.Request { return account.compat(m, m) },
			push.Plain:  account.plain,
		} {
			inBubble(t, tt.name+" in "+mode.String()+" mode", func(t *testing.T) {
				body, contentType := replying(t, mode, send(tt.event("e", "")), tt.reply)
				want := strings.Replace(tt.body, "NOW", strconv.FormatInt(time.Now().Unix(), 10), 1)
				require.Equal(t, want, body)
				require.Equal(t, tt.contentType, contentType)
			})
		}
	}
}

// Whatever the text, the reply is well-formed and says just that.
func TestReplyTextIsQuoted(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"end of CDATA", "a]]>b]]>]]>c", "a]]>b]]>]]>c"},
		{"an element", "</Content></xml>", "</Content></xml>"},
		{"quotes", `"'\`, `"'\`},
		{"lines", "a\nb\tc", "a\nb\tc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got struct {
				XMLName xml.Name `json:"-" xml:"xml"`
				Content string
			}
			body, _ := replying(t, push.Safe, account.safe(eventXML("e", "")), &push.Reply{Text: tt.text})
			if err := xml.Unmarshal([]byte(body), &got); err != nil || got.Content != tt.want {
				t.Errorf("XML says %q, %v; want %q", got.Content, err, tt.want)
			}
			body, _ = replying(t, push.Safe, account.safe(eventJSON("e", "")), &push.Reply{Text: tt.text})
			if err := json.Unmarshal([]byte(body), &got); err != nil || got.Content != tt.want {
				t.Errorf("JSON says %q, %v; want %q", got.Content, err, tt.want)
			}
		})
	}
	t.Run("what XML cannot hold", func(t *testing.T) {
		body, _ := replying(t, push.Plain, account.plain(eventXML("e", "")), &push.Reply{Text: "a\x00\x1b\xff\uFFFEb"})
		var got struct{ Content string }
		if err := xml.Unmarshal([]byte(body), &got); err != nil || got.Content != "a  \uFFFD b" {
			t.Errorf("XML says %q, %v", got.Content, err)
		}
	})
}

// Every reply is sealed under fresh random bytes.
func TestRepliesDiffer(t *testing.T) {
	cfg := config()
	cfg.OnAny = func(context.Context, *push.Message) (*push.Reply, error) { return &push.Reply{Text: "hi"}, nil }
	h := newHandler(t, cfg)
	first, second := serve(h, account.safe(eventJSON("e", `,"a":1`))), serve(h, account.safe(eventJSON("e", `,"a":2`)))
	var a, b reply
	if json.Unmarshal(first.Body.Bytes(), &a) != nil || json.Unmarshal(second.Body.Bytes(), &b) != nil || a.Encrypt[:22] == b.Encrypt[:22] {
		t.Errorf("two replies begin alike: %s, %s", first.Body, second.Body)
	}
}
