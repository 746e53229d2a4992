package wxsim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat signs rawData with it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// encryptedDataMemory is how long checkencryptedmsg knows encrypted data.
const encryptedDataMemory = 3 * 24 * time.Hour

// PhoneData returns the data about a user's telephone number that a mini program gets encrypted;
// see [Server.EncryptData]. It is nil for an unknown openid.
func (s *Server) PhoneData(openID string) []byte {
	return withPerson(s, openID, func(w *world, k known) []byte {
		return []byte(w.phoneData(w.mini(k), k.person))
	})
}

// UserData returns the data about a user that a mini program gets encrypted; see
// [Server.EncryptData]. It is nil for an unknown openid.
func (s *Server) UserData(openID string) []byte {
	return withPerson(s, openID, func(w *world, k known) []byte {
		a := w.mini(k)
		who := a.identity(k.person, false)
		pairs := append([]any{"openId", who.openID}, profileOf(w, k.person)...)
		if who.unionID != "" {
			pairs = append(pairs, "unionId", who.unionID)
		}
		return []byte(object(append(pairs, "watermark", w.watermark(a))...))
	})
}

// profileOf returns the profile that wx.getUserProfile gives. Since 2022 it is the same for all
// users.
func profileOf(w *world, p *person) []any {
	if !w.cfg.OldProfiles {
		return []any{
			"nickName", virtualName, "gender", 0, "language", "zh_CN",
			"city", "", "province", "", "country", "", "avatarUrl", greyAvatar,
		}
	}
	return []any{
		"nickName", p.Nickname, "gender", p.Sex, "language", p.Language,
		"city", p.City, "province", p.Province, "country", p.Country, "avatarUrl", p.HeadImgURL,
	}
}

// greyAvatar is the avatar that WeChat gives instead of the user's own.
const greyAvatar = "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24" +
	"ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"

// RawData returns what wx.getUserProfile gives in the clear, and its signature with the
// session_key.
func (s *Server) RawData(openID string) (rawData, signature string, err error) {
	err = errNoSession
	withPerson(s, openID, func(w *world, k known) any {
		if key := k.visit(w.mini(k)).SessionKey; key != "" {
			rawData = object(profileOf(w, k.person)...)
			sum := sha1.Sum([]byte(rawData + key)) //nolint:gosec // the hash that WeChat signs with
			signature, err = hex.EncodeToString(sum[:]), nil
		}
		return nil
	})
	return rawData, signature, err
}

var errNoSession = errors.New("wxsim: nobody with this openid has logged in to the mini program")

// EncryptData encrypts a JSON text with the user's current session_key, as wx.getUserProfile and
// the phone number button do. It fails if the user has never logged in; see [Server.NewJSCode].
// checkencryptedmsg knows telephone numbers for three days.
func (s *Server) EncryptData(openID string, payload []byte) (encryptedData, iv string, err error) {
	key, err := base64.StdEncoding.DecodeString(withPerson(s, openID,
		func(w *world, k known) string {
			return k.visit(w.mini(k)).SessionKey
		}))
	switch {
	case err != nil:
		return "", "", err
	case len(key) == 0:
		return "", "", errNoSession
	}
	vector := make([]byte, aes.BlockSize)
	_, _ = rand.Read(vector) // never fails
	sealed, err := encryptCBC(key, vector, pad(payload, aes.BlockSize))
	if err != nil {
		return "", "", err
	}
	encryptedData = base64.StdEncoding.EncodeToString(sealed)
	if strings.Contains(string(payload), `"phoneNumber"`) {
		s.change(func(w *world) { w.encrypted.put(sha256Hex(encryptedData), w.now, w.now) })
	}
	return encryptedData, base64.StdEncoding.EncodeToString(vector), nil
}

// checkEncryptedData is POST /wxa/business/checkencryptedmsg. It misspells "valid", as WeChat does.
func checkEncryptedData(w *world, r *request, ask struct {
	Hash string `json:"encrypted_msg_hash"`
},
) answer {
	if len(ask.Hash) != 64 || strings.Trim(ask.Hash, "0123456789abcdef") != "" {
		return r.refuse(40097)
	}
	made, ok := w.encrypted.get(ask.Hash, w.now)
	if !ok {
		return r.refuse(1)
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "vaild", true, "create_time", made.Unix()))
}

// pad is PKCS#7. WeChat's block is 16 bytes in encryptedData and 32 in message push.
func pad(data []byte, block int) []byte {
	n := block - len(data)%block
	return append(bytes.Clone(data), bytes.Repeat([]byte{byte(n)}, n)...)
}

func encryptCBC(key, iv, padded []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, padded)
	return sealed, nil
}
