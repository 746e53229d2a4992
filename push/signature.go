package push

import (
	"crypto/subtle"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// CheckSignature reports whether the signature of a URL check, or of a push in [Plain] mode, was
// made with token. timestamp and nonce are the values of the query. A [Handler] does this itself.
//
// The three are sorted and hashed without separators, so the signature stays good when characters
// move between timestamp and nonce: look at the form of both, and do not read a time out of them.
// An empty token is never good.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
func CheckSignature(token, signature, timestamp, nonce string) bool {
	return signed(token, signature, timestamp, nonce)
}

// signed compares in constant time.
func signed(token, signature string, parts ...string) bool {
	want := wxcrypt.SortedSHA1(append(parts, token)...)
	return token != "" && subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}
