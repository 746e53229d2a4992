package mpauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
)

// 7154… is the HMAC-SHA256 of nothing, keyed with the base64 text of sessionKey, by openssl.
const keySignature = "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"

// Every call, on the bytes of WeChat's documentation.
func TestCalls(t *testing.T) {
	ctx := context.Background()
	hash := strings.Repeat("0f", 32)
	token := func(pairs ...string) url.Values {
		q := url.Values{"access_token": {"APPTOKEN"}}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return q
	}
	for _, tt := range []struct {
		name, answer string
		call         func(*mpauth.Client) (any, error)
		sent         webtest.Call
		want         any
	}{
		{
			"code2Session", `{"openid":"OPENID","session_key":"SESSIONKEY==","unionid":"UNIONID"}`,
			func(c *mpauth.Client) (any, error) { return c.Code2Session(ctx, "a+b/c=") },
			call("GET /sns/jscode2session", url.Values{"appid": {appID}, "secret": {appSecret}, "js_code": {"a+b/c="}, "grant_type": {"authorization_code"}}, ""),
			&mpauth.Session{AppID: appID, OpenID: "OPENID", UnionID: "UNIONID", SessionKey: "SESSIONKEY=="},
		},
		{
			"code2Session without unionid, with fields of old", `{"openid":"OPENID","session_key":"SESSIONKEY==","expires_in":7200}`,
			func(c *mpauth.Client) (any, error) { return c.Code2Session(ctx, "CODE") },
			call("GET /sns/jscode2session", url.Values{"appid": {appID}, "secret": {appSecret}, "js_code": {"CODE"}, "grant_type": {"authorization_code"}}, ""),
			&mpauth.Session{AppID: appID, OpenID: "OPENID", SessionKey: "SESSIONKEY=="},
		},
		{
			"checkSessionKey", `{"errcode":0,"errmsg":"ok"}`,
			func(c *mpauth.Client) (any, error) { return nil, c.CheckSession(ctx, "OPENID", sessionKey) },
			call("GET /wxa/checksession", token("openid", "OPENID", "signature", keySignature, "sig_method", "hmac_sha256"), ""),
			nil,
		},
		{
			"ResetUserSessionKey", `{"errcode":0,"errmsg":"ok","openid":"OPENID","session_key":"NEWKEY=="}`,
			func(c *mpauth.Client) (any, error) { return c.ResetSessionKey(ctx, "OPENID", sessionKey) },
			call("GET /wxa/resetusersessionkey", token("openid", "OPENID", "signature", keySignature, "sig_method", "hmac_sha256"), ""),
			&mpauth.Session{AppID: appID, OpenID: "OPENID", SessionKey: "NEWKEY=="},
		},
		{
			"getPhoneNumber", `{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"13800000000","purePhoneNumber":"13800000000","countryCode":"86","watermark":{"timestamp":1637744274,"appid":"wxAPPID"}}}`,
			func(c *mpauth.Client) (any, error) { return c.PhoneNumber(ctx, "CODE") },
			call("POST /wxa/business/getuserphonenumber", token(), `{"code":"CODE"}`),
			&mpauth.PhoneInfo{PhoneNumber: "13800000000", PurePhoneNumber: "13800000000", CountryCode: "86", Watermark: mpauth.Watermark{AppID: "wxAPPID", Timestamp: time.Unix(1637744274, 0)}},
		},
		{
			"getPhoneNumber with a number as country code", `{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"+85212345678","purePhoneNumber":"12345678","countryCode":852,"watermark":{"timestamp":1637744274,"appid":"wxAPPID"}}}`,
			func(c *mpauth.Client) (any, error) { return c.PhoneNumber(ctx, "CODE") },
			call("POST /wxa/business/getuserphonenumber", token(), `{"code":"CODE"}`),
			&mpauth.PhoneInfo{PhoneNumber: "+85212345678", PurePhoneNumber: "12345678", CountryCode: "852", Watermark: mpauth.Watermark{AppID: "wxAPPID", Timestamp: time.Unix(1637744274, 0)}},
		},
		{
			"checkEncryptedData", `{"errcode":0,"errmsg":"ok","vaild":true,"create_time":1629121902}`,
			func(c *mpauth.Client) (any, error) { return c.CheckEncryptedData(ctx, hash) },
			call("POST /wxa/business/checkencryptedmsg", token(), `{"encrypted_msg_hash":"`+hash+`"}`),
			&mpauth.EncryptedDataCheck{Valid: true, CreateTime: time.Unix(1629121902, 0)},
		},
		{
			"checkEncryptedData of something else", `{"errcode":0,"errmsg":"ok","vaild":false}`,
			func(c *mpauth.Client) (any, error) { return c.CheckEncryptedData(ctx, strings.ToUpper(hash)) },
			call("POST /wxa/business/checkencryptedmsg", token(), `{"encrypted_msg_hash":"`+hash+`"}`),
			&mpauth.EncryptedDataCheck{},
		},
		{
			"getPaidUnionid by transaction", `{"unionid":"oTmHYjg-tElZ68xxxxxxxxhy1Rgk","errcode":0,"errmsg":"ok"}`,
			func(c *mpauth.Client) (any, error) {
				return c.PaidUnionID(ctx, mpauth.PaidUnionIDParams{OpenID: "OPENID", TransactionID: "1", MchID: "2", OutTradeNo: "3"})
			},
			call("GET /wxa/getpaidunionid", token("openid", "OPENID", "transaction_id", "1"), ""),
			"oTmHYjg-tElZ68xxxxxxxxhy1Rgk",
		},
		{
			"getPaidUnionid by the merchant's number", `{"unionid":"oTmHYjg-tElZ68xxxxxxxxhy1Rgk","errcode":0,"errmsg":"ok"}`,
			func(c *mpauth.Client) (any, error) {
				return c.PaidUnionID(ctx, mpauth.PaidUnionIDParams{OpenID: "OPENID", MchID: "2", OutTradeNo: "3"})
			},
			call("GET /wxa/getpaidunionid", token("openid", "OPENID", "mch_id", "2", "out_trade_no", "3"), ""),
			"oTmHYjg-tElZ68xxxxxxxxhy1Rgk",
		},
		{
			"getPluginOpenPId", `{"errcode":0,"errmsg":"ok","openpid":"GACo74wkDIkDzEhkwRwgjGt1pqlk"}`,
			func(c *mpauth.Client) (any, error) { return c.PluginOpenPID(ctx, "CODE") },
			call("POST /wxa/getpluginopenpid", token(), `{"code":"CODE"}`),
			"GACo74wkDIkDzEhkwRwgjGt1pqlk",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wx := answering(tt.answer)
			got, err := tt.call(newClient(t, wx))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			require.Equal(t, []webtest.Call{tt.sent}, wx.Calls())
		})
	}
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name, code string
		call       func(*mpauth.Client) error
		want       error
	}{
		{"bad code", "40029", func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }, core.ErrInvalidCode},
		{"used code", "40163", func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }, core.ErrCodeUsed},
		{"blocked user", "40226", func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }, core.ErrBlocked},
		{"code as a string", `"40029"`, func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }, core.ErrInvalidCode},
		{"stale key", "87009", func(c *mpauth.Client) error { return c.CheckSession(ctx, openID, sessionKey) }, mpauth.ErrSessionKey},
		{"absent key", "87007", func(c *mpauth.Client) error { return c.CheckSession(ctx, openID, sessionKey) }, mpauth.ErrSessionKey},
		{"stale key with its code", "87009", func(c *mpauth.Client) error { return c.CheckSession(ctx, openID, sessionKey) }, core.Code(87009)},
		{"reset of a stale key", "87009", func(c *mpauth.Client) error { _, err := c.ResetSessionKey(ctx, openID, sessionKey); return err }, mpauth.ErrSessionKey},
		{"login code for a phone", "40029", func(c *mpauth.Client) error { _, err := c.PhoneNumber(ctx, jsCode); return err }, core.ErrInvalidCode},
		{"data of long ago", "1", func(c *mpauth.Client) error { _, err := c.CheckEncryptedData(ctx, strings.Repeat("0", 64)); return err }, core.Code(1)},
		{"login code for a plugin", "1007", func(c *mpauth.Client) error { _, err := c.PluginOpenPID(ctx, jsCode); return err }, core.Code(1007)},
		{"no such payment", "89300", func(c *mpauth.Client) error {
			_, err := c.PaidUnionID(ctx, mpauth.PaidUnionIDParams{OpenID: openID, TransactionID: "1"})
			return err
		}, core.Code(89300)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call(newClient(t, refusing(tt.code)))
			require.ErrorIs(t, err, tt.want)
			if refused, ok := errors.AsType[*core.Error](err); !ok || refused.RID != "652d44d0-1d0af18b-5b069232" {
				t.Errorf("error = %#v, want a *core.Error with its request id", err)
			}
			wantNoCanary(t, "the error", err.Error())
		})
	}
}

