package push_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
	"github.com/wxoauth/wxoauth/push"
)

// Which request passes in which mode. The request never chooses the mode.
func TestModes(t *testing.T) {
	for _, format := range []struct {
		name  string
		event func(name, more string) string
	}{{"XML", eventXML}, {"JSON", eventJSON}} {
		for _, tt := range []struct {
			name    string
			request func(message string) *http.Request
			passes  []push.Mode
		}{
			{"sealed", account.safe, []push.Mode{push.Safe, push.Compat}},
			{"plain", account.plain, []push.Mode{push.Plain}},
			{"plain, but said to be sealed", func(m string) *http.Request {
				return request(account.query("x"), m)
			}, []push.Mode{push.Plain}},
			{"sealed, but said to be raw", sealedBut(func(q url.Values) {
				q.Set("encrypt_type", "raw")
			}), []push.Mode{push.Safe, push.Compat}},
			{"sealed with the signature of plain mode", sealedBut(func(q url.Values) {
				q.Del("msg_signature")
			}), nil},
			{"sealed with the signature of plain mode under the other name", sealedBut(func(q url.Values) {
				q.Set("msg_signature", q.Get("signature"))
			}), nil},
			{"of another token", wechat{"Other", account.aesKey, account.appID}.safe, nil},
			{"plain of another token", wechat{"Other", account.aesKey, account.appID}.plain, nil},
			{"unsigned", func(m string) *http.Request {
				return httptest.NewRequest(http.MethodPost, "/push", strings.NewReader(m))
			}, nil},
		} {
			for _, mode := range []push.Mode{push.Safe, push.Compat, push.Plain} {
				t.Run(tt.name+" "+format.name+" in "+mode.String()+" mode", func(t *testing.T) {
					r := tt.request(format.event("truth", ""))
					if slices.Contains(tt.passes, mode) {
						if got := hear(t, inMode(mode), r, http.StatusOK); got == nil || got.Event != "truth" {
							t.Errorf("callback got %+v, want the message", got)
						}
						return
					}
					status := http.StatusForbidden
					// In plain mode a sealed body has a good signature, but nothing to read.
					q := r.URL.Query()
					signed := push.CheckSignature(account.token, q.Get("signature"), q.Get("timestamp"), q.Get("nonce"))
					if mode == push.Plain && signed {
						status = http.StatusOK
					}
					require.Nil(t, hear(t, inMode(mode), r, status))
				})
			}
		}
	}
}

// sealedBut delivers a message in safe mode with a changed query.
func sealedBut(change func(url.Values)) func(message string) *http.Request {
	return func(message string) *http.Request {
		r := account.safe(message)
		q := r.URL.Query()
		change(q)
		r.URL.RawQuery = q.Encode()
		return r
	}
}

// The plain half of a body is signed by nobody.
func TestOnlyTheSealedHalfCounts(t *testing.T) {
	for _, mode := range []push.Mode{push.Safe, push.Compat} {
		for name, event := range map[string]func(string, string) string{"XML": eventXML, "JSON": eventJSON} {
			t.Run(name+" in "+mode.String()+" mode", func(t *testing.T) {
				r := account.compat(strings.Replace(event("lie", ""), "gh_x", "gh_y", 1), event("truth", ""))
				got := hear(t, inMode(mode), r, http.StatusOK)
				if got == nil || got.Event != "truth" || got.ToUserName != "gh_x" {
					t.Errorf("callback got %+v", got)
				}
			})
		}
	}
}

