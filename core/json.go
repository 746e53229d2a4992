package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// cleanJSON drops a byte order mark and turns raw control bytes inside strings into spaces:
// nicknames bring them, and encoding/json refuses them. It may change data in place.
func cleanJSON(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	inString := false
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case b == '"':
			inString = !inString
		case b == '\\' && inString:
			i++ // an escaped quote does not end the string
		case b < 0x20 && inString:
			data[i] = ' '
		}
	}
	return data
}

// envelope is what every answer of WeChat may carry. A missing errcode means success.
type envelope struct {
	Code    Int             `json:"errcode"`
	Message json.RawMessage `json:"errmsg"`
}

// open checks that body is one JSON object without an errcode. sent are the values that must
// not come back in an error's text.
func open(op string, body []byte, sent []string) ([]byte, error) {
	body = cleanJSON(body)
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, &WireError{Op: op, Kind: WireBody, Detail: fmt.Sprintf("%d bytes that are no JSON object", len(body))}
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, bodyError(op, err)
	}
	if e.Code == 0 {
		return body, nil
	}
	var msg string
	_ = json.Unmarshal(e.Message, &msg) // an errmsg of another type is no message
	msg = redact(msg, sent)
	return nil, &Error{Op: op, Code: Code(e.Code), Message: cleanMessage(msg), RID: requestID(msg)}
}

// bodyError says where decoding failed, without a byte of what came.
func bodyError(op string, err error) *WireError {
	w := &WireError{Op: op, Kind: WireBody, Detail: "not the JSON that WeChat documents"}
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		w.Detail = "unexpected type of field " + strconv.Quote(typeErr.Field)
	}
	return w
}

// encodeJSON marshals as WeChat wants it: raw UTF-8, because several of its APIs do not decode
// \u003c, \u2028 and the like. Only control bytes stay escaped, as JSON demands.
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
		`\\`, `\\`, // first, so that the u2028 behind an escaped backslash stays text
		`\u2028`, "\u2028", `\u2029`, "\u2029", `\ufffd`, "\ufffd",
		`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", // from a MarshalJSON that calls json.Marshal
	)
	return []byte(raw.Replace(string(data))), nil
}
