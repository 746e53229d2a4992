package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// A wire is a request as it left us.
type wire struct {
	method, url, contentType, body string
	length                         int64
}

// record keeps the last request in w and answers it with body.
func record(t *testing.T, w *wire, body string) roundTripper {
	t.Helper()
	return func(r *http.Request) (*http.Response, error) {
		*w = wire{r.Method, r.URL.String(), r.Header.Get("Content-Type"), "", r.ContentLength}
		if r.Body != nil {
			sent, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("request body: %v", err)
			}
			w.body = string(sent)
		}
		return answer(http.StatusOK, "text/plain", body), nil
	}
}

func TestCallOnTheWire(t *testing.T) {
	type message struct {
		OpenID  string `json:"openid"`
		Content string `json:"content"`
	}
	for _, tt := range []struct {
		name string
		in   Request
		want wire
	}{
		{
			"a GET with the user's token", read(),
			wire{"GET", "https://api.weixin.qq.com/sns/userinfo?access_token=USERTOKEN-canary&openid=o1", "", "", 0},
		},
		{
			"every query value escaped",
			Request{Path: "/x", NoToken: true, Query: url.Values{"a b": {"+/=&?#", "二", "\r\n"}}},
			wire{"GET", "https://api.weixin.qq.com/x?a+b=%2B%2F%3D%26%3F%23&a+b=%E4%BA%8C&a+b=%0D%0A", "", "", 0},
		},
		{
			"no query, no question mark",
			Request{Path: "/x", NoToken: true},
			wire{"GET", "https://api.weixin.qq.com/x", "", "", 0},
		},
		{
			"a GET that is sent once looks the same",
			Request{Path: "/x", NoToken: true, Once: true},
			wire{"GET", "https://api.weixin.qq.com/x", "", "", 0},
		},
		{
			"a POST with the app token", Post("/wxa/msg_sec_check", message{"o1", `<你好&"\u2028">` + "\u2028"}),
			wire{"POST", "https://api.weixin.qq.com/wxa/msg_sec_check?access_token=APP%2BTOKEN%3D", "application/json", `{"openid":"o1","content":"<你好&\"\\u2028\">` + "\u2028\"}", 51},
		},
		{
			"a GET with the app token", Get("/wxa/business/getpaidunionid", url.Values{"openid": {"o1"}}),
			wire{"GET", "https://api.weixin.qq.com/wxa/business/getpaidunionid?access_token=APP%2BTOKEN%3D&openid=o1", "", "", 0},
		},
		{
			"the app token wins over one in the query", Get("/x", url.Values{"access_token": {"mine"}}),
			wire{"GET", "https://api.weixin.qq.com/x?access_token=APP%2BTOKEN%3D", "", "", 0},
		},
		{
			"a body alone means POST",
			Request{Path: "/x", Body: struct{}{}},
			wire{"POST", "https://api.weixin.qq.com/x?access_token=APP%2BTOKEN%3D", "application/json", "{}", 2},
		},
		{
			"a POST without a body",
			Request{Method: http.MethodPost, Path: "/cv/img/qrcode", Query: url.Values{"img_url": {"https://a/b?c=d"}}},
			wire{"POST", "https://api.weixin.qq.com/cv/img/qrcode?access_token=APP%2BTOKEN%3D&img_url=https%3A%2F%2Fa%2Fb%3Fc%3Dd", "", "", 0},
		},
		{
			"a POST that is sent once",
			Request{Path: "/x", Body: struct{}{}, Once: true},
			wire{"POST", "https://api.weixin.qq.com/x?access_token=APP%2BTOKEN%3D", "application/json", "{}", 2},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got wire
			before := fmt.Sprint(tt.in.Query)
			c := newTestClient(t, record(t, &got, `{"errcode":0,"errmsg":"ok"}`), func(cfg *ClientConfig) { cfg.Tokens = StaticToken("APP+TOKEN=") })
			expectCall(t, c, tt.in)
			require.Equal(t, tt.want, got)
			require.Equal(t, before, fmt.Sprint(tt.in.Query), "the caller's query was changed")
		})
	}
}

