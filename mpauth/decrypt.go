package mpauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/wxoauth/wxoauth/internal/oneline"
	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// The two errors of [Decrypt]. Their text is fixed, so it shows nothing of the data or the key.
var (
	// ErrSessionKey means that the session_key does not open the data. Usually a later login has
	// replaced it: answer with [SessionExpired], and the client logs in again.
	ErrSessionKey = errors.New(
		"mpauth: the session_key does not fit: it is stale, or the data was changed",
	)
	// ErrEncryptedData means that the data does not come from WeChat, or was made for another mini
	// program. Logging in again does not help.
	ErrEncryptedData = errors.New(
		"mpauth: malformed encryptedData or iv, or data of another mini program",
	)
)

// maxEncryptedData is the length that the base64 text of encryptedData may have. That of a profile
// is shorter than 1 kB.
const maxEncryptedData = 64 << 10

// Decrypt opens encryptedData, made for appID and encrypted with key, into a T: [UserData],
// [PhoneData] or a struct of your own. encryptedData and iv are base64, as the client got them.
// Control characters in texts become spaces. The errors are [ErrSessionKey] and
// [ErrEncryptedData].
//
// WeChat does not authenticate the data: a client can change its first 16 bytes, where the openid
// of a [UserData] begins, and nothing shows it. So take the openid from the [Session]. Decrypt
// accepts data of any age: its time is in the watermark.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
func Decrypt[T any](key SessionKey, appID, encryptedData, iv string) (*T, error) {
	plain, err := decrypt(key, encryptedData, iv)
	if err != nil {
		return nil, err
	}
	var stamped struct {
		Watermark Watermark `json:"watermark"`
	}
	if json.Unmarshal(plain, &stamped) != nil || appID == "" || stamped.Watermark.AppID != appID {
		return nil, ErrEncryptedData
	}
	data := new(T)
	if json.Unmarshal(plain, data) != nil {
		return nil, ErrEncryptedData // the key was good, so the data is not a T
	}
	oneline.All(data)
	return data, nil
}

// decrypt returns the JSON inside encryptedData.
func decrypt(key SessionKey, encryptedData, iv string) ([]byte, error) {
	if len(encryptedData) > maxEncryptedData || len(iv) > 32 {
		return nil, ErrEncryptedData
	}
	sealed, err := base64.StdEncoding.DecodeString(encryptedData)
	if err != nil {
		return nil, ErrEncryptedData
	}
	vector, err := base64.StdEncoding.DecodeString(iv)
	if err != nil {
		return nil, ErrEncryptedData
	}
	raw, err := base64.StdEncoding.DecodeString(string(key))
	if err != nil || len(raw) != 16 {
		return nil, ErrSessionKey
	}
	plain, err := wxcrypt.Decrypt(raw, vector, sealed, wxcrypt.DataBlock)
	if errors.Is(err, wxcrypt.ErrSize) {
		return nil, ErrEncryptedData
	}
	// Nicknames may contain control bytes, which WeChat does not escape and JSON forbids in
	// strings. Outside of strings they are white space, as the blank is.
	for i, b := range plain {
		if b < ' ' {
			plain[i] = ' '
		}
	}
	// With the wrong key, or if a block was changed, random bytes come out, which are hardly ever
	// valid UTF-8. The JSON decoder alone would accept them inside of strings.
	if err != nil || !utf8.Valid(plain) || !json.Valid(plain) {
		return nil, ErrSessionKey
	}
	return plain, nil
}