// What an attacker can change in a request that WeChat has signed.
func TestTampering(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(q url.Values, body *string)
		status int
	}{
		{"nothing", func(url.Values, *string) {}, http.StatusOK},
		{"plain signature, which nobody looks at", func(q url.Values, _ *string) { q.Set("signature", "x") }, http.StatusOK},
		{"timestamp and nonce swapped", func(q url.Values, _ *string) { q["timestamp"], q["nonce"] = q["nonce"], q["timestamp"] }, http.StatusForbidden},
		{"digit moved from timestamp to nonce", func(q url.Values, _ *string) {
			q.Set("nonce", q.Get("timestamp")[9:]+q.Get("nonce"))
			q.Set("timestamp", q.Get("timestamp")[:9])
		}, http.StatusForbidden},
		{"another timestamp", func(q url.Values, _ *string) { q.Set("timestamp", "1714036504") }, http.StatusForbidden},
		{"timestamp twice", func(q url.Values, _ *string) { q.Add("timestamp", "1714036504") }, http.StatusForbidden},
		{"no timestamp", func(q url.Values, _ *string) { q.Del("timestamp") }, http.StatusForbidden},
		{"timestamp of other digits", func(q url.Values, _ *string) { q.Set("timestamp", "１７１４０３６５０４") }, http.StatusForbidden},
		{"nonce twice", func(q url.Values, _ *string) { q.Add("nonce", q.Get("nonce")) }, http.StatusForbidden},
		{"no nonce", func(q url.Values, _ *string) { q.Del("nonce") }, http.StatusForbidden},
		{"long nonce", func(q url.Values, _ *string) { q.Set("nonce", strings.Repeat("a", 33)) }, http.StatusForbidden},
		{"nonce with a line end", func(q url.Values, _ *string) { q.Set("nonce", q.Get("nonce")+"\n") }, http.StatusForbidden},
		{"signature twice", func(q url.Values, _ *string) { q.Add("msg_signature", q.Get("msg_signature")) }, http.StatusForbidden},
		{"signature in capitals", func(q url.Values, _ *string) { q.Set("msg_signature", strings.ToUpper(q.Get("msg_signature"))) }, http.StatusForbidden},
		{"a byte of Encrypt", func(_ url.Values, b *string) {
			*b = strings.Replace(*b, "[CDATA[gh_x]]></ToUserName><Encrypt><![CDATA[", "[CDATA[gh_x]]></ToUserName><Encrypt><![CDATA[A", 1)
		}, http.StatusForbidden},
		{"Encrypt twice", func(_ url.Values, b *string) {
			*b = strings.Replace(*b, "<Encrypt>", "<Encrypt>x</Encrypt><Encrypt>", 1)
		}, http.StatusForbidden},
		{"Encrypt twice, the good one first", func(_ url.Values, b *string) {
			*b = strings.Replace(*b, "</Encrypt>", "</Encrypt><Encrypt>x</Encrypt>", 1)
		}, http.StatusForbidden},
		{"Encrypt as a list", func(_ url.Values, b *string) {
			*b = `{"Encrypt":["` + between(*b, "<Encrypt><![CDATA[", "]]>") + `"]}`
		}, http.StatusForbidden},
		{"Encrypt as a list in a list, beside another", func(_ url.Values, b *string) {
			*b = `{"Encrypt":[[]],"Encrypt":"` + between(*b, "<Encrypt><![CDATA[", "]]>") + `"}`
		}, http.StatusForbidden},
		{"the same as a string", func(_ url.Values, b *string) {
			*b = `{"Encrypt":"` + between(*b, "<Encrypt><![CDATA[", "]]>") + `"}`
		}, http.StatusOK},
		{"Encrypt empty", func(_ url.Values, b *string) { *b = "<xml><Encrypt/></xml>" }, http.StatusForbidden},
		{"encrypt in small letters", func(_ url.Values, b *string) { *b = strings.ReplaceAll(*b, "Encrypt>", "encrypt>") }, http.StatusForbidden},
		{"ToUserName, which is signed by nobody", func(_ url.Values, b *string) { *b = strings.Replace(*b, "gh_x", "gh_y", 1) }, http.StatusOK},
		{"a DOCTYPE", func(_ url.Values, b *string) { *b = "<!DOCTYPE xml>" + *b }, http.StatusForbidden},
		{"a cut body", func(_ url.Values, b *string) { *b = (*b)[:len(*b)-3] }, http.StatusForbidden},
		{"two documents", func(_ url.Values, b *string) { *b += *b }, http.StatusForbidden},
		{"no body", func(_ url.Values, b *string) { *b = "" }, http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := account.safe(eventXML("e", ""))
			body, _ := io.ReadAll(r.Body)
			q, text := r.URL.Query(), string(body)
			tt.change(q, &text)
			got := hear(t, config(), request(q, text), tt.status)
			require.Equal(t, tt.status == http.StatusOK, got != nil)
		})
	}
}

