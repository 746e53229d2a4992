package push

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// Sealing and opening are inverse, and noise is refused with one error.
func FuzzOpen(f *testing.F) {
	c := newCipher("wx1", strings.Repeat("a", 42)+"A")
	f.Add([]byte("<xml>1</xml>"))
	f.Add([]byte(""))
	f.Add(bytes.Repeat([]byte{32}, 96))
	f.Add([]byte("16 random bytes.\xff\xff\xff\xff<xml/>wx1")) // a length of 4 GB
	f.Fuzz(func(t *testing.T, data []byte) {
		sealed, err := c.seal(data)
		require.NoError(t, err)
		if raw, _ := base64.StdEncoding.DecodeString(sealed); len(raw)%32 != 0 {
			t.Errorf("sealed: %d bytes, want blocks of 32", len(raw))
		}
		if got, err := c.open(sealed); err != nil || !bytes.Equal(got, data) {
			t.Errorf("round trip = %q, %v; want %q", got, err, data)
		}
		if _, err := newCipher("wx2", strings.Repeat("a", 42)+"A").open(sealed); !errors.Is(err, errDecrypt) {
			t.Errorf("another account opens it: %v", err)
		}
		if _, err := c.open(string(data)); err != nil && !errors.Is(err, errDecrypt) {
			t.Errorf("open(noise): %v", err)
		}
		// Noise as ciphertext, and as a plaintext that was sealed well.
		if _, err := c.open(base64.StdEncoding.EncodeToString(data)); err != nil && !errors.Is(err, errDecrypt) {
			t.Errorf("open(ciphertext of noise): %v", err)
		}
		inner, err := wxcrypt.Encrypt(c.key, c.key[:16], data, wxcrypt.PushBlock)
		require.NoError(t, err)
		got, err := c.open(base64.StdEncoding.EncodeToString(inner))
		if err != nil && !errors.Is(err, errDecrypt) {
			t.Errorf("open(plaintext of noise): %v", err)
		}
		if err == nil && len(got)+headSize+len("wx1") != len(data) {
			t.Errorf("%d bytes out of %d", len(got), len(data))
		}
	})
}

// Whatever comes, parsing ends with fields within bounds or with ErrMalformed.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`<xml><ToUserName><![CDATA[gh_x]]></ToUserName><CreateTime>1659967849</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event><detail><label>100</label></detail><detail/><result><label>100</label></result></xml>`,
		`{"ToUserName":"gh_x","CreateTime":1626959646,"MsgType":"event","Event":"wxa_media_check","version":2,"detail":[{"label":"100","prob":90}],"errcode":0,"result":{"suggest":"pass","label":100}}`,
		`{"OpenID":"o","Event":"user_authorization_revoke","RevokeInfo":["1",2]}`,
		`<!DOCTYPE x><xml/>`, `<?xml version="1.0"?><xml>&lt;</xml>`, `<xml a="b"><!-- --><a/>x</xml> `,
		"\xef\xbb\xbf{\"a\":\"\x01\xff\"}", `{"a":[[[[]]]],"a":null}`, `{"a":1e999}`, `{`, `<`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		m, err := parseMessage(data)
		require.True(t, bytes.Equal(before, data), "the input was changed")
		require.Equal(t, errors.Is(err, ErrMalformed), m == nil)
		require.Equal(t, m != nil, err == nil)
		if err != nil {
			return
		}
		if depth, count := measure(m.Fields); depth > maxDepth || count > maxFields {
			t.Errorf("%d fields, %d deep", count, depth)
		}
		if c, err := newMediaCheck(m); (c == nil) != errors.Is(err, ErrMalformed) {
			t.Errorf("newMediaCheck = %v, %v", c, err)
		}
		if c, err := newAuthorizationChange(m); (c == nil) != errors.Is(err, ErrMalformed) {
			t.Errorf("newAuthorizationChange = %v, %v", c, err)
		}
		_ = m.name()
		_ = m.isProbe()
		_ = checkFresh(m)
	})
}

// Whatever a user types, it arrives whole and is nothing but that text.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"hi", "]]>", "]]></Content><Event>subscribe</Event><Content><![CDATA[", "<![CDATA[", "]]></Content></xml>", "]]"} {
		f.Add(seed)
	}
	const head, tail = `<xml><CreateTime>1</CreateTime><MsgType>text</MsgType><Content><![CDATA[`, `]]></Content><MsgId>2</MsgId></xml>`
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<10 || strings.Contains(text, "]]]]><![CDATA[>") {
			t.Skip("too long to be typed, or the end mark as another sender escapes it")
		}
		m, err := parseMessage([]byte(head + text + tail))
		require.NoError(t, err)
		// XML has one line end only, and no control bytes.
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(fieldText("Content", string(legible([]byte(text), xmlControls))))
		if got := m.Fields.Get("Content"); got != want || len(m.Fields) != 4 || m.MsgID != "2" || m.Event != "" {
			t.Errorf("Content = %q, want %q; message %+v", got, want, m)
		}
	})
}

func measure(f Fields) (depth, count int) {
	for _, fields := range f {
		for _, field := range fields {
			d, c := measure(field.Fields)
			depth, count = max(depth, d), count+c+1
		}
	}
	return depth + 1, count
}

// No body and no query makes the handler panic, or answer what it does not answer.
func FuzzServe(f *testing.F) {
	f.Add("1714037059", "486452656", `{"CreateTime":1714037059,"MsgType":"event","Event":"e"}`)
	f.Add("1714037059", "4864", `<xml><CreateTime>1</CreateTime></xml>`)
	f.Add("1714037059", "4864", `<xml><Encrypt>aaaa</Encrypt></xml>`)
	f.Add("x", "", `{"Encrypt":"????"}`)
	f.Add("1714037059", "4864", `{"action":"CheckContainerPath"}`)
	handlers := map[Mode]*Handler{}
	for _, mode := range []Mode{Safe, Compat, Plain} {
		h, err := New(Config{Token: "AAAAA", EncodingAESKey: strings.Repeat("A", 43), AppID: "wx1", Mode: mode})
		require.NoError(f, err)
		h.logger = slog.New(slog.DiscardHandler)
		handlers[mode] = h
	}
	f.Fuzz(func(t *testing.T, timestamp, nonce, body string) {
		fields, _, _ := parse([]byte(body))
		q := url.Values{
			"timestamp": {timestamp}, "nonce": {nonce}, "echostr": {body},
			"signature":     {wxcrypt.SortedSHA1("AAAAA", timestamp, nonce)},
			"msg_signature": {wxcrypt.SortedSHA1("AAAAA", timestamp, nonce, strings.TrimSpace(fields.Get("Encrypt")))},
		}
		for mode, h := range handlers {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(method, "/?"+q.Encode(), strings.NewReader(body)))
				switch {
				case w.Code == http.StatusOK && method == http.MethodGet && w.Body.String() == body:
				case w.Code == http.StatusOK && method == http.MethodPost && w.Body.String() == success:
				case w.Code >= 400 && w.Code < 500 && w.Body.Len() == 0:
				default:
					t.Errorf("%s in %s mode: %d %q", method, mode, w.Code, w.Body)
				}
			}
		}
	})
}