// An answer without what was asked for is an error, never a session without a user.
func TestIncompleteAnswers(t *testing.T) {
	ctx := context.Background()
	exchange := func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }
	reset := func(c *mpauth.Client) error { _, err := c.ResetSessionKey(ctx, openID, sessionKey); return err }
	for _, tt := range []struct {
		name, answer string
		call         func(*mpauth.Client) error
	}{
		{"no openid", `{"session_key":"SESSIONKEY=="}`, exchange},
		{"empty openid", `{"openid":"","session_key":"SESSIONKEY=="}`, exchange},
		{"openid with a space", `{"openid":"o 1","session_key":"SESSIONKEY=="}`, exchange},
		{"openid with a line break", `{"openid":"o1\n","session_key":"SESSIONKEY=="}`, exchange},
		{"openid of 65 characters", `{"openid":"` + strings.Repeat("o", 65) + `","session_key":"SESSIONKEY=="}`, exchange},
		{"openid as a number", `{"openid":1,"session_key":"SESSIONKEY=="}`, exchange},
		{"two openids", `{"openid":"o1","session_key":"SESSIONKEY==","openid":"o2"}`, exchange},
		{"two openids, one in capitals", `{"openid":"o1","session_key":"SESSIONKEY==","OPENID":"o2"}`, exchange},
		{"two unionids", `{"openid":"o1","unionid":"u1","session_key":"SESSIONKEY==","unionid":"u2"}`, exchange},
		{"malformed unionid", `{"openid":"o1","session_key":"SESSIONKEY==","unionid":"<script>"}`, exchange},
		{"no session_key", `{"openid":"o1"}`, exchange},
		{"session_key as null", `{"openid":"o1","session_key":null}`, exchange},
		{"endless session_key", `{"openid":"o1","session_key":"` + strings.Repeat("A", 129) + `"}`, exchange},
		{"nothing", `{}`, exchange},
		{"null", `null`, exchange},
		{"a list", `[{"openid":"o1"}]`, exchange},
		{"HTML", `<html>`, exchange},
		{"a cut answer", `{"openid":"o1","session_key":"SESS`, exchange},
		{"two answers", goodLogin + goodLogin, exchange},
		{"no openid after a reset", `{"errcode":0,"session_key":"NEWKEY=="}`, reset},
		{"somebody else after a reset", `{"errcode":0,"openid":"o2","session_key":"NEWKEY=="}`, reset},
		{"no key after a reset", `{"errcode":0,"openid":"` + openID + `"}`, reset},
		{"no phone number", `{"errcode":0,"phone_info":{}}`, func(c *mpauth.Client) error { _, err := c.PhoneNumber(ctx, jsCode); return err }},
		{"country code as a list", `{"errcode":0,"phone_info":{"phoneNumber":"1","countryCode":[86]}}`, func(c *mpauth.Client) error { _, err := c.PhoneNumber(ctx, jsCode); return err }},
		{"no openpid", `{"errcode":0}`, func(c *mpauth.Client) error { _, err := c.PluginOpenPID(ctx, jsCode); return err }},
		{"no unionid", `{"errcode":0}`, func(c *mpauth.Client) error {
			_, err := c.PaidUnionID(ctx, mpauth.PaidUnionIDParams{OpenID: openID, TransactionID: "1"})
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call(newClient(t, answering(tt.answer)))
			if wire, ok := errors.AsType[*core.WireError](err); !ok || wire.Kind != core.WireBody {
				t.Errorf("error = %v, want a WireError about the body", err)
			}
		})
	}
}