// between returns what stands between two marks of text.
func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}

// Timestamp and nonce have one form only, however well they are signed.
func TestFormOfTheQuery(t *testing.T) {
	for _, tt := range []struct {
		name, timestamp, nonce string
		status                 int
	}{
		{"usual", "1788220800", "415670741", http.StatusOK},
		{"letters", "1788220800", "aZ09", http.StatusOK},
		{"longest", "1788220800", strings.Repeat("n", 32), http.StatusOK},
		{"one byte longer", "1788220800", strings.Repeat("n", 33), http.StatusForbidden},
		{"no nonce", "1788220800", "", http.StatusForbidden},
		{"nonce of base64", "1788220800", "ab+/", http.StatusForbidden},
		{"line end", "1788220800", "415670741\n", http.StatusForbidden},
		{"nonce and timestamp swapped", "415670741", "1788220800", http.StatusForbidden},
		{"11 digits", "17882208004", "15670741", http.StatusForbidden},
		{"9 digits", "178822080", "0415670741", http.StatusForbidden},
		{"no digits", "178822080x", "415670741", http.StatusForbidden},
		{"line end after the timestamp", "1788220800\n", "415670741", http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			message := eventXML("e", "")
			text := account.seal(message)
			q := url.Values{
				"timestamp": {tt.timestamp}, "nonce": {tt.nonce},
				"signature":     {wxcrypt.SortedSHA1(account.token, tt.timestamp, tt.nonce)},
				"msg_signature": {wxcrypt.SortedSHA1(account.token, tt.timestamp, tt.nonce, text)},
			}
			checkAnswer(t, serve(newHandler(t, config()), request(q, `{"Encrypt":"`+text+`"}`)), tt.status)
			checkAnswer(t, serve(newHandler(t, inMode(push.Plain)), request(q, message)), tt.status)
		})
	}
}

// Under a good signature, what cannot be decrypted is answered 400: the key of the console is
// another one, and WeChat tells its operators about such answers.
func TestUndecryptable(t *testing.T) {
	fine := eventXML("e", "")
	last := len(fine) - 1
	sealed := func(message, appID string) *http.Request {
		return account.sealed(fine, wechat{aesKey: account.aesKey, appID: appID}.seal(message))
	}
	for _, tt := range []struct {
		name    string
		request *http.Request
	}{
		{"not base64", account.sealed(fine, "????")},
		{"base64 of nothing", account.sealed(fine, "====")},
		{"one block", account.sealed(fine, "AAAAAAAAAAAAAAAAAAAAAA==")},
		{"a partial block", account.sealed(fine, account.seal(fine)[:100])},
		{"length one too long", sealed(fine+account.appID[:1], account.appID[1:])},
		{"length one too short", sealed(fine[:last], fine[last:]+account.appID)},
		{"length 0", sealed("", fine+account.appID)},
		{"another AppID", sealed(fine, "wx0000000000000000")},
		{"AppID and more", sealed(fine, account.appID+"x")},
		{"start of the AppID", sealed(fine, account.appID[:17])},
		{"no AppID", sealed(fine, "")},
		{"another key", account.sealed(fine, oldAccount.seal(fine))},
	} {
		t.Run(tt.name, func(t *testing.T) { checkNoCallback(t, tt.request, http.StatusBadRequest) })
	}
}

