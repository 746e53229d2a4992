package adaptertest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A misbehaviour is something that WeChat, or the network on the way, does wrong.
type misbehaviour struct {
	name  string
	fault wxsim.Fault // of WeChat
	dial  dialer      // of the network; nil: it is a fault of WeChat

	token   *ending       // what the calls for tokens must make of it; nil: it makes no sense there
	profile *ending       // likewise the call for the profile
	spent   bool          // the code is spent all the same
	slow    time.Duration // how long WeChat takes
}

func (m misbehaviour) at(path string) (ending, bool) {
	e := m.token
	if path == userInfoPath {
		e = m.profile
	}
	if e == nil {
		return ending{}, false
	}
	return *e, true
}

func (m misbehaviour) begin(t *World, l *line, path string) {
	if m.dial != nil {
		l.breakAt(path, m.dial)
	} else {
		t.Sim.Fail(path, m.fault)
	}
}

func (m misbehaviour) end(t *World, l *line, path string) {
	l.mend()
	t.Sim.Clear(path)
}

// both is a fault that every call makes the same of.
func both(name string, fault wxsim.Fault, e ending) misbehaviour {
	return misbehaviour{name: name, fault: fault, token: &e, profile: &e}
}

func connectionFaults() []misbehaviour {
	var all []misbehaviour
	for _, f := range []struct {
		name string
		dial dialer
		want ending
	}{
		{"the connection is refused", refusing(syscall.ECONNREFUSED), unreachable()},
		{"there is no route", refusing(syscall.EHOSTUNREACH), unreachable()},
		{"the name is not found", refusing(&net.DNSError{Err: "no such host", Name: "api.weixin.qq.com", IsNotFound: true}), unreachable()},
		{"connecting hangs", connecting, late()},
		{"nobody reads the request", deaf, late()},
		{"reset without an answer", resetting(calling(says(""))), broken()},
		{"reset in the body", resetting(calling(says(reply(`{"openid":"`)))), garbled()},
	} {
		all = append(all, misbehaviour{name: f.name, dial: f.dial, token: &f.want, profile: &f.want})
	}
	for _, f := range peerFaults() {
		all = append(all, misbehaviour{name: f.name, dial: calling(f.peer), token: &f.want, profile: &f.want})
	}
	for _, m := range []misbehaviour{
		both("the body is cut", wxsim.Cut(), garbled()),
		both("the answer is lost", wxsim.Lost(), broken()),
		both("the answer comes too late", wxsim.Late(6*time.Second), late()),
		both("a slow body that never ends in time", wxsim.Slow(20*time.Second), late()),
	} {
		m.spent = true
		all = append(all, m)
	}
	slow := both("a slow body", wxsim.Slow(2500*time.Millisecond), fine())
	slow.slow = 2500 * time.Millisecond
	return append(all, slow,
		both("WeChat thinks too long", wxsim.Delay(6*time.Second), late()),
		both("WeChat never answers", wxsim.Hang(), late()),
	)
}

func statusFaults() []misbehaviour {
	all := []misbehaviour{both("status 429", wxsim.Status(http.StatusTooManyRequests), busy())}
	for _, status := range []int{201, 204, 206, 304, 400, 401, 403, 404, 413, 500, 502, 503, 504} {
		all = append(all, both(fmt.Sprintf("status %d", status), wxsim.Status(status), odd()))
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		all = append(all, both(fmt.Sprintf("a redirect with %d", status), wxsim.Redirect(status, "https://"+elsewhere+"/"), odd()))
	}
	return append(all, both("status 500 with a good answer", wxsim.Body(500, "text/plain", `{"errcode":0,"errmsg":"ok"}`), odd()))
}

// elsewhere is where a redirect of WeChat's API leads, which nobody may follow.
const elsewhere = "elsewhere.example.net"