func TestCallDecodes(t *testing.T) {
	type answer struct {
		OpenID    string `json:"openid"`
		ExpiresIn Int    `json:"expires_in"`
	}
	for _, tt := range []struct {
		name, body string
		want       answer
		detail     string
	}{
		{"as documented", `{"openid":"o1","expires_in":7200}`, answer{"o1", 7200}, ""},
		{"number as a string", `{"openid":"o1","expires_in":"7200"}`, answer{"o1", 7200}, ""},
		{"missing fields", `{}`, answer{}, ""},
		{"fields of another type", `{"openid":{"canary":1}}`, answer{}, `unexpected type of field "openid"`},
		{"a number that is none", `{"expires_in":"canary"}`, answer{}, "not the JSON that WeChat documents"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Call[answer](t.Context(), newTestClient(t, always(tt.body)), read())
			if tt.detail == "" {
				require.NoError(t, err)
				require.Equal(t, tt.want, *got)
				return
			}
			if wire := expectWire(t, err, WireBody); got != nil || wire.Detail != tt.detail {
				t.Errorf("Call = %+v, %#v; want %q", got, err, tt.detail)
			}
		})
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was called", r.URL.Host)
		return nil, io.EOF
	}))
	for name, r := range map[string]Request{
		"a body that is no JSON":         Post("/x", make(chan int)),
		"a path of another host":         Get("@evil.example/", nil),
		"a path that extends the host":   Get(".evil.example/", nil),
		"no path":                        Get("", nil),
		"a query in the path":            Get("/x?access_token=canary", nil),
		"a fragment in the path":         Get("/x#canary", nil),
		"a control byte in the path":     Get("/x\n", nil),
		"no method of HTTP":              {Method: "GET / HTTP/1.1\r\n", Path: "/x"},
		"a content type with a new line": {Path: "/x", Body: File{Field: "img", Name: "a", ContentType: "image/png\r\nX-Canary: 1"}},
	} {
		r.NoToken = true
		if _, err := Call[struct{}](t.Context(), c, r); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			expectNoCanary(t, name, err.Error())
		}
	}
}

func TestFile(t *testing.T) {
	for _, tt := range []struct {
		name        string
		file        File
		disposition string
		contentType string
	}{
		{"an image", File{Field: "img", Name: "a.png", ContentType: "image/png", Content: []byte("\x89PNG\r\n\x1a\n\x00"), Fields: map[string]string{"ratios": "1,2.35", "a": "b"}}, `form-data; name="img"; filename="a.png"`, "image/png"},
		{"no content type", File{Field: "media", Name: "图 片.bin", Content: []byte("x")}, `form-data; name="media"; filename="图 片.bin"`, "application/octet-stream"},
		{"fields alone", File{Fields: map[string]string{"ratios": "1,2.35"}}, "", ""},
		{"a name that would break out", File{Field: "img", Name: "a\"\r\nX: y\\.png"}, `form-data; name="img"; filename="a\"%0D%0AX: y\\.png"`, "application/octet-stream"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got wire
			c := newTestClient(t, record(t, &got, `{"errcode":0}`))
			expectCall(t, c, Request{Path: "/cv/img/aicrop", Body: tt.file, NoToken: true})
			kind, params, err := mime.ParseMediaType(got.contentType)
			require.NoError(t, err)
			require.Equal(t, "multipart/form-data", kind)
			require.EqualValues(t, len(got.body), got.length)

			form := multipart.NewReader(strings.NewReader(got.body), params["boundary"])
			fields := map[string]string{}
			for range tt.file.Fields {
				part, err := form.NextRawPart()
				require.NoError(t, err)
				value, err := io.ReadAll(part)
				require.NoError(t, err)
				fields[part.FormName()] = string(value)
			}
			require.Equal(t, tt.file.Fields, nilIfEmpty(fields))
			if tt.file.Field == "" {
				_, err = form.NextRawPart()
				require.ErrorIs(t, err, io.EOF)
				return
			}
			part, err := form.NextRawPart()
			require.NoError(t, err)
			require.Equal(t, tt.disposition, part.Header.Get("Content-Disposition"))
			require.Equal(t, tt.contentType, part.Header.Get("Content-Type"))
			content, err := io.ReadAll(part)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, tt.file.Content))
			_, err = form.NextRawPart()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func nilIfEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

func TestFileFieldsHaveAnOrder(t *testing.T) {
	f := File{Field: "img", Fields: map[string]string{}}
	for i := range 20 {
		f.Fields["f"+strconv.Itoa(100+i)] = ""
	}
	body, kind, err := f.encode()
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(kind)
	require.NoError(t, err)
	var names []string
	for form := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		part, err := form.NextRawPart()
		if err != nil {
			break
		}
		names = append(names, part.FormName())
	}
	if !slices.IsSorted(names[:20]) || names[20] != "img" {
		t.Errorf("order: %v", names)
	}
}

