package mpauth_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpauth"
)

// The demonstration data that WeChat publishes; openssl opens it to what officialUser holds.
const (
	officialIV   = "r7BXXKkLb8qrSNn05n0qiA=="
	officialData = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)

// Sealed by openssl with sessionKey and officialIV:
// {"phoneNumber":"13800000000","purePhoneNumber":"13800000000","countryCode":"86","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}.
const phoneData = "xT8p8W6jIVdEWQ+ccHuD2RaIIS4vtW9zm7JtfYVPBkmYZ4q95YVd04MQxnJjNTDJagXZdH1dLSA+ur5iQao2Vedx4flywrAKAliLotUJtwGUHU7Im9aknw99Qgl0yhLkBs2ACRcxmMNHA2Q6jlGw78IpvU0OGEOWGblvhbovBzgsbeAEsUbLcUmcY9V5ADlzxzccDeNM+wNxfWupI53bMg=="

func officialUser() *mpauth.UserData {
	return &mpauth.UserData{
		OpenID: openID, UnionID: unionID, Nickname: "Band", Gender: 1, Language: "zh_CN",
		City: "Guangzhou", Province: "Guangdong", Country: "CN",
		AvatarURL: "http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0",
		Watermark: mpauth.Watermark{AppID: appID, Timestamp: time.Unix(1477314187, 0)},
	}
}

func TestDecryptOfficialData(t *testing.T) {
	user, err := mpauth.Decrypt[mpauth.UserData](sessionKey, appID, officialData, officialIV)
	require.NoError(t, err)
	require.Equal(t, officialUser(), user)

	phone, err := mpauth.Decrypt[mpauth.PhoneData](sessionKey, appID, phoneData, officialIV)
	require.NoError(t, err)
	require.Equal(t, &mpauth.PhoneData{
		PhoneNumber: "13800000000", PurePhoneNumber: "13800000000", CountryCode: "86",
		Watermark: mpauth.Watermark{AppID: appID, Timestamp: time.Unix(1477314187, 0)},
	}, phone)

	type group struct{ OpenGID string }
	own, err := mpauth.Decrypt[group](sessionKey, appID, seal(t, stamped(`"openGId":"G1"`)), officialIV)
	require.NoError(t, err)
	require.Equal(t, &group{"G1"}, own)
}

// Names are one line: what WeChat escapes in JSON becomes a space, as raw control bytes do.
func TestDecryptedTextsAreOneLine(t *testing.T) {
	data := stamped(`"nickName":"a\u0000b\u001bc\nd\u0085e` + "\tf" + `","city":"\r"`)
	user, err := mpauth.Decrypt[mpauth.UserData](sessionKey, appID, seal(t, data), officialIV)
	if err != nil || user.Nickname != "a b c d e f" || user.City != " " {
		t.Errorf("Decrypt = %+v, %v", user, err)
	}
}

// seal encrypts as WeChat does; cutting is up to the caller.
func seal(tb testing.TB, plain string) string {
	tb.Helper()
	pad := 16 - len(plain)%16
	return sealBlocks(tb, plain+strings.Repeat(string(rune(pad)), pad))
}

// sealBlocks encrypts without padding.
func sealBlocks(tb testing.TB, plain string) string {
	tb.Helper()
	key, err := base64.StdEncoding.DecodeString(sessionKey)
	require.NoError(tb, err)
	iv, err := base64.StdEncoding.DecodeString(officialIV)
	require.NoError(tb, err)
	block, err := aes.NewCipher(key)
	require.NoError(tb, err)
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, []byte(plain))
	return base64.StdEncoding.EncodeToString(sealed)
}

// stamped is an object with these fields and a good watermark.
func stamped(fields string) string {
	return `{` + fields + `,"watermark":{"timestamp":1477314187,"appid":"` + appID + `"}}`
}

