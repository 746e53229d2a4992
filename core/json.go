package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// An Int is a whole number that WeChat sends as a number or as a string: errcode, expires_in,
// sex, label and countryCode do both. null and "" are 0.
type Int int64

// UnmarshalJSON accepts 7200, "7200", 7200.0, "" and null.
func (i *Int) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" || text == `""` {
		*i = 0
		return nil
	}
	text = strings.Trim(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		*i = Int(n)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return errors.New("not a whole number")
	}
	*i = Int(f)
	return nil
}

// cleanJSON drops a byte order mark and replaces control bytes inside strings by spaces: nicknames
// contain them and encoding/json refuses them. It may change data in place.
func cleanJSON(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	inString := false
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case b == '"':
			inString = !inString
		case b == '\\' && inString:
			i++ // skip what is escaped: a quote there does not end the string
		case b < 0x20 && inString:
			data[i] = ' '
		}
	}
	return data
}

// envelope is the part that every answer of WeChat may have. A missing errcode means success.
type envelope struct {
	Code    Int             `json:"errcode"`
	Message json.RawMessage `json:"errmsg"`
}

// open returns body if it is one JSON object without an errcode. sent are the values that must not
// appear in an error.
func open(op string, body []byte, sent []string) ([]byte, error) {
	body = cleanJSON(body)
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, wireError(op, WireBody, "%d bytes that are no JSON object", len(body))
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, bodyError(op, err)
	}
	if e.Code == 0 {
		return body, nil
	}
	var msg string
	_ = json.Unmarshal(e.Message, &msg) // an errmsg that is not a string is dropped
	msg = redact(msg, sent)
	return nil, &Error{Op: op, Code: Code(e.Code), Message: cleanMessage(msg), RID: requestID(msg)}
}

// bodyError returns an error that says where decoding failed and quotes nothing of the answer.
func bodyError(op string, err error) *WireError {
	w := &WireError{Op: op, Kind: WireBody, Detail: "not the JSON that WeChat documents"}
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		w.Detail = "unexpected type of field " + strconv.Quote(typeErr.Field)
	}
	return w
}

// encodeJSON encodes v without escaping more than JSON demands, because several APIs of WeChat do
// not decode \u003c, \u2028 and the like.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	data := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if !bytes.Contains(data, []byte(`\u`)) {
		return data, nil
	}
	raw := strings.NewReplacer(
		`\\`, `\\`, // first, so that an escaped backslash before u2028 is not taken for an escape
		`\u2028`, "\u2028", `\u2029`, "\u2029", `\ufffd`, "\ufffd",
		// Written by a MarshalJSON that calls json.Marshal.
		`\u003c`, "<", `\u003e`, ">", `\u0026`, "&",
	)
	return []byte(raw.Replace(string(data))), nil
}
