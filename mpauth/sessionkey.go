package mpauth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the hash that WeChat signs rawData with
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A SessionKey is WeChat's session_key: base64 of 16 bytes, a secret that WeChat shares with the
// server alone. It prints, logs and marshals as [redacted]; convert it with string(k) where the
// value itself is needed, and never send it to the client.
type SessionKey string

// String returns [redacted].
func (SessionKey) String() string { return redacted }

// Format writes [redacted] for every verb and flag.
func (SessionKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }

// LogValue makes log/slog write [redacted].
func (SessionKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes JSON, XML and the like write [redacted].
func (SessionKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// signature returns what proves to WeChat that we have the key: the HMAC of an empty message. Its
// key is the base64 text, not the bytes that the text stands for.
func (k SessionKey) signature() string {
	return hex.EncodeToString(hmac.New(sha256.New, []byte(k)).Sum(nil))
}

// VerifyRawData reports whether signature is WeChat's for rawData, both as wx.getUserProfile gave
// them to the client: do not decode and encode rawData in between. If not, the data was changed,
// or a later login has replaced the session_key.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
func VerifyRawData(key SessionKey, rawData, signature string) bool {
	if key == "" {
		return false // with an empty key anybody can make the signature
	}
	sum := sha1.Sum([]byte(rawData + string(key))) //nolint:gosec // the hash that WeChat signs with
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(signature)) == 1
}
