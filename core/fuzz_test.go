package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// An Int is the number that was sent, as exactly as a float64 holds one, or an error.
func FuzzInt(f *testing.F) {
	for _, seed := range []string{`7200`, `"7200"`, `7200.0`, `"+86"`, `null`, `""`, `"`, `"""`, `"0x1p4"`, `1e400`, `-0`, `9007199254740993`, `{`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var direct Int
		_ = direct.UnmarshalJSON(bytes.Clone(data)) // whatever it is given
		var got Int
		if json.Unmarshal(data, &got) != nil {
			return
		}
		text := strings.Trim(string(data), " \t\r\n\"")
		if text == "" || text == "null" {
			text = "0"
		}
		if strings.ContainsAny(text, "eEpP") {
			return // math/big takes no exponent as large as strconv does
		}
		sent, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q became %d", data, got)
		}
		if off := sent.Sub(sent, new(big.Rat).SetInt64(int64(got))); off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
			t.Errorf("%q became %d", data, got)
		}
	})
}

// Whatever comes, the answer is a JSON object or a typed error without a byte of what was sent.
func FuzzOpen(f *testing.F) {
	const canary = "s3cr3t-canary"
	for _, seed := range []string{
		`{}`, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":"40029","errmsg":"invalid code s3cr3t-canary rid: s3cr3t-canary"}`,
		"\xef\xbb\xbf{\"a\":\"\x01\\\"\x02\"}", `{"errmsg":{},"errcode":1e3}`, "null", "[]", "", `{"a":"\`, "<html>", `{"errcode":{"s3cr3t-canary":1}}`,
	} {
		f.Add([]byte(seed))
	}
	type result struct {
		OpenID string `json:"openid"`
		Expiry Int    `json:"expires_in"`
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := open("GET /x", bytes.Clone(data), []string{canary})
		if err == nil {
			var object map[string]json.RawMessage
			if json.Unmarshal(body, &object) != nil || object == nil {
				t.Fatalf("%q was opened as %q", data, body)
			}
			var out result
			if decodeErr := json.Unmarshal(body, &out); decodeErr != nil {
				err = bodyError("GET /x", decodeErr)
			}
		}
		if err == nil {
			return
		}
		refusal, refused := errors.AsType[*Error](err)
		if _, wire := errors.AsType[*WireError](err); !wire && (!refused || refusal.Code == 0) {
			t.Errorf("%q: untyped error %#v", data, err)
		}
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), canary, data)
	})
}

// Cleaning changes nothing of valid JSON, and never the length but for a byte order mark.
func FuzzCleanJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"\\\"b"}`, "\xef\xbb\xbf{}", "{\"a\":\"\x00\"}", "\"\\\x01", `"\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := cleanJSON(bytes.Clone(data))
		if json.Valid(data) && !bytes.Equal(got, data) {
			t.Errorf("valid %q became %q", data, got)
		}
		if n := len(data) - len(got); n != 0 && n != 3 {
			t.Errorf("%q became %q", data, got)
		}
	})
}

// What was encoded reads back the same, and holds no escape that WeChat would take for text.
func FuzzEncodeJSON(f *testing.F) {
	for _, seed := range []string{"<a&b>", "a\u2028b\u2029", `a\u2028`, `\\u2028`, "\x00\x1f\x7f", "\xff\xfe", "😀", `"\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, in := range []any{text, nested(text)} {
			data, err := encodeJSON(in)
			require.NoError(t, err)
			var got string
			if err := json.Unmarshal(data, &got); err != nil || got != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
				t.Errorf("%q became %s: %q, %v", text, data, got, err)
			}
			escapes := strings.ReplaceAll(string(data), `\\`, "")
			for i, esc := range strings.Split(escapes, `\u`) {
				if i > 0 && !strings.HasPrefix(esc, "00") || i > 0 && esc[2] > '1' {
					t.Errorf("%q became %s", text, data)
				}
			}
		}
	})
}