func TestNothingIsSentForBadArguments(t *testing.T) {
	ctx := context.Background()
	wx := answering(goodLogin)
	c := newClient(t, wx)
	paid := func(p mpauth.PaidUnionIDParams) error { _, err := c.PaidUnionID(ctx, p); return err }
	for name, call := range map[string]func() error{
		"Code2Session without a code":    func() error { _, err := c.Code2Session(ctx, ""); return err },
		"PhoneNumber without a code":     func() error { _, err := c.PhoneNumber(ctx, ""); return err },
		"PluginOpenPID without a code":   func() error { _, err := c.PluginOpenPID(ctx, ""); return err },
		"CheckSession without an openid": func() error { return c.CheckSession(ctx, "", sessionKey) },
		"CheckSession without a key":     func() error { return c.CheckSession(ctx, openID, "") },
		"ResetSessionKey without a key":  func() error { _, err := c.ResetSessionKey(ctx, openID, ""); return err },
		"a hash in base64": func() error {
			_, err := c.CheckEncryptedData(ctx, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
			return err
		},
		"a hash that is too short":    func() error { _, err := c.CheckEncryptedData(ctx, "0f"); return err },
		"a payment without an openid": func() error { return paid(mpauth.PaidUnionIDParams{TransactionID: "1"}) },
		"a user without a payment":    func() error { return paid(mpauth.PaidUnionIDParams{OpenID: openID}) },
		"a merchant without an order": func() error { return paid(mpauth.PaidUnionIDParams{OpenID: openID, MchID: "1"}) },
	} {
		require.ErrorIs(t, call(), mpauth.ErrArgument, name)
	}
	require.Empty(t, wx.Calls())
}

// A connection that breaks may have carried the request: what spends a code or a key is not sent
// a second time, whereas a question may be asked again.
func TestACodeIsSentOnce(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name string
		call func(*mpauth.Client) error
		sent int32
	}{
		{"code2Session", func(c *mpauth.Client) error { _, err := c.Code2Session(ctx, jsCode); return err }, 1},
		{"getPhoneNumber", func(c *mpauth.Client) error { _, err := c.PhoneNumber(ctx, jsCode); return err }, 1},
		{"getPluginOpenPId", func(c *mpauth.Client) error { _, err := c.PluginOpenPID(ctx, jsCode); return err }, 1},
		{"ResetUserSessionKey", func(c *mpauth.Client) error { _, err := c.ResetSessionKey(ctx, openID, sessionKey); return err }, 1},
		{"checkSessionKey", func(c *mpauth.Client) error { return c.CheckSession(ctx, openID, sessionKey) }, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wire := &cutting{}
			err := tt.call(newClient(t, wire))
			if _, ok := errors.AsType[*core.WireError](err); !ok || wire.sent.Load() != tt.sent {
				t.Errorf("sent %d times, want %d; error %v", wire.sent.Load(), tt.sent, err)
			}
			wantNoCanary(t, "the error", err.Error())
		})
	}
}

