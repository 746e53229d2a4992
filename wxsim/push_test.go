package wxsim_test

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

const (
	pushToken = "AAAAA"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" // its last bits are not zero
)

// sha1Sorted is the signature by the textbook.
func sha1Sorted(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// openPush decrypts by the textbook and not by the simulator's own code.
func openPush(tb testing.TB, sealed string) (message, appID string) {
	tb.Helper()
	key, err := base64.StdEncoding.DecodeString(pushKey + "=")
	require.NoError(tb, err)
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(data)%32 != 0 {
		tb.Fatalf("%d bytes, %v; want whole blocks of 32", len(data), err)
	}
	block, err := aes.NewCipher(key)
	require.NoError(tb, err)
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(data, data)
	data = data[16 : len(data)-int(data[len(data)-1])]
	n := binary.BigEndian.Uint32(data)
	return string(data[4 : 4+n]), string(data[4+n:])
}

func TestPushIsSignedAndSealed(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, format := range []wxsim.PushFormat{wxsim.PushJSON, wxsim.PushXML} {
		event := sim.MediaCheckEvent(format, miniOpenID(sim), "trace1", "risky")
		for _, tt := range []struct {
			mode          wxsim.PushMode
			clear, sealed bool
		}{{wxsim.PushSafe, false, true}, {wxsim.PushCompat, true, true}, {wxsim.PushPlain, true, false}} {
			t.Run(fmt.Sprint(format, tt.mode), func(t *testing.T) {
				r, err := sim.NewPush(t.Context(), "https://example.com/push?a=1", wxsim.PushConfig{Token: pushToken, EncodingAESKey: pushKey, Mode: tt.mode}, event)
				require.NoError(t, err)
				query := r.URL.Query()
				require.Equal(t, sha1Sorted(pushToken, query.Get("timestamp"), query.Get("nonce")),
					query.Get("signature"))
				require.Equal(t, "1", query.Get("a"))
				require.Equal(t, miniOpenID(sim), query.Get("openid"))
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				var envelope struct {
					ToUserName, Encrypt string
					TraceID             string `json:"trace_id" xml:"trace_id"`
				}
				unmarshal := json.Unmarshal
				if format == wxsim.PushXML {
					unmarshal = xml.Unmarshal
				}
				require.NoError(t, unmarshal(body, &envelope), body)
				if (envelope.TraceID == "trace1") != tt.clear || (envelope.Encrypt != "") != tt.sealed || envelope.ToUserName == "" {
					t.Errorf("body %s", body)
				}
				if !tt.sealed {
					return
				}
				if got := query.Get("msg_signature"); got != sha1Sorted(pushToken, query.Get("timestamp"), query.Get("nonce"), envelope.Encrypt) || query.Get("encrypt_type") != "aes" {
					t.Errorf("msg_signature %q", got)
				}
				if message, appID := openPush(t, envelope.Encrypt); message != string(event) || appID != sim.MiniAppID() {
					t.Errorf("sealed %q for %q", message, appID)
				}
			})
		}
	}
}

func TestPushIsSentAndVerified(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	p := wxsim.PushConfig{Token: pushToken, EncodingAESKey: pushKey, Mode: wxsim.PushPlain, Nonce: "n1", Timestamp: time.Unix(1700000000, 0)}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("signature") != sha1Sorted(pushToken, "1700000000", "n1"):
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodGet:
			fmt.Fprint(w, q.Get("echostr"))
		default:
			_, _ = io.Copy(w, r.Body)
		}
	}))
	defer app.Close()
	event := sim.AuthorizationEvent(wxsim.PushJSON, "user_authorization_revoke", miniOpenID(sim))
	resp, err := sim.Push(t.Context(), app.URL, p, event)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	require.NoError(t, err)
	require.Equal(t, event, body)
	if err := sim.VerifyPushURL(t.Context(), app.URL, p); err != nil {
		t.Errorf("VerifyPushURL = %v", err)
	}
	p.Token = "other"
	require.Error(t, sim.VerifyPushURL(t.Context(), app.URL, p), "an app with another token was verified")
}

func TestPushRefusesWhatWeChatCouldNotSend(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	good := wxsim.PushConfig{Token: pushToken, EncodingAESKey: pushKey}
	compat := good
	compat.Mode = wxsim.PushCompat
	for name, tt := range map[string]struct {
		url   string
		p     wxsim.PushConfig
		event string
	}{
		"short key":       {"https://example.com/", wxsim.PushConfig{Token: pushToken, EncodingAESKey: "short"}, `{"ToUserName":"a"}`},
		"no URL":          {"example.com", good, `{"ToUserName":"a"}`},
		"no JSON":         {"https://example.com/", good, `{`},
		"no XML":          {"https://example.com/", compat, `<xml>`},
		"no ToUserName":   {"https://example.com/", good, `{}`},
		"URL that is bad": {"http://%zz/", good, `{"ToUserName":"a"}`},
	} {
		if resp, err := sim.Push(t.Context(), tt.url, tt.p, []byte(tt.event)); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: no error", name)
		}
	}
	require.Error(t, sim.VerifyPushURL(t.Context(), "example.com", good), "a URL without a scheme was verified")
}

