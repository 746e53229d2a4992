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

// A SessionKey is WeChat's session_key: base64 of 16 bytes, known to WeChat and to us. It prints,
// logs and marshals as [redacted]; convert it with string(k) where the value itself is needed, and
// never send it to the client.
type SessionKey string

// String returns [redacted].
func (SessionKey) String() string { return redacted }

// Format writes [redacted] for every verb and flag.
func (SessionKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }

// LogValue makes log/slog write [redacted].
func (SessionKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes JSON, XML and the like write [redacted].
func (SessionKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// signature proves to WeChat that we hold the key: an HMAC over nothing, keyed with the base64
// text itself.
func (k SessionKey) signature() string {
	return hex.EncodeToString(hmac.New(sha256.New, []byte(k)).Sum(nil))
}

// VerifyRawData reports whether signature is WeChat's for rawData, both as wx.getUserProfile gave
// them to the client: do not decode and encode rawData in between. A false answer means changed
// data or a session_key that was replaced since.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
func VerifyRawData(key SessionKey, rawData, signature string) bool {
	if key == "" {
		return false // anybody could sign for an empty key
	}
	sum := sha1.Sum([]byte(rawData + string(key))) //nolint:gosec // as above
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(signature)) == 1
}