func TestDownload(t *testing.T) {
	big := strings.Repeat("x", mediaSize)
	for _, tt := range []struct {
		name, kind, body string
		want             string
		err              error
		detail           string
	}{
		{"an image", "image/jpeg", "\xff\xd8\xff", "\xff\xd8\xff", nil, ""},
		{"an image that begins like JSON", "image/png", `{"errcode":40007}`, `{"errcode":40007}`, nil, ""},
		{"a file of unknown type", "application/octet-stream", "{x", "{x", nil, ""},
		{"a text that is no JSON", "text/plain", "hello", "hello", nil, ""},
		{"20 MB", "video/mp4", big, big, nil, ""},
		{"the address of a video", "text/plain", `{"video_url":"http://v"}`, `{"video_url":"http://v"}`, nil, ""},
		{"a refusal as text", "text/plain", `{"errcode":40007,"errmsg":"invalid media_id"}`, "", Code(40007), ""},
		{"a refusal as JSON", "application/json; encoding=utf-8", `{"errcode":40007}`, "", Code(40007), ""},
		{"a refusal in capitals", "Application/JSON", `{"errcode":40007}`, "", Code(40007), ""},
		{"a refusal of no type", "", `{"errcode":40007}`, "", Code(40007), ""},
		{"a refusal with a mark and white space", "text/json", "\xef\xbb\xbf \r\n{\"errcode\":40007}", "", Code(40007), ""},
		{"a token refused", "text/plain", `{"errcode":42001}`, "", ErrAccessToken, ""},
		{"nothing", "image/jpeg", "", "", nil, "an empty file"},
		{"cut JSON", "application/json", `{"errcode":`, "", nil, "not the JSON that WeChat documents"},
		{"over 20 MB", "video/mp4", big + "x", "", nil, "more than 20971520 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) { return answer(200, tt.kind, tt.body), nil }),
				func(cfg *ClientConfig) { cfg.Tokens = StaticToken("T") })
			got, kind, err := Download(t.Context(), c, Get("/cgi-bin/media/get", url.Values{"media_id": {"m"}}))
			switch {
			case tt.err != nil:
				if !errors.Is(err, tt.err) || got != nil {
					t.Errorf("Download = %d bytes, %v; want %v", len(got), err, tt.err)
				}
			case tt.detail != "":
				if wire := expectWire(t, err, WireBody); wire.Detail != tt.detail || got != nil {
					t.Errorf("Download = %d bytes, %v; want %q", len(got), err, tt.detail)
				}
			case err != nil || string(got) != tt.want || kind != tt.kind:
				t.Errorf("Download = %d bytes of %q, %v", len(got), kind, err)
			}
		})
	}
}

// tokenList gives one token after the other, and notes what was refused.
type tokenList struct {
	tokens  []string
	err     error // once the list is used up
	refused []string
}

func (l *tokenList) Token(context.Context) (string, error) {
	if len(l.tokens) == 0 {
		return "", l.err
	}
	token := l.tokens[0]
	if len(l.tokens) > 1 || l.err != nil {
		l.tokens = l.tokens[1:]
	}
	return token, nil
}

