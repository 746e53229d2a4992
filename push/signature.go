package push

import (
	"crypto/subtle"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// CheckSignature reports whether the signature of a URL check, or of a push in [Plain] mode, was
// made with token. timestamp and nonce are the values of the query. A [Handler] does this itself.
//
// The three are sorted and hashed without separators, so the signature stays good if characters
// are moved between timestamp and nonce. Check the form of both, and do not rely on the timestamp
// as a time. With an empty token no signature is good.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
func CheckSignature(token, signature, timestamp, nonce string) bool {
	return signed(token, signature, timestamp, nonce)
}

// signed reports whether signature is that of token and parts. It compares in constant time.
func signed(token, signature string, parts ...string) bool {
	want := wxcrypt.SortedSHA1(append(parts, token)...)
	return token != "" && subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}