// A cutting network breaks each connection after the request.
type cutting struct{ sent atomic.Int32 }

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return failing{syscall.ECONNRESET}.RoundTrip(r)
}

// What WeChat sends comes out the same.
func TestDataMarshalsAsWeChatWritesIt(t *testing.T) {
	for _, tt := range []struct {
		name string
		data any
		json string
	}{
		{"user", &mpauth.UserData{}, `{"openId":"o1","unionId":"u1","nickName":"小明","gender":1,"language":"zh_CN","city":"Shenzhen","province":"Guangdong","country":"CN","avatarUrl":"https://thirdwx.qlogo.cn/0","watermark":{"appid":"wx1","timestamp":1477314187}}`},
		{"phone", &mpauth.PhoneData{}, `{"phoneNumber":"13800000000","purePhoneNumber":"13800000000","countryCode":"86","watermark":{"appid":"wx1","timestamp":1477314187}}`},
		{"no watermark", &mpauth.PhoneData{}, `{"phoneNumber":"","purePhoneNumber":"","countryCode":"","watermark":{"appid":"","timestamp":0}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			unmarshal(t, tt.json, tt.data)
			require.JSONEq(t, tt.json, marshal(t, tt.data))
			again := reflect.New(reflect.TypeOf(tt.data).Elem()).Interface()
			unmarshal(t, marshal(t, tt.data), again)
			require.Equal(t, tt.data, again)
		})
	}
}