func (l *tokenList) Refused(_ context.Context, token string) { l.refused = append(l.refused, token) }

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	central := errors.New("the central owner is away")
	for _, tt := range []struct {
		name    string
		source  tokenList
		code    int
		good    string // the token that WeChat honours
		calls   []string
		refused []string
		want    error
	}{
		{"a good token", tokenList{tokens: []string{"A", "B"}}, 40001, "A", []string{"A"}, nil, nil},
		{"invalid", tokenList{tokens: []string{"A", "B"}}, 40001, "B", []string{"A", "B"}, []string{"A"}, nil},
		{"malformed", tokenList{tokens: []string{"A", "B"}}, 40014, "B", []string{"A", "B"}, []string{"A"}, nil},
		{"expired", tokenList{tokens: []string{"A", "B"}}, 42001, "B", []string{"A", "B"}, []string{"A"}, nil},
		{"the same one again", tokenList{tokens: []string{"A", "A", "B"}}, 42001, "B", []string{"A"}, []string{"A"}, ErrAccessToken},
		{"the next is no better", tokenList{tokens: []string{"A", "B", "C"}}, 42001, "C", []string{"A", "B"}, []string{"A", "B"}, ErrAccessToken},
		{"another refusal", tokenList{tokens: []string{"A", "B"}}, 48001, "B", []string{"A"}, nil, ErrUnauthorizedAPI},
		{"no other to be had", tokenList{tokens: []string{"A"}, err: central}, 42001, "B", []string{"A"}, []string{"A"}, central},
		{"none to begin with", tokenList{err: central}, 42001, "B", nil, nil, central},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls []string
			c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				token := r.URL.Query().Get("access_token")
				calls = append(calls, token)
				if token == tt.good {
					return answer(200, "", `{"errcode":0}`), nil
				}
				return answer(200, "", fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, tt.code)), nil
			}), func(cfg *ClientConfig) { cfg.Tokens = &tt.source })
			_, err := Call[struct{}](t.Context(), c, Post("/wxa/ping", map[string]string{"a": "b"}))
			require.ErrorIs(t, err, tt.want)
			require.Equal(t, tt.want == nil, err == nil)
			require.Equal(t, tt.calls, calls)
			require.Equal(t, tt.refused, tt.source.refused)
		})
	}
}

// sns/* answer 40001 about the user's token: the app token has nothing to do with it.
func TestNoTokenNeverTouchesTheAppToken(t *testing.T) {
	source := &tokenList{tokens: []string{"A"}}
	var calls int
	c := newTestClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		calls++
		return answer(200, "", `{"errcode":40001,"errmsg":"invalid credential"}`), nil
	}), func(cfg *ClientConfig) { cfg.Tokens = source })
	_, err := Call[struct{}](t.Context(), c, read())
	if !errors.Is(err, ErrAccessToken) || calls != 1 || len(source.refused) != 0 {
		t.Errorf("err = %v after %d calls, refused %v", err, calls, source.refused)
	}

	api := &weChat{}
	c = newTestClient(t, api)
	_, _ = Call[struct{}](t.Context(), c, read())
	require.Zero(t, api.count("/cgi-bin/stable_token"), "app tokens were fetched")
}

func TestRequestBodyIsWholeInEveryAttempt(t *testing.T) {
	var bodies []string
	c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		return answer(200, "", `{"errcode":42001}`), nil
	}), func(cfg *ClientConfig) { cfg.Tokens = &tokenList{tokens: []string{"A", "B"}} })
	_, _ = Call[struct{}](t.Context(), c, Post("/x", map[string]string{"a": "b"}))
	require.Equal(t, []string{`{"a":"b"}`, `{"a":"b"}`}, bodies)
}

func FuzzFile(f *testing.F) {
	f.Add("img", "a.png", "image/png", []byte("x"))
	f.Add("i\"m\r\ng", "\\\xff", "a/b\r\nX: y", []byte("\r\n--"))
	f.Fuzz(func(t *testing.T, field, name, kind string, content []byte) {
		body, contentType, err := File{Field: field, Name: name, ContentType: kind, Content: content}.encode()
		if err != nil || field == "" || strings.ContainsFunc(field+name, func(r rune) bool { return unicode.IsControl(r) && r != '\r' && r != '\n' }) {
			return // without a field no file is sent, and our reader takes no other control byte in a name
		}
		_, params, err := mime.ParseMediaType(contentType)
		require.NoError(t, err)
		form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		part, err := form.NextRawPart()
		if err != nil {
			t.Fatalf("%v: %q", err, body)
		}
		got, err := io.ReadAll(part)
		if err != nil || !bytes.Equal(got, content) || len(part.Header) != 2 {
			t.Errorf("sent %q with %v: %q", content, part.Header, got)
		}
	})
}

// The result type decides what is read; a field of any kind may be asked for.
func TestCallIntoAMap(t *testing.T) {
	got, err := Call[map[string]json.RawMessage](t.Context(), newTestClient(t, always(`{"a":[1]}`)), read())
	require.NoError(t, err)
	require.Equal(t, "[1]", string((*got)["a"]))
}
