package push_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

// A wechat plays WeChat's side of the wire. It shares no code with the package.
type wechat struct{ token, aesKey, appID string }

var (
	account    = wechat{"T0ken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"}
	oldAccount = wechat{"0ldToken", "0ldbcdefghijklmnopqrstuvwxyz0123456789ABCDE", "wx0123456789abcdef"}
)

func config() push.Config {
	return push.Config{
		Token: account.token, EncodingAESKey: account.aesKey, AppID: account.appID,
		Logger: slog.New(slog.DiscardHandler),
	}
}

func sign(parts ...string) string {
	slices.Sort(parts)
	return fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, ""))))
}

func (c wechat) block() (cipher.Block, []byte) {
	key, err := base64.StdEncoding.DecodeString(c.aesKey + "=")
	if err != nil {
		panic(err)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b, key[:16]
}

// sealBytes encrypts a plaintext that is already padded.
func (c wechat) sealBytes(plain []byte) string {
	b, iv := c.block()
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(b, iv).CryptBlocks(sealed, plain)
	return base64.StdEncoding.EncodeToString(sealed)
}

func pad(plain []byte) []byte {
	n := 32 - len(plain)%32
	return append(plain, bytes.Repeat([]byte{byte(n)}, n)...)
}

// layout is the plaintext of a message: with another length or appid it is one that WeChat
// never sends.
func layout(size int, message, appID string) []byte {
	random := []byte(strings.ToLower(rand.Text()))[:16]
	return slices.Concat(random, binary.BigEndian.AppendUint32(nil, uint32(size)), []byte(message), []byte(appID))
}

func (c wechat) seal(message string) string {
	return c.sealBytes(pad(layout(len(message), message, c.appID)))
}

// open decrypts the Encrypt text of a reply.
func (c wechat) open(t *testing.T, text string) string {
	t.Helper()
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 || len(sealed)%32 != 0 {
		t.Fatalf("Encrypt of the reply: %d bytes, %v; want blocks of 32", len(sealed), err)
	}
	b, iv := c.block()
	cipher.NewCBCDecrypter(b, iv).CryptBlocks(sealed, sealed)
	sealed = sealed[:len(sealed)-int(sealed[len(sealed)-1])]
	message, found := strings.CutSuffix(string(sealed[20:]), c.appID)
	if size := binary.BigEndian.Uint32(sealed[16:]); !found || int(size) != len(message) {
		t.Fatalf("reply %q says %d bytes, appid found: %v", message, size, found)
	}
	return message
}

// query makes a new timestamp, nonce and signature. parts are signed as msg_signature.
func (c wechat) query(parts ...string) url.Values {
	timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), rand.Text()[:10]
	q := url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "signature": {sign(c.token, timestamp, nonce)}, "openid": {"oUser"}}
	if len(parts) > 0 {
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", sign(append(parts, c.token, timestamp, nonce)...))
	}
	return q
}

func request(q url.Values, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/push?"+q.Encode(), strings.NewReader(body))
}

// plain delivers a message in plain mode.
func (c wechat) plain(message string) *http.Request { return request(c.query(), message) }

// safe delivers a message in safe mode: sealed anew each time, as XML or JSON like the message.
func (c wechat) safe(message string) *http.Request { return c.sealed(message, c.seal(message)) }

// sealed delivers an Encrypt text under a good signature. message only tells the format.
func (c wechat) sealed(message, text string) *http.Request {
	if strings.HasPrefix(message, "{") {
		return request(c.query(text), fmt.Sprintf(`{"ToUserName":"gh_x","Encrypt":%q}`, text))
	}
	return request(c.query(text), "<xml><ToUserName><![CDATA[gh_x]]></ToUserName><Encrypt><![CDATA["+text+"]]></Encrypt></xml>")
}

// compat delivers a message in compat mode, with other plain fields beside it.
func (c wechat) compat(plainFields, message string) *http.Request {
	text := c.seal(message)
	if inner, isJSON := strings.CutSuffix(plainFields, "}"); isJSON {
		return request(c.query(text), inner+`,"Encrypt":"`+text+`"}`)
	}
	return request(c.query(text), strings.TrimSuffix(plainFields, "</xml>")+"<Encrypt><![CDATA["+text+"]]></Encrypt></xml>")
}

// eventXML and eventJSON are a message created now.
func eventXML(name, more string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[%s]]></Event>%s</xml>", time.Now().Unix(), name, more)
}

func eventJSON(name, more string) string {
	return fmt.Sprintf(`{"ToUserName":"gh_x","FromUserName":"oUser","CreateTime":%d,"MsgType":"event","Event":%q%s}`, time.Now().Unix(), name, more)
}

func newHandler(t *testing.T, cfg push.Config) *push.Handler {
	t.Helper()
	h, err := push.New(cfg)
	require.NoError(t, err)
	return h
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// checkAnswer wants a status with the body that belongs to it when no reply was given.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	want := ""
	if status == http.StatusOK {
		want = "success"
	}
	if w.Code != status || w.Body.String() != want {
		t.Errorf("answer = %d %q, want %d %q", w.Code, w.Body, status, want)
	}
	for _, name := range []string{"Cache-Control", "Referrer-Policy", "X-Content-Type-Options"} {
		if w.Header().Get(name) == "" {
			t.Errorf("answer without %s", name)
		}
	}
}

// A reply is the envelope of a sealed reply.
type reply struct {
	XMLName      xml.Name `json:"-" xml:"xml"`
	Encrypt      string
	MsgSignature string
	TimeStamp    int64
	Nonce        string
}

// openReply verifies and decrypts the answer to r.
func (c wechat) openReply(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) string {
	t.Helper()
	var env reply
	var err error
	if strings.HasPrefix(w.Body.String(), "{") {
		err = json.Unmarshal(w.Body.Bytes(), &env)
	} else {
		err = xml.Unmarshal(w.Body.Bytes(), &env)
	}
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("answer = %d %q: %v", w.Code, w.Body, err)
	}
	if want := sign(c.token, strconv.FormatInt(env.TimeStamp, 10), env.Nonce, env.Encrypt); env.MsgSignature != want {
		t.Errorf("MsgSignature = %s, want %s", env.MsgSignature, want)
	}
	age := time.Since(time.Unix(env.TimeStamp, 0))
	if env.Nonce != r.URL.Query().Get("nonce") || age < 0 || age > time.Minute {
		t.Errorf("Nonce = %q, TimeStamp = %d; want those of the request and now", env.Nonce, env.TimeStamp)
	}
	return c.open(t, env.Encrypt)
}

// startClock moves the clock of a synctest bubble, which begins in 2000, to where timestamps have
// ten digits.
func startClock() {
	time.Sleep(time.Until(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)))
}

// ignore is a callback that does nothing.
func ignore(context.Context, *push.Message) (*push.Reply, error) { return nil, nil }
