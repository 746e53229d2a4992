package mpauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/wxoauth/wxoauth/internal/oneline"
	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// The two errors of [Decrypt]. They are fixed: nothing of the data or the key is in them.
var (
	// ErrSessionKey means that the session_key does not open the data. Mostly it was replaced by
	// a later login: answer [SessionExpired], and the client logs in again.
	ErrSessionKey = errors.New("mpauth: the session_key does not fit: it is stale, or the data was changed")
	// ErrEncryptedData means that the data is not WeChat's, or of another mini program. Logging in
	// again does not help.
	ErrEncryptedData = errors.New("mpauth: malformed encryptedData or iv, or data of another mini program")
)

// maxEncryptedData bounds the base64 text of encryptedData; profiles have under 1 kB.
const maxEncryptedData = 64 << 10

// Decrypt opens encryptedData, made for appID and encrypted with key, into a T: [UserData],
// [PhoneData] or a struct of your own. encryptedData and iv are base64, as the client got them.
// Control characters in texts become spaces.
// The errors are [ErrSessionKey] and [ErrEncryptedData].
//
// WeChat does not authenticate the data: a client can change the first 16 bytes of it unseen,
// which is where the openid of a [UserData] begins. The [Session] says who the user is. How old
// the data may be is for you to say: the watermark has the time.
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
		return nil, ErrEncryptedData // the key was good, so it is the T that does not fit
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
	// Nicknames bring raw control bytes, which JSON allows outside of strings only and as space.
	for i, b := range plain {
		if b < ' ' {
			plain[i] = ' '
		}
	}
	// A changed block opens as noise, and noise is hardly ever UTF-8. JSON alone would let it pass
	// inside of strings.
	if err != nil || !utf8.Valid(plain) || !json.Valid(plain) {
		return nil, ErrSessionKey
	}
	return plain, nil
}
