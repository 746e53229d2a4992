package push_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
	"github.com/wxoauth/wxoauth/push"
)

// A wechat plays WeChat's side of the wire. It seals and signs as the package does: that WeChat does
// it so too is shown by the worked examples of its pages, in TestOfficialMessages.
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

// inMode is config in another mode.
func inMode(mode push.Mode) push.Config {
	cfg := config()
	cfg.Mode = mode
	return cfg
}

// rotating is config with what was good before.
func rotating() push.Config {
	cfg := config()
	cfg.OldToken, cfg.OldEncodingAESKey = oldAccount.token, oldAccount.aesKey
	return cfg
}

func (c wechat) seal(message string) string {
	text, err := push.Seal(c.appID, c.aesKey, message)
	if err != nil {
		panic(err)
	}
	return text
}

// query makes a new timestamp, nonce and signature. parts are signed as msg_signature.
func (c wechat) query(parts ...string) url.Values {
	timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), rand.Text()[:10]
	q := url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "signature": {wxcrypt.SortedSHA1(c.token, timestamp, nonce)}, "openid": {"oUser"}}
	if len(parts) > 0 {
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", wxcrypt.SortedSHA1(append(parts, c.token, timestamp, nonce)...))
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

// hear serves r and wants a status. It returns what OnAny was given, or nil.
func hear(t *testing.T, cfg push.Config, r *http.Request, status int) *push.Message {
	t.Helper()
	var got *push.Message
	cfg.OnAny = told(func(m *push.Message) {
		if got != nil {
			t.Error("OnAny was called twice")
		}
		got = m
	})
	checkAnswer(t, serve(newHandler(t, cfg), r), status)
	return got
}

// checkAnswer wants a status with the body that belongs to it when no reply was given.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	want := ""
	if status == http.StatusOK {
		want = "success"
	}
	require.Equal(t, status, w.Code)
	require.Equal(t, want, w.Body.String())
	for _, name := range []string{"Cache-Control", "Referrer-Policy", "X-Content-Type-Options"} {
		require.NotEmpty(t, w.Header().Get(name), name)
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
	if want := wxcrypt.SortedSHA1(c.token, strconv.FormatInt(env.TimeStamp, 10), env.Nonce, env.Encrypt); env.MsgSignature != want {
		t.Errorf("MsgSignature = %s, want %s", env.MsgSignature, want)
	}
	age := time.Since(time.Unix(env.TimeStamp, 0))
	if env.Nonce != r.URL.Query().Get("nonce") || age < 0 || age > time.Minute {
		t.Errorf("Nonce = %q, TimeStamp = %d; want those of the request and now", env.Nonce, env.TimeStamp)
	}
	message, err := push.Open(c.appID, c.aesKey, env.Encrypt)
	require.NoError(t, err)
	return string(message)
}

// startClock moves the clock of a synctest bubble, which begins in 2000, to where timestamps have
// ten digits.
func startClock() {
	time.Sleep(time.Until(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)))
}

// inBubble runs a test with the clock of a bubble that startClock has moved.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			startClock()
			test(t)
		})
	})
}

// told makes an OnAny that tells what comes, and replies nothing.
func told(tell func(m *push.Message)) func(context.Context, *push.Message) (*push.Reply, error) {
	return func(_ context.Context, m *push.Message) (*push.Reply, error) {
		tell(m)
		return nil, nil
	}
}

// ignore is a callback that does nothing.
func ignore(context.Context, *push.Message) (*push.Reply, error) { return nil, nil }