// checkNoCallback wants a request to be answered with status and no callback to be run.
func checkNoCallback(t *testing.T, r *http.Request, status int) {
	t.Helper()
	cfg := config()
	cfg.OnMediaCheck = func(context.Context, *push.MediaCheck) error {
		t.Error("OnMediaCheck was called")
		return nil
	}
	cfg.OnAuthorizationRevoke = func(context.Context, *push.AuthorizationChange) error {
		t.Error("OnAuthorizationRevoke was called")
		return nil
	}
	cfg.OnAny = told(func(*push.Message) { t.Error("OnAny was called") })
	checkAnswer(t, serve(newHandler(t, cfg), r), status)
}

// A message that cannot be read is answered success: WeChat would only send it again, and tell its
// user that the account is out of order.
func TestUnreadable(t *testing.T) {
	fine := eventXML("e", "")
	for _, tt := range []struct{ name, message string }{
		{"an empty message", ""},
		{"text", "hello"},
		{"no CreateTime", "<xml><MsgType>event</MsgType><Event>e</Event></xml>"},
		{"CreateTime of letters", strings.Replace(eventXML("e", ""), "<CreateTime>", "<CreateTime>x", 1)},
		{"CreateTime twice", strings.Replace(eventXML("e", ""), "<CreateTime>", "<CreateTime>1</CreateTime><CreateTime>", 1)},
		{"CreateTime twice in JSON", eventJSON("e", `,"CreateTime":1`)},
		{"Event twice", eventXML("e", "<Event>f</Event>")},
		{"a DOCTYPE", `<!DOCTYPE xml [<!ENTITY a "aaaa">]>` + fine},
		{"a DOCTYPE inside", eventXML("e", "<!DOCTYPE x>")},
		{"an entity", eventXML("e", "<a>&a;</a>")},
		{"deep XML", eventXML("e", strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100))},
		{"much XML", eventXML("e", strings.Repeat("<a/>", 5000))},
		{"deep JSON", eventJSON("e", `,"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100))},
		{"very deep JSON", eventJSON("e", `,"a":`+strings.Repeat("[", 50000)+strings.Repeat("]", 50000))},
		{"much JSON", eventJSON("e", `,"a":[0`+strings.Repeat(",0", 5000)+"]")},
		{"a media check with a label of letters", eventXML("wxa_media_check", "<result><label>x</label></result>")},
		{"an authorization change of nobody", eventXML("user_authorization_revoke", "<OpenID/>")},
	} {
		t.Run(tt.name, func(t *testing.T) { checkNoCallback(t, account.safe(tt.message), http.StatusOK) })
	}
}

func TestFreshness(t *testing.T) {
	for _, tt := range []struct {
		name   string
		age    time.Duration
		status int
	}{
		{"now", 0, http.StatusOK},
		{"10 minutes old", 10 * time.Minute, http.StatusOK},
		{"older", 10*time.Minute + time.Second, http.StatusForbidden},
		{"a day old", 24 * time.Hour, http.StatusForbidden},
		{"10 minutes ahead", -10 * time.Minute, http.StatusOK},
		{"further ahead", -10*time.Minute - time.Second, http.StatusForbidden},
	} {
		for _, mode := range []push.Mode{push.Safe, push.Plain} {
			inBubble(t, tt.name+" in "+mode.String()+" mode", func(t *testing.T) {
				message := eventJSON("e", "")
				if tt.age < 0 {
					ahead := strconv.FormatInt(time.Now().Add(-tt.age).Unix(), 10)
					message = strings.Replace(message, strconv.FormatInt(time.Now().Unix(), 10), ahead, 1)
				} else {
					time.Sleep(tt.age)
				}
				// The query is of now: it proves nothing about the time.
				r := account.safe(message)
				if mode == push.Plain {
					r = account.plain(message)
				}
				got := hear(t, inMode(mode), r, tt.status)
				require.Equal(t, tt.status == http.StatusOK, got != nil)
			})
		}
	}
}

// The worked examples of WeChat's pages and sample libraries, at their time.
func TestOfficialMessages(t *testing.T) {
	for _, tt := range []struct {
		name        string
		cfg         push.Config
		at          int64
		query, body string
		want        push.Message // Fields, Raw and CreateTime aside
		field       string       // one of Fields
		value       string
	}{
		{
			"plain, JSON",
			push.Config{Token: "AAAAA", Mode: push.Plain},
			1714037059,
			"signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656",
			`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714037059,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`,
			push.Message{ToUserName: "gh_97417a04a28d", FromUserName: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", MsgType: "event", Event: "debug_demo", JSON: true},
			"debug_str", "hello world",
		},
		{
			"safe, JSON",
			push.Config{Token: "AAAAA", EncodingAESKey: strings.Repeat("A", 43), AppID: "wxba5fad812f8e6fb9"},
			1714112445,
			"signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
			`{"ToUserName":"gh_97417a04a28d","Encrypt":"+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="}`,
			push.Message{ToUserName: "gh_97417a04a28d", FromUserName: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", MsgType: "event", Event: "debug_demo", JSON: true},
			"debug_str", "hello world",
		},
		{
			"safe, XML",
			push.Config{Token: "QDG6eK", EncodingAESKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", AppID: "wx5823bf96d3bd56c7"},
			1409659813,
			"msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149",
			`<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt></xml>`,
			push.Message{ToUserName: "wx5823bf96d3bd56c7", FromUserName: "mycreate", MsgType: "text", MsgID: "4561255354251345929"},
			"Content", "hello",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(tt.at, 0)))
				tt.cfg.Logger = slog.New(slog.DiscardHandler)
				r := httptest.NewRequest(http.MethodPost, "/recive?"+tt.query, strings.NewReader(tt.body))
				got := hear(t, tt.cfg, r, http.StatusOK)
				require.NotNil(t, got)
				require.Equal(t, tt.value, got.Fields.Get(tt.field))
				require.Equal(t, tt.at, got.CreateTime.Unix())
				got.Fields, got.Raw, got.CreateTime = nil, nil, time.Time{}
				require.Equal(t, tt.want, *got)
			})
		})
	}
}

func TestRotation(t *testing.T) {
	cfg := rotating()
	cfg.OnAny = func(context.Context, *push.Message) (*push.Reply, error) {
		return &push.Reply{Raw: []byte("<xml/>")}, nil
	}
	h := newHandler(t, cfg)
	for _, tt := range []struct {
		name string
		by   wechat
	}{
		{"new token, new key", account},
		{"old token, old key", oldAccount},
		{"new token, old key", wechat{account.token, oldAccount.aesKey, account.appID}},
		{"old token, new key", wechat{oldAccount.token, account.aesKey, account.appID}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.by.safe(eventXML(tt.name, ""))
			require.Equal(t, "<xml/>", tt.by.openReply(t, r, serve(h, r)))
		})
	}
	t.Run("over", func(t *testing.T) {
		checkAnswer(t, serve(newHandler(t, config()), oldAccount.safe(eventXML("e", ""))), http.StatusForbidden)
	})
	t.Run("token alone, in plain mode", func(t *testing.T) {
		cfg := inMode(push.Plain)
		cfg.OldToken = oldAccount.token
		checkAnswer(t, serve(newHandler(t, cfg), oldAccount.plain(eventXML("e", ""))), http.StatusOK)
	})
}

func TestMethods(t *testing.T) {
	h := newHandler(t, config())
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		w := serve(h, httptest.NewRequest(method, "/push?"+account.query().Encode(), nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, POST" || w.Body.Len() > 0 {
			t.Errorf("%s = %d %v %q", method, w.Code, w.Header(), w.Body)
		}
	}
}

func TestBodySize(t *testing.T) {
	filled := func(size int) string {
		message := eventXML("e", "<a></a>")
		return strings.Replace(message, "<a>", "<a>"+strings.Repeat("a", size-len(message)), 1)
	}
	h := newHandler(t, inMode(push.Plain))
	for size, status := range map[int]int{
		256 << 10:   http.StatusOK,
		256<<10 + 1: http.StatusRequestEntityTooLarge,
		4 << 20:     http.StatusRequestEntityTooLarge,
	} {
		t.Run(strconv.Itoa(size)+" bytes", func(t *testing.T) {
			checkAnswer(t, serve(h, account.plain(filled(size))), status)
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/push", strings.NewReader(filled(4<<20)))
		checkAnswer(t, serve(newHandler(t, config()), r), http.StatusRequestEntityTooLarge)
	})
	t.Run("cut", func(t *testing.T) {
		r := account.plain("")
		r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
		checkAnswer(t, serve(h, r), http.StatusBadRequest)
	})
}

func TestContainerProbe(t *testing.T) {
	plain := inMode(push.Plain)
	for _, tt := range []struct {
		name    string
		cfg     push.Config
		request *http.Request
		status  int
	}{
		{"unsigned, as cloud hosting sends it", plain, request(nil, `{"action":"CheckContainerPath"}`), http.StatusForbidden},
		{"unsigned in safe mode", config(), request(nil, `{"action":"CheckContainerPath"}`), http.StatusForbidden},
		{"signed for plain mode, in safe mode", config(), account.plain(`{"action":"CheckContainerPath"}`), http.StatusForbidden},
		{"signed JSON", plain, account.plain(`{"action":"CheckContainerPath"}`), http.StatusOK},
		{"signed XML", plain, account.plain(`<xml><action>CheckContainerPath</action></xml>`), http.StatusOK},
		{"sealed", config(), account.safe(`{"action":"CheckContainerPath"}`), http.StatusOK},
		{"another action", plain, account.plain(`{"action":"Other"}`), http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Nil(t, hear(t, tt.cfg, tt.request, tt.status))
		})
	}
}

// A message that only has a field of the probe is a message.
func TestNoProbe(t *testing.T) {
	require.Equal(t, "e", receive(t, eventJSON("e", `,"action":"CheckContainerPath"`)).Event)
}

func TestDispatch(t *testing.T) {
	for _, tt := range []struct {
		name, message, want string
	}{
		{"media check", eventXML("wxa_media_check", "<trace_id>t</trace_id>"), "media t"},
		{"MsgType with a capital", strings.Replace(eventJSON("wxa_media_check", `,"trace_id":"t"`), `"event"`, `"Event"`, 1), "media t"},
		{"revoke", eventJSON("user_authorization_revoke", `,"OpenID":"o1"`), "revoke o1"},
		{"cancellation", eventJSON("user_authorization_cancellation", `,"OpenID":"o1"`), "cancellation o1"},
		{"modified", eventXML("user_info_modified", "<openid>o1</openid>"), "modified o1"},
		{"another event", eventXML("subscribe", ""), "any subscribe"},
		{"a text that calls itself an event", strings.Replace(eventXML("user_authorization_revoke", "<OpenID>o1</OpenID>"), "<MsgType><![CDATA[event]]>", "<MsgType><![CDATA[text]]>", 1), "any "},
		{"no event", strings.Replace(eventXML("", "<Content>hi</Content>"), "<MsgType><![CDATA[event]]>", "<MsgType><![CDATA[text]]>", 1), "any "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			change := func(name string) func(context.Context, *push.AuthorizationChange) error {
				return func(_ context.Context, c *push.AuthorizationChange) error {
					got = append(got, name+" "+c.OpenID)
					return nil
				}
			}
			cfg := config()
			cfg.OnMediaCheck = func(_ context.Context, c *push.MediaCheck) error {
				got = append(got, "media "+c.TraceID)
				return nil
			}
			cfg.OnAuthorizationRevoke, cfg.OnAuthorizationCancellation, cfg.OnUserInfoModified = change("revoke"), change("cancellation"), change("modified")
			cfg.OnAny = told(func(m *push.Message) { got = append(got, "any "+m.Event) })
			checkAnswer(t, serve(newHandler(t, cfg), account.safe(tt.message)), http.StatusOK)
			require.Len(t, got, 1)
			require.Equal(t, tt.want, got[0])
		})
		t.Run(tt.name+", which only OnAny can take", func(t *testing.T) {
			receive(t, tt.message)
		})
		t.Run(tt.name+", which nobody takes", func(t *testing.T) {
			checkAnswer(t, serve(newHandler(t, config()), account.safe(tt.message)), http.StatusOK)
		})
	}
}

// Refusals are logged with their reason, the loud ones only where the sender knew the token, and
// nothing of the request gets into the log.
func TestLog(t *testing.T) {
	for _, tt := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"forged", wechat{"Other", account.aesKey, account.appID}.safe(eventXML("e", "")), "level=DEBUG"},
		{"plain", account.plain(eventXML("hush", "")), "level=DEBUG"},
		{"other key", account.sealed("<", oldAccount.seal(eventXML("hush", ""))), "level=WARN"},
		{"malformed", account.safe("<xml>hush"), "level=WARN"},
		{"stale", account.safe(strings.Replace(eventXML("hush", ""), "<CreateTime>", "<CreateTime>1", 1)), "level=WARN"},
		{"handled", account.safe(eventXML("e", "<Content>hush</Content>")), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := config()
			cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			cfg.OnAny = ignore
			serve(newHandler(t, cfg), tt.request)
			text := log.String()
			require.Contains(t, text, tt.want)
			require.Equal(t, text == "", tt.want == "")
			for _, secret := range []string{"hush", account.token, account.aesKey, "openid", tt.request.URL.Query().Get("nonce"), tt.request.URL.Query().Get("signature")} {
				require.NotContains(t, text, secret)
			}
		})
	}
}

// The first thing that goes wrong in the field: the console has another token, or another mode. At the
// usual level of a log there is one line about it, and strangers cannot flood the log with it.
func TestLogOfAnotherConsole(t *testing.T) {
	other := wechat{"Other", account.aesKey, account.appID}
	check := other.query()
	check.Set("echostr", "hush")
	for _, tt := range []struct {
		name    string
		request func() *http.Request
		lines   int
	}{
		{"URL check", func() *http.Request {
			return httptest.NewRequest(http.MethodGet, "/push?"+check.Encode(), nil)
		}, 1},
		{"other token", func() *http.Request { return other.safe(eventXML("e", "")) }, 1},
		{"plain mode", func() *http.Request { return account.plain(eventXML("e", "")) }, 1},
		{"no push at all", func() *http.Request {
			return httptest.NewRequest(http.MethodPost, "/push", strings.NewReader("hush"))
		}, 0},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := config()
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			h := newHandler(t, cfg)
			for _, left := range []string{"left_out=0", "left_out=2"} {
				log.Reset()
				for range 3 {
					serve(h, tt.request())
				}
				text := log.String()
				warnings := strings.Count(text, "level=WARN")
				if warnings != tt.lines || strings.Count(text, left+"\n") != tt.lines {
					t.Errorf("log = %q, want %d warnings with %s", text, tt.lines, left)
				}
				time.Sleep(time.Minute)
			}
		})
	}
}

func TestDefaultLogger(t *testing.T) {
	cfg := config()
	cfg.Logger = nil
	hear(t, cfg, account.safe(eventXML("e", "")), http.StatusOK)
}

func TestParseErrorsAreTyped(t *testing.T) {
	for _, body := range []string{"", "x", "<xml>", "{", "null", "[]", `{"Event":"other"}`, "<xml/>", "<a/>", "{}"} {
		if _, err := push.ParseMediaCheck([]byte(body)); !errors.Is(err, push.ErrMalformed) {
			t.Errorf("ParseMediaCheck(%q): %v, want ErrMalformed", body, err)
		}
	}
}