func TestDecrypt(t *testing.T) {
	good := seal(t, stamped(`"nickName":"Band"`))
	for _, tt := range []struct {
		name            string
		key             mpauth.SessionKey
		appID, data, iv string
		want            error
	}{
		{"good", sessionKey, appID, good, officialIV, nil},
		{"raw control bytes in a nickname", sessionKey, appID, seal(t, stamped("\"nickName\":\"Ba\tn\x01d\"")), officialIV, nil},
		{"unknown fields", sessionKey, appID, seal(t, stamped(`"more":{"deep":[1,2]}`)), officialIV, nil},

		{"another key", "AAAAAAAAAAAAAAAAAAAAAA==", appID, good, officialIV, mpauth.ErrSessionKey},
		{"no key", "", appID, good, officialIV, mpauth.ErrSessionKey},
		{"a key that is no base64", "!", appID, good, officialIV, mpauth.ErrSessionKey},
		{"a key of 15 bytes", "AAAAAAAAAAAAAAAAAAAA", appID, good, officialIV, mpauth.ErrSessionKey},
		{"a key of 24 bytes, good for AES", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", appID, good, officialIV, mpauth.ErrSessionKey},
		{"padding of 0", sessionKey, appID, sealBlocks(t, stamped(`"k":1`)+strings.Repeat("\x00", 16-len(stamped(`"k":1`))%16)), officialIV, mpauth.ErrSessionKey},
		{"padding of 17", sessionKey, appID, sealBlocks(t, strings.Repeat("\x11", 32)), officialIV, mpauth.ErrSessionKey},
		{"uneven padding", sessionKey, appID, sealBlocks(t, strings.Repeat(" ", 13)+"\x03\x02\x03"), officialIV, mpauth.ErrSessionKey},
		{"a text that is no UTF-8, as a changed block makes it", sessionKey, appID, seal(t, stamped("\"nickName\":\"Ban\xffd\"")), officialIV, mpauth.ErrSessionKey},
		{"cut JSON", sessionKey, appID, seal(t, stamped(`"k":1`)[:40]), officialIV, mpauth.ErrSessionKey},
		{"two documents", sessionKey, appID, seal(t, stamped(`"k":1`)+`{}`), officialIV, mpauth.ErrSessionKey},
		{"an escape with a raw line break", sessionKey, appID, seal(t, stamped("\"k\":\"\\\n\"")), officialIV, mpauth.ErrSessionKey},
		{"nothing inside", sessionKey, appID, seal(t, ""), officialIV, mpauth.ErrSessionKey},
		{"deeper than a parser goes", sessionKey, appID, seal(t, strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), officialIV, mpauth.ErrSessionKey},

		{"no data", sessionKey, appID, "", officialIV, mpauth.ErrEncryptedData},
		{"data that is no base64", sessionKey, appID, "!" + good[1:], officialIV, mpauth.ErrEncryptedData},
		{"data without its padding characters", sessionKey, appID, strings.TrimRight(officialData, "="), officialIV, mpauth.ErrEncryptedData},
		{"a partial block", sessionKey, appID, "AAAA", officialIV, mpauth.ErrEncryptedData},
		{"more than 64 kB", sessionKey, appID, strings.Repeat("A", 64<<10+4), officialIV, mpauth.ErrEncryptedData},
		{"no iv", sessionKey, appID, good, "", mpauth.ErrEncryptedData},
		{"an iv that is no base64", sessionKey, appID, good, "!", mpauth.ErrEncryptedData},
		{"an iv of 15 bytes", sessionKey, appID, good, "AAAAAAAAAAAAAAAAAAAA", mpauth.ErrEncryptedData},
		{"an iv of 17 bytes", sessionKey, appID, good, "AAAAAAAAAAAAAAAAAAAAAAA=", mpauth.ErrEncryptedData},
		{"an endless iv", sessionKey, appID, good, strings.Repeat("A", 1<<20), mpauth.ErrEncryptedData},
		{"made for another appid", sessionKey, "wx1", good, officialIV, mpauth.ErrEncryptedData},
		{"no appid to compare with", sessionKey, "", seal(t, `{}`), officialIV, mpauth.ErrEncryptedData},
		{"no watermark", sessionKey, appID, seal(t, `{"nickName":"Band"}`), officialIV, mpauth.ErrEncryptedData},
		{"a watermark that is a text", sessionKey, appID, seal(t, `{"watermark":"`+appID+`"}`), officialIV, mpauth.ErrEncryptedData},
		{"a watermark without appid", sessionKey, appID, seal(t, `{"watermark":{"timestamp":1}}`), officialIV, mpauth.ErrEncryptedData},
		{"null", sessionKey, appID, seal(t, `null`), officialIV, mpauth.ErrEncryptedData},
		{"a list", sessionKey, appID, seal(t, `[]`), officialIV, mpauth.ErrEncryptedData},
		{"fields of other types than the T's", sessionKey, appID, seal(t, stamped(`"nickName":1`)), officialIV, mpauth.ErrEncryptedData},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mpauth.Decrypt[mpauth.UserData](tt.key, tt.appID, tt.data, tt.iv)
			if err != tt.want { //nolint:errorlint // the errors are fixed, not wrapped
				t.Fatalf("error = %v, want %v", err, tt.want)
			}
			require.Equal(t, err != nil, got == nil, err)
		})
	}
}

