package push

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

// errDecrypt is the only error about a text that does not open: a more precise one would help
// whoever tries out texts to guess their content.
var errDecrypt = errors.New("push: cannot decrypt: " +
	"the EncodingAESKey or AppID is not that of the console, or the text was changed")

// A cipher seals and opens the messages of one account. The sealed bytes are
//
//	16 random | 4 length of message, big endian | message | AppID
type cipher struct {
	key   []byte
	appID string
}

const randomSize, headSize = 16, 16 + 4

// newCipher makes a cipher of a key whose form Config.check has accepted.
func newCipher(appID, encodingAESKey string) *cipher {
	// The decoder must not be the strict one: the last character of a key often has bits set that
	// stand for nothing.
	key, _ := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	return &cipher{key, appID}
}

// open returns the message in an Encrypt text. The error is errDecrypt.
func (c *cipher) open(text string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errDecrypt
	}
	plain, err := wxcrypt.Decrypt(c.key, c.key[:16], sealed, wxcrypt.PushBlock)
	if err != nil || len(plain) < headSize {
		return nil, errDecrypt
	}
	size, rest := binary.BigEndian.Uint32(plain[randomSize:]), plain[headSize:]
	if uint64(size) > uint64(len(rest)) {
		return nil, errDecrypt
	}
	message, appID := rest[:size], rest[size:]
	if subtle.ConstantTimeCompare(appID, []byte(c.appID)) != 1 {
		return nil, errDecrypt
	}
	return message, nil
}

// seal returns the Encrypt text of a message.
func (c *cipher) seal(message []byte) (string, error) {
	head := make([]byte, headSize)
	_, _ = rand.Read(head[:randomSize]) // never fails
	binary.BigEndian.PutUint32(head[randomSize:], uint32(len(message)))
	sealed, err := wxcrypt.Encrypt(c.key, c.key[:16], slices.Concat(head, message, []byte(c.appID)),
		wxcrypt.PushBlock)
	return base64.StdEncoding.EncodeToString(sealed), err
}
