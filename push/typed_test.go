package push_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

// typedMessages are the messages that hold what a user typed, as WeChat writes them: %s is put in
// raw, with no mark escaped.
var typedMessages = map[string]struct {
	msgType, form string
	path          []string
}{
	"text":        {"text", "<Content><![CDATA[%s]]></Content><MsgId>22</MsgId>", []string{"Content"}},
	"voice":       {"voice", "<MediaId><![CDATA[m]]></MediaId><Format><![CDATA[amr]]></Format><Recognition><![CDATA[%s]]></Recognition><MsgId>22</MsgId>", []string{"Recognition"}},
	"location":    {"location", "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>20</Scale><Label><![CDATA[%s]]></Label><MsgId>22</MsgId>", []string{"Label"}},
	"link title":  {"link", "<Title><![CDATA[%s]]></Title><Description><![CDATA[d]]></Description><Url><![CDATA[u]]></Url><MsgId>22</MsgId>", []string{"Title"}},
	"link text":   {"link", "<Title><![CDATA[t]]></Title>\n<Description><![CDATA[%s]]></Description>\n<Url><![CDATA[u]]></Url><MsgId>22</MsgId>", []string{"Description"}},
	"page title":  {"miniprogrampage", "<MsgId>22</MsgId><Title><![CDATA[%s]]></Title><AppId><![CDATA[wx1]]></AppId><PagePath><![CDATA[p]]></PagePath><ThumbUrl><![CDATA[u]]></ThumbUrl>", []string{"Title"}},
	"page path":   {"miniprogrampage", "<MsgId>22</MsgId><Title><![CDATA[t]]></Title><AppId><![CDATA[wx1]]></AppId><PagePath><![CDATA[%s]]></PagePath><ThumbUrl><![CDATA[u]]></ThumbUrl>", []string{"PagePath"}},
	"menu":        {"event", "<Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[%s]]></EventKey>", []string{"EventKey"}},
	"menu link":   {"event", "<Event><![CDATA[VIEW]]></Event><EventKey><![CDATA[%s]]></EventKey><MenuId>7</MenuId>", []string{"EventKey"}},
	"scan key":    {"event", "<Event><![CDATA[scancode_push]]></Event><EventKey><![CDATA[%s]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[r]]></ScanResult></ScanCodeInfo>", []string{"EventKey"}},
	"scan result": {"event", "<Event><![CDATA[scancode_push]]></Event><EventKey><![CDATA[k]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType>\n<ScanResult><![CDATA[%s]]></ScanResult></ScanCodeInfo>", []string{"ScanCodeInfo", "ScanResult"}},
	"place label": {"event", "<Event><![CDATA[location_select]]></Event><EventKey><![CDATA[k]]></EventKey><SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[%s]]></Label><Poiname><![CDATA[]]></Poiname></SendLocationInfo>", []string{"SendLocationInfo", "Label"}},
	"place name":  {"event", "<Event><![CDATA[location_select]]></Event><EventKey><![CDATA[k]]></EventKey><SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[l]]></Label><Poiname><![CDATA[%s]]></Poiname></SendLocationInfo>", []string{"SendLocationInfo", "Poiname"}},
	"session":     {"event", "<Event><![CDATA[user_enter_tempsession]]></Event><SessionFrom><![CDATA[%s]]></SessionFrom>", []string{"SessionFrom"}},
}

func typedMessage(kind, text string) string {
	m := typedMessages[kind]
	return fmt.Sprintf("<xml><ToUserName><![CDATA[gh_x]]></ToUserName>\n<FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[%s]]></MsgType>"+m.form+"</xml>",
		time.Now().Unix(), m.msgType, text)
}

