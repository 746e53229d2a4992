package wxsim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

const (
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	urlSafe      = alphanumeric + "_-"
)

// randomText returns n random characters of an alphabet of at most 256 characters. Some may be a
// little more frequent than others, which does not matter in a simulator.
func randomText(n int, alphabet string) string {
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails
	for i, b := range text {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text)
}

func randomHex(n int) string { return randomText(n, "0123456789abcdef") }

// derivedID returns 28 characters that look like an openid and are always the same for the same
// parts.
func derivedID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return "o" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:27]
}

// sha256Hex returns the SHA-256 of a text, in lower-case hex.
func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