func TestReplyIsOpened(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	p := wxsim.PushConfig{Token: pushToken, EncodingAESKey: pushKey}
	r, err := sim.NewPush(t.Context(), "https://example.com/", p, []byte(`{"ToUserName":"a"}`))
	require.NoError(t, err)
	var sealed struct{ Encrypt string }
	require.NoError(t, json.NewDecoder(r.Body).Decode(&sealed))
	signature := sha1Sorted(pushToken, "1713424427", "n1", sealed.Encrypt)
	other := sha1Sorted(pushToken, "1713424427", "n1", "AAAA")
	for _, tt := range []struct {
		name, body string
		good       bool
	}{
		{"JSON", fmt.Sprintf(`{"Encrypt":%q,"MsgSignature":%q,"TimeStamp":1713424427,"Nonce":"n1"}`, sealed.Encrypt, signature), true},
		{"XML", fmt.Sprintf(`<xml><Encrypt><![CDATA[%s]]></Encrypt><MsgSignature><![CDATA[%s]]></MsgSignature><TimeStamp>1713424427</TimeStamp><Nonce><![CDATA[n1]]></Nonce></xml>`, sealed.Encrypt, signature), true},
		{"other signature", fmt.Sprintf(`{"Encrypt":%q,"MsgSignature":"x","TimeStamp":1713424427,"Nonce":"n1"}`, sealed.Encrypt), false},
		{"no blocks", fmt.Sprintf(`{"Encrypt":"AAAA","MsgSignature":%q,"TimeStamp":1713424427,"Nonce":"n1"}`, other), false},
		{"no JSON", "success", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := sim.OpenReply(p, []byte(tt.body))
			if (err == nil) != tt.good || tt.good && string(got) != `{"ToUserName":"a"}` {
				t.Errorf("OpenReply = %q, %v", got, err)
			}
		})
	}
	p.AppID = "wxother"
	if _, err := sim.OpenReply(p, fmt.Appendf(nil, `{"Encrypt":%q,"MsgSignature":%q,"TimeStamp":1713424427,"Nonce":"n1"}`, sealed.Encrypt, signature)); err == nil {
		t.Error("a reply of another app was opened")
	}
}

func FuzzOpenReply(f *testing.F) {
	sim := wxsim.New(wxsim.Config{})
	f.Add([]byte(`AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=`))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		text := base64.StdEncoding.EncodeToString(sealed)
		body := fmt.Sprintf(`{"Encrypt":%q,"MsgSignature":%q,"TimeStamp":1,"Nonce":"n"}`, text, sha1Sorted(pushToken, "1", "n", text))
		if got, err := sim.OpenReply(wxsim.PushConfig{Token: pushToken, EncodingAESKey: pushKey}, []byte(body)); err == nil {
			t.Errorf("noise was opened as %q", got)
		}
	})
}

// A message that the app does not take is pushed three times in all, each time the same.
func TestVerdictsAreRepeated(t *testing.T) {
	bodies, status := make(chan string, 8), make(chan int, 8)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		w.WriteHeader(<-status)
	}))
	defer app.Close()
	sim := started(t, wxsim.Config{Apps: []wxsim.App{{
		Kind: wxsim.MiniProgram, Push: &wxsim.PushTarget{URL: app.URL, Token: "t", Mode: wxsim.PushPlain},
	}}})
	startSession(t, sim)
	for _, answers := range [][]int{{500, 200}, {500, 302, 500}, {200}} {
		id := post(t, sim, "/wxa/media_check_async?access_token="+miniToken(t, sim),
			`{"media_url":"https://example.com/a.png","media_type":2,"version":2,"scene":1,"openid":"`+miniOpenID(sim)+`"}`)["trace_id"].(string)
		var first string
		for i, answer := range answers {
			body := <-bodies
			first = cmp.Or(first, body)
			if !strings.Contains(body, id) || body != first {
				t.Errorf("push %d is %s; want the first about %s again: %s", i+1, body, id, first)
			}
			sim.Advance(time.Second)
			status <- answer
		}
	}
}

// A mini program with a push URL hears of a verdict by itself, as with the real WeChat.
func TestVerdictsArePushed(t *testing.T) {
	heard := make(chan map[string]any, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		heard <- event
		_, _ = io.WriteString(w, "success")
	}))
	defer app.Close()
	sim := started(t, wxsim.Config{Apps: []wxsim.App{{
		Kind: wxsim.MiniProgram, AppID: "wxmini", Push: &wxsim.PushTarget{URL: app.URL, Token: "t", Mode: wxsim.PushPlain},
	}}})
	startSession(t, sim)
	id := post(t, sim, "/wxa/media_check_async?access_token="+miniToken(t, sim),
		`{"media_url":"https://example.com/risky.png","media_type":2,"version":2,"scene":1,"openid":"`+miniOpenID(sim)+`"}`)["trace_id"]
	event := <-heard
	if result, ok := event["result"].(map[string]any); event["trace_id"] != id || !ok || result["suggest"] != "risky" || event["FromUserName"] != miniOpenID(sim) {
		t.Errorf("event %v", event)
	}
}