// hostile reports what Decrypt must never do, for any input.
func hostile(tb testing.TB, key mpauth.SessionKey, data, iv string) {
	tb.Helper()
	got, err := mpauth.Decrypt[mpauth.UserData](key, appID, data, iv)
	switch {
	case err == nil && got.Watermark.AppID != appID:
		tb.Errorf("data of %q passed", got.Watermark.AppID)
	case err != nil && (got != nil || (!errors.Is(err, mpauth.ErrSessionKey) && !errors.Is(err, mpauth.ErrEncryptedData))):
		tb.Errorf("Decrypt = %+v, %v", got, err)
	}
}

// A changed bit of the data garbles a block, which is noticed. The iv is another matter: CBC lets
// its bits through to the first block, where some make another letter of it.
func TestDecryptOfChangedBits(t *testing.T) {
	sealed, err := base64.StdEncoding.DecodeString(officialData)
	require.NoError(t, err)
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		user, err := mpauth.Decrypt[mpauth.UserData](sessionKey, appID, base64.StdEncoding.EncodeToString(changed), officialIV)
		require.Error(t, err, "bit %d passed: %+v", bit, user)
	}
	iv, err := base64.StdEncoding.DecodeString(officialIV)
	require.NoError(t, err)
	for bit := range len(iv) * 8 {
		changed := bytes.Clone(iv)
		changed[bit/8] ^= 1 << (bit % 8)
		hostile(t, sessionKey, officialData, base64.StdEncoding.EncodeToString(changed))
	}
	for size := range len(officialData) {
		hostile(t, sessionKey, officialData[:size], officialIV)
		hostile(t, sessionKey, officialData[size+1:], officialIV)
	}
	for size := range len(officialIV) {
		hostile(t, sessionKey, officialData, officialIV[:size])
	}
}

// mutated makes hostile input: the official data with a few bytes changed, cut, doubled or
// replaced, or noise.
func mutated(random *rand.Rand) (key mpauth.SessionKey, data, iv string) {
	texts := []string{sessionKey, officialData, officialIV}
	for range 1 + random.IntN(3) {
		i := random.IntN(len(texts))
		text := []byte(texts[i])
		at := random.IntN(len(text) + 1)
		switch random.IntN(6) {
		case 0: // a character of the alphabet
			if at < len(text) {
				text[at] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[random.IntN(64)]
			}
		case 1: // any byte
			if at < len(text) {
				text[at] = byte(random.IntN(256))
			}
		case 2:
			text = text[:at]
		case 3:
			text = append(text[:at:at], texts[random.IntN(3)]...)
		case 4: // whole blocks out
			cut := min(len(text), at+64*random.IntN(8))
			text = append(text[:at:at], text[cut:]...)
		case 5: // noise
			noise := make([]byte, random.IntN(200))
			for j := range noise {
				noise[j] = byte(random.IntN(256))
			}
			text = []byte(base64.StdEncoding.EncodeToString(noise))
		}
		texts[i] = string(text)
	}
	return mpauth.SessionKey(texts[0]), texts[1], texts[2]
}

func TestDecryptOfHostileInput(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		key, data, iv := mutated(random)
		hostile(t, key, data, iv)
	}
}

// BenchmarkDecryptOfHostileInput takes any number of inputs: -benchtime 1000000x.
func BenchmarkDecryptOfHostileInput(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4))
	for b.Loop() {
		key, data, iv := mutated(random)
		hostile(b, key, data, iv)
	}
}

func BenchmarkDecrypt(b *testing.B) {
	for b.Loop() {
		if _, err := mpauth.Decrypt[mpauth.UserData](sessionKey, appID, officialData, officialIV); err != nil {
			b.Fatal(err)
		}
	}
}
