package push_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

// receive sends one message and returns what OnAny is given.
func receive(t *testing.T, message string) *push.Message {
	t.Helper()
	got := hear(t, config(), account.safe(message), http.StatusOK)
	require.NotNil(t, got)
	return got
}

func TestFieldsAreTheSameInXMLAndJSON(t *testing.T) {
	want := push.Fields{
		"n":    {{Text: "7"}},
		"s":    {{Text: " a<b&c "}},
		"list": {{Text: "1"}, {Text: "2"}},
		"in":   {{Fields: push.Fields{"x": {{Fields: push.Fields{"y": {{Text: "deep"}}}}}}}},
		"e":    {{}},
	}
	for name, message := range map[string]string{
		"XML":  eventXML("e", "<n>7</n><s><![CDATA[ a<b&c ]]></s><list>1</list><in>\n<x a='b'><y>deep</y></x> </in><list>2</list><e/>"),
		"JSON": eventJSON("e", `,"n":7,"s":" a<b&c ","list":[1,"2"],"in":{"x":{"y":"deep"}},"e":null`),
	} {
		t.Run(name, func(t *testing.T) {
			m := receive(t, message)
			require.Equal(t, "e", m.Fields.Get("Event"))
			require.Equal(t, "gh_x", m.Fields.Get("ToUserName"))
			for _, common := range []string{"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event"} {
				delete(m.Fields, common)
			}
			require.Equal(t, want, m.Fields)
			require.Equal(t, name == "JSON", m.JSON)
			require.Equal(t, message, string(m.Raw))
			for _, get := range []struct {
				path []string
				want string
			}{{[]string{"n"}, "7"}, {[]string{"in", "x", "y"}, "deep"}, {[]string{"list"}, "1"}, {[]string{"in"}, ""}, {[]string{"in", "z", "y"}, ""}, {[]string{"n", "x"}, ""}, {nil, ""}} {
				require.Equal(t, get.want, m.Fields.Get(get.path...), get.path)
			}
		})
	}
}

func TestJSONOddities(t *testing.T) {
	for _, tt := range []struct {
		name, more, field string
		want              []push.Field
	}{
		{"a big number keeps its digits", `,"id":23637352235060880123`, "id", []push.Field{{Text: "23637352235060880123"}}},
		{"truth", `,"a":true,"b":false`, "a", []push.Field{{Text: "true"}}},
		{"a name twice is kept twice", `,"a":1,"a":2`, "a", []push.Field{{Text: "1"}, {Text: "2"}}},
		{"lists in lists are one list", `,"a":[[1],[],[2,[3]]]`, "a", []push.Field{{Text: "1"}, {Text: "2"}, {Text: "3"}}},
		{"an empty list", `,"a":[]`, "a", nil},
		{"names keep their case", `,"event":"x"`, "event", []push.Field{{Text: "x"}}},
		{"half a surrogate", `,"a":"\ud83d"`, "a", []push.Field{{Text: "\uFFFD"}}},
		{"raw control bytes", ",\"a\":\"x\x00\n\x1fy\"", "a", []push.Field{{Text: "x   y"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, receive(t, eventJSON("e", tt.more)).Fields[tt.field])
		})
	}
}

func TestMsgID(t *testing.T) {
	for name, message := range map[string]string{
		"number":           eventJSON("e", `,"MsgId":23637352235060880`),
		"string":           eventJSON("e", `,"MsgId":"23637352235060880"`),
		"XML":              eventXML("e", `<MsgId>23637352235060880</MsgId>`),
		"of template jobs": eventXML("TEMPLATESENDJOBFINISH", `<MsgID>23637352235060880</MsgID>`),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, "23637352235060880", receive(t, message).MsgID)
		})
	}
}
