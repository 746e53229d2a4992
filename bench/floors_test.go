package bench

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// The floors: what is possible when nothing but speed counts. They know one user, one key and no
// expiry, and refuse nothing that a session has to refuse.

// gorillaBinary is gorilla's own store with a serializer that knows the one type it stores.
func gorillaBinary() contestant {
	store := sessions.NewCookieStore(hashKey, blockKey)
	for _, codec := range store.Codecs {
		codec.(*securecookie.SecureCookie).SetSerializer(serializer{})
	}
	return gorilla("floor: gorilla CookieStore, binary", store)
}

type serializer struct{}

func (serializer) Serialize(src any) ([]byte, error) {
	return src.(map[any]any)["user"].(user).encode(), nil
}

func (serializer) Deserialize(src []byte, dst any) error {
	u, err := decodeUser(src)
	(*dst.(*map[any]any))["user"] = u
	return err
}

// bareSeal is AES-GCM and a decoder written by hand.
func bareSeal() contestant {
	block, err := aes.NewCipher(blockKey)
	must(err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(err)
	next := page(fromContext)
	return contestant{
		"floor: AES-GCM, decoded by hand",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, value, _ := strings.Cut(r.Header.Get("Cookie"), "floor=")
			sealed, err := base64.RawURLEncoding.DecodeString(value)
			must(err)
			text, err := aead.Open(nil, nil, sealed, nil)
			must(err)
			u, err := decodeUser(text)
			must(err)
			next.ServeHTTP(w, withUser(r, u))
		}),
		func(w http.ResponseWriter, _ *http.Request, u user) {
			http.SetCookie(w, &http.Cookie{Name: "floor", Value: base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, u.encode(), nil))})
		},
		bareHTTP(),
	}
}

func (u *user) texts() []*string {
	return []*string{
		&u.AppID, &u.OpenID, &u.UnionID, &u.AccessToken, &u.RefreshToken, &u.Nickname, &u.HeadImgURL,
		&u.Country, &u.Province, &u.City, &u.Language, &u.Scope,
	}
}

func (u user) encode() []byte {
	data := binary.AppendVarint(binary.AppendVarint(nil, int64(u.Sex)), u.LoginAt.Unix())
	for _, s := range u.texts() {
		data = append(binary.AppendUvarint(data, uint64(len(*s))), *s...)
	}
	return data
}

func decodeUser(data []byte) (user, error) {
	sex, n := binary.Varint(data)
	loginAt, m := binary.Varint(data[n:])
	u := user{Sex: int(sex), LoginAt: time.Unix(loginAt, 0)}
	text := string(data[n+m:])
	for _, s := range u.texts() {
		size, n := binary.Uvarint([]byte(text[:min(len(text), 2)]))
		if n <= 0 || size > uint64(len(text)-n) {
			return user{}, errors.New("not a user")
		}
		*s, text = text[n:n+int(size)], text[n+int(size):]
	}
	return u, nil
}
