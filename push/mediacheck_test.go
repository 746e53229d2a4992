package push_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

func TestParseMediaCheck(t *testing.T) {
	v2 := push.MediaCheck{
		ToUserName: "gh_x", FromUserName: "oX", CreateTime: time.Unix(1626959646, 0),
		AppID: "wx8f16a5be77871234", TraceID: "60f96f1d-3845297a-1976a3ae", Version: 2, ErrMsg: "ok",
		Result: push.MediaCheckResult{Suggest: "pass", Label: 100},
		Detail: []push.MediaCheckDetail{{Strategy: "content_model", Suggest: "pass", Label: 100, Prob: 90}},
	}
	changed := func(change func(*push.MediaCheck)) push.MediaCheck {
		c := v2
		change(&c)
		return c
	}
	const head = `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1626959646,"MsgType":"event","Event":"wxa_media_check","appid":"wx8f16a5be77871234","trace_id":"60f96f1d-3845297a-1976a3ae",`
	const xmlHead = `<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName><CreateTime>1626959646</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event><appid><![CDATA[wx8f16a5be77871234]]></appid><trace_id><![CDATA[60f96f1d-3845297a-1976a3ae]]></trace_id>`
	const xmlDetail = `<detail><strategy><![CDATA[content_model]]></strategy><errcode>0</errcode><suggest><![CDATA[pass]]></suggest><label>100</label><prob>90</prob></detail>`
	const xmlTail = `<errcode>0</errcode><errmsg><![CDATA[ok]]></errmsg><result><suggest><![CDATA[pass]]></suggest><label>100</label></result></xml>`
	const bom = "\xef\xbb\xbf"
	for _, tt := range []struct {
		name, data string
		want       push.MediaCheck
		passed     bool
	}{
		{"JSON", head + `"version":2,"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}}`, v2, true},
		{"numbers as strings", head + `"version":"2","detail":[{"strategy":"content_model","errcode":"0","suggest":"pass","label":"100","prob":"90"}],"errcode":"0","errmsg":"ok","result":{"suggest":"pass","label":"100"}}`, v2, true},
		{"numbers with a fraction of nothing", head + `"version":2.0,"detail":[{"strategy":"content_model","errcode":0e0,"suggest":"pass","label":1e2,"prob":90.0}],"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100.0}}`, v2, true},
		{"no version", head + `"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}}`, v2, true},
		{"byte order mark and white space", bom + " \n" + head + `"version":2,"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}}` + "\r\n", v2, true},
		{"control bytes and invalid UTF-8", head + "\"version\":2,\"detail\":{\"strategy\":\"content_model\",\"suggest\":\"pass\",\"label\":100,\"prob\":90},\"errmsg\":\"a\x01\t\xffb\",\"result\":{\"suggest\":\"pass\",\"label\":100}}", changed(func(c *push.MediaCheck) { c.ErrMsg = "a  \uFFFDb" }), true},
		{"null and no detail", head + `"version":2,"detail":null,"errcode":null,"errmsg":"ok","result":{"suggest":"pass","label":100}}`, changed(func(c *push.MediaCheck) { c.Detail = nil }), true},
		{"XML", xmlHead + `<version>2</version>` + xmlDetail + xmlTail, v2, true},
		{"XML with two details apart", xmlHead + xmlDetail + `<version>2</version>` + `<detail><strategy>keyword</strategy><errcode>-1</errcode></detail>` + xmlTail, changed(func(c *push.MediaCheck) {
			c.Detail = append(c.Detail[:1:1], push.MediaCheckDetail{Strategy: "keyword", ErrCode: -1})
		}), true},
		{"XML, spread over lines", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->" + xmlHead + "\n<version>\n 2 </version>\n" + xmlDetail + "\n" + xmlTail + "\n", v2, true},
		{"XML with control bytes", xmlHead + "<version>2</version>" + xmlDetail + "<errmsg><![CDATA[a\x01b\xff]]></errmsg><result><suggest>pass</suggest><label>100</label></result></xml>", changed(func(c *push.MediaCheck) { c.ErrMsg = "a b\uFFFD" }), true},
		{"risky", head + `"version":2,"errcode":0,"errmsg":"ok","result":{"suggest":"risky","label":20002}}`, changed(func(c *push.MediaCheck) {
			c.Detail, c.Result = nil, push.MediaCheckResult{Suggest: "risky", Label: 20002}
		}), false},
		{"review has not passed", head + `"version":2,"errcode":0,"errmsg":"ok","result":{"suggest":"review","label":20002}}`, changed(func(c *push.MediaCheck) {
			c.Detail, c.Result = nil, push.MediaCheckResult{Suggest: "review", Label: 20002}
		}), false},
		{"not fetched", head + `"version":2,"errcode":-1008,"errmsg":"ok","result":{"suggest":"pass","label":100}}`, changed(func(c *push.MediaCheck) {
			c.Detail, c.ErrCode = nil, -1008
		}), false},
		{"version 1", head + `"isrisky":0,"extra_info_json":"{}","status_code":0,"detail":[]}`, changed(func(c *push.MediaCheck) {
			*c = push.MediaCheck{ToUserName: c.ToUserName, FromUserName: c.FromUserName, CreateTime: c.CreateTime, AppID: c.AppID, TraceID: c.TraceID, Version: 1, ExtraInfo: "{}"}
		}), true},
		{"version 1, XML, risky", xmlHead + `<isrisky>1</isrisky><extra_info_json></extra_info_json><status_code>0</status_code></xml>`, changed(func(c *push.MediaCheck) {
			*c = push.MediaCheck{ToUserName: c.ToUserName, FromUserName: c.FromUserName, CreateTime: c.CreateTime, AppID: c.AppID, TraceID: c.TraceID, Version: 1, IsRisky: true}
		}), false},
		{"version 1, not fetched", head + `"isrisky":"0","status_code":4294966288}`, changed(func(c *push.MediaCheck) {
			*c = push.MediaCheck{ToUserName: c.ToUserName, FromUserName: c.FromUserName, CreateTime: c.CreateTime, AppID: c.AppID, TraceID: c.TraceID, Version: 1, ErrCode: -1008}
		}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := push.ParseMediaCheck([]byte(tt.data))
			require.NoError(t, err)
			require.Equal(t, tt.want, *got)
			require.Equal(t, tt.passed, got.Passed())
		})
	}
}

func TestParseMediaCheckRefuses(t *testing.T) {
	const event = `"MsgType":"event","Event":"wxa_media_check"`
	for name, data := range map[string]string{
		"nothing":                  "",
		"another event":            `{"MsgType":"event","Event":"subscribe"}`,
		"no event":                 `{"MsgType":"text","Event":"wxa_media_check"}`,
		"a label of letters":       `{` + event + `,"result":{"label":"x"}}`,
		"half a label":             `{` + event + `,"result":{"label":20001.5}}`,
		"an endless label":         `{` + event + `,"result":{"label":"Inf"}}`,
		"a prob that is no number": `{` + event + `,"detail":[{"prob":"NaN"}]}`,
		"a huge errcode":           `{` + event + `,"errcode":1e300}`,
		"two documents":            `{` + event + `}{}`,
		"a cut document":           `{` + event,
		"an array":                 `[{` + event + `}]`,
		"a comma too many":         `{` + event + `,}`,
		"two roots":                `<xml><Event>wxa_media_check</Event></xml><xml/>`,
		"text after the root":      `<xml><Event>wxa_media_check</Event></xml>x`,
		"another root":             `<html><Event>wxa_media_check</Event></html>`,
		"no end tag":               `<xml><Event>wxa_media_check</Event>`,
		"crossed tags":             `<xml><Event>wxa_media_check</xml></Event>`,
		"another encoding":         `<?xml version="1.0" encoding="GBK"?><xml><Event>wxa_media_check</Event></xml>`,
		"a DOCTYPE":                `<!DOCTYPE xml [<!ENTITY e "wxa_media_check">]><xml><Event>&e;</Event></xml>`,
		"HTML entities":            `<xml><Event>wxa_media_check</Event><a>&nbsp;</a></xml>`,
		"more than 256 kB":         `{` + event + `,"errmsg":"` + strings.Repeat("x", 256<<10) + `"}`,
		"a NUL by number":          `<xml><Event>wxa_media_check</Event><a>&#0;</a></xml>`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := push.ParseMediaCheck([]byte(data)); !errors.Is(err, push.ErrMalformed) || got != nil {
				t.Errorf("ParseMediaCheck = %+v, %v; want ErrMalformed", got, err)
			}
		})
	}
}
