package core

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInt(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Int
		ok   bool
	}{
		{`7200`, 7200, true},
		{`"7200"`, 7200, true},
		{`7200.0`, 7200, true},
		{`"7200.0"`, 7200, true},
		{`7.2e3`, 7200, true},
		{`-1`, -1, true},
		{`"-1"`, -1, true},
		{`"+86"`, 86, true},
		{`"086"`, 86, true},
		{`""`, 0, true},
		{`null`, 0, true},
		{`9223372036854775807`, 9223372036854775807, true},
		{`9007199254740992.0`, 1 << 53, true},
		{`9223372036854775808`, 0, false},
		{`1e300`, 0, false},
		{`0.5`, 0, false},
		{`"0.5"`, 0, false},
		{`"null"`, 0, false},
		{`"NaN"`, 0, false},
		{`"Inf"`, 0, false},
		{`"ok"`, 0, false},
		{`" 1"`, 0, false},
		{`"\"1\""`, 0, false},
		{`true`, 0, false},
		{`[1]`, 0, false},
		{`{"a":1}`, 0, false},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got := Int(5)
			err := json.Unmarshal([]byte(tt.in), &got)
			if (err == nil) != tt.ok || (tt.ok && got != tt.want) {
				t.Errorf("= %d, %v; want %d, ok %v", got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestIntMarshalsAsNumber(t *testing.T) {
	if got, err := json.Marshal(Int(-7200)); err != nil || string(got) != "-7200" {
		t.Errorf("Marshal = %s, %v", got, err)
	}
}

// nested writes escapes by itself, as a MarshalJSON that calls json.Marshal does.
type nested string

func (n nested) MarshalJSON() ([]byte, error) { return json.Marshal(string(n)) }

func TestEncodeJSON(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   any
		want string
	}{
		{"HTML", `<a href="?a=1&b=2">`, `"<a href=\"?a=1&b=2\">"`},
		{"Chinese and emoji", "你好 😀", `"你好 😀"`},
		{"line separators", "a\u2028b\u2029c", "\"a\u2028b\u2029c\""},
		{"a literal backslash-u2028", `a\u2028b`, `"a\\u2028b"`},
		{"two backslashes before it", `a\\u2028b`, `"a\\\\u2028b"`},
		{"a backslash, then a separator", "a\\\u2028b", "\"a\\\\\u2028b\""},
		{"a literal backslash-u003c", `\u003c`, `"\\u003c"`},
		{"a quote before a literal", `"\u2028`, `"\"\\u2028"`},
		{"control bytes stay escaped", "a\x00\n\t\x1fb", `"a\u0000\n\t\u001fb"`},
		{"delete is no control byte of JSON", "a\x7f", "\"a\x7f\""},
		{"invalid UTF-8", "a\xffb", "\"a\ufffdb\""},
		{"a marshaler of its own", struct{ V nested }{"<&>\u2028 你 \\u003c"}, `{"V":"<&>` + "\u2028" + ` 你 \\u003c"}`},
		{"a struct", struct {
			B string `json:"b"`
			A int    `json:"a,omitempty"`
		}{"<", 0}, `{"b":"<"}`},
		{"no newline at the end", map[string]int{"a": 1}, `{"a":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := encodeJSON(tt.in)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(got))
		})
	}
	if _, err := encodeJSON(make(chan int)); err == nil {
		t.Error("a channel was encoded")
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		detail         string // of a WireError
		code           Code
	}{
		{name: "no errcode", in: `{"openid":"o1"}`, want: `{"openid":"o1"}`},
		{name: "errcode 0", in: `{"errcode":0,"errmsg":"ok"}`, want: `{"errcode":0,"errmsg":"ok"}`},
		{name: `errcode "0"`, in: `{"errcode":"0","errmsg":"ok"}`, want: `{"errcode":"0","errmsg":"ok"}`},
		{name: "errcode null", in: `{"errcode":null}`, want: `{"errcode":null}`},
		{name: "another word for ok", in: `{"errcode":0,"errmsg":"getuserriskrank succ"}`, want: `{"errcode":0,"errmsg":"getuserriskrank succ"}`},
		{name: "white space around", in: " \r\n\t{} \n", want: " \r\n\t{} \n"},
		{name: "byte order mark", in: "\xef\xbb\xbf{}", want: "{}"},
		{name: "control bytes in a string", in: "{\"nickname\":\"a\x00b\nc\x1f\"}", want: `{"nickname":"a b c "}`},
		{name: "control bytes after an escaped quote", in: "{\"a\":\"\\\"\x01\"}", want: `{"a":"\" "}`},
		{name: "an escaped backslash ends nothing", in: "{\"a\":\"\\\\\",\"b\":\"\x01\"}", want: `{"a":"\\","b":" "}`},
		{name: "duplicate keys", in: `{"errcode":0,"errcode":40029}`, code: 40029},
		{name: "refusal", in: `{"errcode":40029,"errmsg":"invalid code"}`, code: 40029},
		{name: "refusal as a string", in: `{"errcode":"40029"}`, code: 40029},
		{name: "refusal with a body", in: `{"openid":"o1","errcode":-1}`, code: -1},

		{name: "empty", in: "", detail: "0 bytes that are no JSON object"},
		{name: "null", in: "null", detail: "4 bytes that are no JSON object"},
		{name: "array", in: "[]", detail: "2 bytes that are no JSON object"},
		{name: "string", in: `"{}"`, detail: "4 bytes that are no JSON object"},
		{name: "HTML", in: "<html>502</html>", detail: "16 bytes that are no JSON object"},
		{name: "two byte order marks", in: "\xef\xbb\xbf\xef\xbb\xbf{}", detail: "5 bytes that are no JSON object"},
		{name: "cut", in: `{"openid":"o1"`, detail: "not the JSON that WeChat documents"},
		{name: "cut in a string", in: `{"openid":"o1`, detail: "not the JSON that WeChat documents"},
		{name: "cut in an escape", in: `{"openid":"\`, detail: "not the JSON that WeChat documents"},
		{name: "two documents", in: `{}{}`, detail: "not the JSON that WeChat documents"},
		{name: "control byte outside a string", in: "{\x00}", detail: "not the JSON that WeChat documents"},
		{name: "control byte as an escape", in: "{\"a\":\"\\\x01\"}", detail: "not the JSON that WeChat documents"},
		{name: "errcode is no number", in: `{"errcode":"canary"}`, detail: "not the JSON that WeChat documents"},
		{name: "errcode is a fraction", in: `{"errcode":0.5}`, detail: "not the JSON that WeChat documents"},
		{name: "GBK with a backslash byte", in: "{\"a\":\"\x95\x5c\xd0\x5c\"}", detail: "not the JSON that WeChat documents"},
		{name: "deep nesting", in: `{"a":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`, detail: "not the JSON that WeChat documents"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := open("GET /x", []byte(tt.in), nil)
			switch {
			case tt.code != 0:
				require.ErrorIs(t, err, tt.code)
			case tt.detail != "":
				wire, ok := errors.AsType[*WireError](err)
				if !ok || *wire != (WireError{Op: "GET /x", Kind: WireBody, Detail: tt.detail}) {
					t.Errorf("err = %#v, want %q", err, tt.detail)
				}
			case err != nil || string(got) != tt.want || !json.Valid(got):
				t.Errorf("open = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// Names that are not UTF-8, as GBK is not, cost their own characters and nothing else.
func TestInvalidUTF8IsReplaced(t *testing.T) {
	body, err := open("GET /x", []byte("{\"openid\":\"o1\",\"nickname\":\"\xc4\xe3\xba\xc3\"}"), nil)
	require.NoError(t, err)
	var got struct{ OpenID, Nickname string }
	if err := json.Unmarshal(body, &got); err != nil || got.OpenID != "o1" || got.Nickname != "\ufffd\ufffd\ufffd\ufffd" {
		t.Errorf("decoded %+q, %v", got, err)
	}
}