func bodyFaults() []misbehaviour {
	text := func(body string) wxsim.Fault { return wxsim.Body(http.StatusOK, "text/plain", body) }
	all := []misbehaviour{
		both("nothing", wxsim.EmptyBody(), garbled()),
		both("white space", text(" \r\n"), garbled()),
		both("null", text("null"), garbled()),
		both("an array", text("[]"), garbled()),
		both("a string", text(`"openid"`), garbled()),
		both("a number", text("0"), garbled()),
		both("HTML", wxsim.HTML(), garbled()),
		both("XML", text("<xml><openid>o1</openid></xml>"), garbled()),
		both("UTF-16", text("\xff\xfe{\x00}\x00"), garbled()),
		both("a gzip file that nobody asked for", wxsim.Body(http.StatusOK, "application/gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00"), garbled()),
		both("a message in GBK", text("{\"errcode\":40013,\"errmsg\":\"\xce\xde\xd0\xa7\xb5\xc4appid\"}"), refused(40013)),
		both("a message with a backslash from GBK", text("{\"errcode\":40013,\"errmsg\":\"\x95\x5c\"}"), garbled()),
		both("an errcode in a string", text(`{"errcode":"40013","errmsg":"invalid appid"}`), refused(40013)),
		both("an errcode that is a word", text(`{"errcode":"busy"}`), garbled()),
		both("an errcode that is true", text(`{"errcode":true}`), garbled()),
		both("an errcode that is an object", text(`{"errcode":{"errcode":0}}`), garbled()),
		both("an errcode that is a fraction", text(`{"errcode":0.5}`), garbled()),
		both("an errcode beyond all bounds", text(`{"errcode":1e99}`), garbled()),
		both("two errcodes, the last one counts", text(`{"errcode":0,"errcode":40013}`), refused(40013)),
		both("an errmsg that is no text", text(`{"errcode":40013,"errmsg":["a",{"b":1}]}`), refused(40013)),
		both("an errmsg of 100 kB", text(`{"errcode":40013,"errmsg":"`+strings.Repeat("x", 100<<10)+`"}`), refused(40013)),
	}
	edit := func(name string, edit func(string) string, e ending) {
		m := both(name, wxsim.Edit(func(body []byte) []byte { return []byte(edit(string(bytes.Clone(body)))) }), e)
		m.spent = true
		all = append(all, m)
	}
	edit("the JSON is cut", func(s string) string { return s[:len(s)-1] }, garbled())
	edit("the JSON is cut in the middle", func(s string) string { return s[:len(s)/2] }, garbled())
	edit("two documents", func(s string) string { return s + s }, garbled())
	edit("something behind the document", func(s string) string { return s + "x" }, garbled())
	edit("NUL behind the document", func(s string) string { return s + "\x00" }, garbled())
	edit("JSONP", func(s string) string { return "callback(" + s + ")" }, garbled())
	edit("in an array", func(s string) string { return "[" + s + "]" }, garbled())
	edit("a control byte between fields", func(s string) string { return s[:1] + "\x01" + s[1:] }, garbled())
	edit("two byte order marks", func(s string) string { return "\ufeff\ufeff" + s }, garbled())
	edit("more than 1 MB", func(s string) string { return s + strings.Repeat(" ", 1<<20) }, garbled())
	edit("deep nesting", func(s string) string { return s[:len(s)-1] + `,"x":` + nested(200_000) + "}" }, garbled())
	edit("a byte order mark", func(s string) string { return "\ufeff" + s }, fine())
	edit("white space around", func(s string) string { return "\r\n\t " + s + "\n" }, fine())
	edit("almost 1 MB", func(s string) string { return s + strings.Repeat(" ", 1<<20-len(s)) }, fine())
	edit("some nesting", func(s string) string { return s[:len(s)-1] + `,"x":` + nested(1000) + "}" }, fine())
	return append(all, both("a cookie of WeChat's", wxsim.Header("Set-Cookie", "a=b"), fine()),
		both("a content type of HTML", wxsim.Header("Content-Type", "text/html"), fine()))
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// fieldFaults change one field of the true answer.
func fieldFaults() []misbehaviour {
	var all []misbehaviour
	add := func(name, json string, token, profile *ending) {
		fault, text := wxsim.Field(name, json), json
		if text == "" {
			text = "missing"
		}
		if len(text) > 60 {
			text = fmt.Sprintf("%s… of %d bytes", text[:20], len(text))
		}
		all = append(all, misbehaviour{name: name + " " + text, fault: fault, token: token, profile: profile, spent: true})
	}
	ok, bad, who := fine(), garbled(), nobody()
	config := refused(40013)

	for _, json := range []string{"", "null", `""`, `" "`, `"o 1"`, `"../o1"`, `"o1\n"`, `"名"`, `"` + strings.Repeat("o", 65) + `"`} {
		add("openid", json, &who, &who)
	}
	add("openid", `"oSomebodyElse000000000000000"`, nil, &who) // of a token call it is a refusal by the profile's
	for _, json := range []string{"1", "true", "[]", `["o1"]`, "{}"} {
		add("openid", json, &bad, &bad)
	}
	for _, json := range []string{`"u 1"`, `"u1\n"`, `"` + strings.Repeat("u", 65) + `"`} {
		add("unionid", json, &who, &who)
	}
	for _, json := range []string{"1", "false", "[]"} {
		add("unionid", json, &bad, &bad)
	}
	for _, json := range []string{"", "null", `""`} {
		add("unionid", json, &ok, &ok)
	}
	for _, field := range []string{"access_token", "refresh_token"} {
		for _, json := range []string{"", "null", `""`, "1", "[]", `{"a":1}`, `"` + strings.Repeat("t", 513) + `"`} {
			add(field, json, &bad, nil)
		}
	}
	for _, json := range []string{"", "null", `""`, "0", "-1", "-7200", "2592001", "1e99", "7200.5", `"soon"`, "true", "[7200]", "{}", "99999999999999999999"} {
		add("expires_in", json, &bad, nil)
	}
	for _, json := range []string{"120", `"7200"`, "7200.0", "7.2e3", "2592000"} {
		add("expires_in", json, &ok, nil)
	}
	for _, json := range []string{"1", "[]", `["snsapi_userinfo"]`, "true"} {
		add("scope", json, &bad, nil)
	}
	for _, json := range []string{"", "null", `""`, `"snsapi_userinfo,snsapi_base"`, "\"snsapi_userinfo\x00\""} {
		add("scope", json, &ok, nil)
	}
	for _, json := range []string{"0", `"0"`, "null", `""`} {
		add("errcode", json, &ok, &ok)
		add("is_snapshotuser", json, &ok, nil)
	}
	add("is_snapshotuser", `"yes"`, &bad, nil)
	for _, json := range []string{"40013", `"40013"`, "40013.0"} { // beside a good answer
		add("errcode", json, &config, &config)
	}
	for _, json := range []string{"1", "[]", "{}", "true", "\"\x95\x5c\""} {
		add("nickname", json, nil, &bad)
	}
	for _, json := range []string{"", "null", `""`, "\"a\x00b\nc\td\x1f\"", "\"\xd5\xc5\xc8\xfd\"", "\"\xff\xfe\"", `"\ud800"`, `"` + strings.Repeat("名", 10_000) + `"`, `"<script>"`} {
		add("nickname", json, nil, &ok)
	}
	for _, json := range []string{`"male"`, "true", "[1]", "0.5"} {
		add("sex", json, nil, &bad)
	}
	for _, json := range []string{"", "null", `""`, `"1"`, "77", "-1"} {
		add("sex", json, nil, &ok)
	}
	for _, json := range []string{`"chinaunicom"`, "[1]", "{}", "7"} {
		add("privilege", json, nil, &bad)
	}
	for _, json := range []string{"", "null", "[]", `["a",null]`, "[" + strings.Repeat(`"chinaunicom",`, 5000) + `""]`} {
		add("privilege", json, nil, &ok)
	}
	add("headimgurl", `"https://thirdwx.qlogo.cn/`+strings.Repeat("x", 10_000)+`"`, nil, &ok)

	for _, twice := range []string{"openid", "unionid", "OpenID"} { // encoding/json does not look at capitals
		fault := wxsim.Edit(func(body []byte) []byte {
			body = bytes.TrimSuffix(bytes.Clone(body), []byte("}"))
			return append(body, `,"`+twice+`":"oSomebodyElse000000000000000","`+twice+`":"oSomebodyThird00000000000000"}`...)
		})
		m := misbehaviour{name: twice + " a second time", fault: fault, token: &who, profile: &who, spent: true}
		all = append(all, m)
	}
	return all
}

func codeFaults() []misbehaviour {
	var all []misbehaviour
	for _, code := range []int{
		-1, 40001, 40003, 40013, 40014, 40029, 40030, 40125, 40163, 40164, 40226, 40243, 41002, 41004, 42001, 42002, 42003, 42007,
		45009, 45011, 48001, 50001, 50002, 50004, 50007, 61024, 123456,
	} {
		m := both(fmt.Sprintf("errcode %d", code), wxsim.Code(code), refused(core.Code(code)))
		if m.token.kind == oauth.KindCode { // the profile's call brings no code
			m.profile = &ending{502, oauth.KindUpstream, "", core.Code(code), ""}
		}
		all = append(all, m)
	}
	return all
}