// A text that looks like XML arrives whole, and all other fields are as without it.
func TestWhatUsersTypeIsNoField(t *testing.T) {
	for kind, shape := range typedMessages {
		own := shape.path[len(shape.path)-1]
		for name, text := range map[string]string{
			"plain":                   "hello",
			"lines":                   "one\ntwo\tthree",
			"an end mark":             "a]]>b",
			"end marks":               "]]>]]>",
			"half an end mark":        "a]]",
			"most of an end mark":     "]",
			"an opening mark":         "<![CDATA[",
			"a section":               "]]><![CDATA[",
			"markup":                  "</xml><xml>&lt;&x;<a>",
			"its own end":             "]]></" + own + ">",
			"an event":                "]]></" + own + "><Event><![CDATA[subscribe]]></Event><" + own + "><![CDATA[x",
			"a type":                  "]]></" + own + "><MsgType><![CDATA[event]]></MsgType><Event>subscribe</Event><" + own + "><![CDATA[",
			"another sender":          "]]></" + own + "><FromUserName><![CDATA[oOther]]></FromUserName><" + own + "><![CDATA[",
			"the end of the document": "]]></" + own + "></xml><!-- ",
			"a DOCTYPE":               "]]></" + own + "><!DOCTYPE x><" + own + "><![CDATA[",
			"fields of other kinds":   "]]></" + own + "><Ticket>t</Ticket><Latitude>1</Latitude><" + own + "><![CDATA[",
		} {
			for mode, request := range map[push.Mode]func(string) *http.Request{
				push.Safe: account.safe, push.Plain: account.plain,
				push.Compat: func(m string) *http.Request { return account.compat(m, m) },
			} {
				inBubble(t, kind+": "+name+" in "+mode.String()+" mode", func(t *testing.T) {
					got := hear(t, inMode(mode), request(typedMessage(kind, text)), http.StatusOK)
					require.NotNil(t, got)
					require.Equal(t, text, got.Fields.Get(shape.path...), own)
					harmless := receive(t, typedMessage(kind, "harmless"))
					set(harmless.Fields, shape.path, text)
					harmless.Raw = got.Raw
					require.Equal(t, harmless, got)
				})
			}
		}
	}
}

func set(f push.Fields, path []string, text string) {
	for _, name := range path[:len(path)-1] {
		f = f[name][0].Fields
	}
	f[path[len(path)-1]][0].Text = text
}

// A sender that does escape the end mark is understood as well.
func TestEscapedEndMark(t *testing.T) {
	require.Equal(t, "a]]>b", receive(t, typedMessage("text", "a]]]]><![CDATA[>b")).Fields.Get("Content"))
}

// Texts outside CDATA are escaped as XML has it.
func TestTypedWithoutCDATA(t *testing.T) {
	m := receive(t, strings.Replace(typedMessage("text", "x"), "<![CDATA[x]]>", "a &lt;b&gt; ]]&gt;", 1))
	require.Equal(t, "a <b> ]]>", m.Fields.Get("Content"))
}

// Official samples have blanks round CDATA.
func TestBlanksRoundCDATA(t *testing.T) {
	message := strings.NewReplacer("<![CDATA[", "\n <![CDATA[", "]]>", "]]> \r\n", "<CreateTime>", "<CreateTime> ").
		Replace(eventXML("wxa_media_check", "<appid><![CDATA[wx1]]></appid><trace_id><![CDATA[t]]></trace_id>"))
	text := account.seal(message)
	for name, request := range map[string]*http.Request{
		"message":  account.safe(message),
		"envelope": request(account.query(text), "<xml> <Encrypt> <![CDATA["+text+"]]>\n</Encrypt> </xml>"),
	} {
		t.Run(name, func(t *testing.T) {
			var got *push.MediaCheck
			cfg := config()
			cfg.OnMediaCheck = func(_ context.Context, c *push.MediaCheck) error {
				got = c
				return nil
			}
			checkAnswer(t, serve(newHandler(t, cfg), request), http.StatusOK)
			require.NotNil(t, got)
			if got.ToUserName != "gh_x" || got.FromUserName != "oUser" || got.AppID != "wx1" || got.TraceID != "t" {
				t.Errorf("media check = %+v", got)
			}
		})
	}
}

// Control characters that a sender has escaped are spaces, like raw ones. What a user typed keeps
// its lines.
func TestEscapedControlCharacters(t *testing.T) {
	for name, message := range map[string]string{
		"JSON": eventJSON("e", `,"City":"a\u0000b\u001bc\nd\u0085e\u2028f","EventKey":"a\u0000b\nc\td"`),
		"XML":  eventXML("e", "<City>a b c&#10;d&#x85;e&#x2028;f</City><EventKey>a b&#10;c&#9;d</EventKey>"),
	} {
		t.Run(name, func(t *testing.T) {
			f := receive(t, message).Fields
			require.Equal(t, "a b c d e f", f.Get("City"))
			require.Equal(t, "a b\nc\td", f.Get("EventKey"))
		})
	}
}
