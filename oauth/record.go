package oauth

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// A record is what a session holds: who is signed in, and the tokens of the grant. It never
// changes once it may be shared.
type record struct {
	user         *core.User
	accessToken  string
	expiry       time.Time // of accessToken
	refreshToken string
	profileAt    time.Time // when the profile was fetched; zero: there is none
}

// recordKey is where a gorilla session keeps the encoded record.
const recordKey = "u"

// maxRecord is the most that a record may take, in bytes. A browser keeps 4,096 bytes a cookie;
// proxies in between often allow 4 or 8 kB for all headers together.
const maxRecord = 800

// A record is written as the bytes below, then its strings, each behind its length.
//
//	0   'w', the purpose    2   sex             4   login       8   profile    12  expiry of the access token
//	1   version             3   1: snapshot         unix seconds, 0: none
const (
	recordPurpose = 'w'
	recordVersion = 1
	recordHead    = 16
)

// encode writes r in at most maxRecord bytes. What does not fit is left out, the most easily
// replaced first; openid, unionid and refresh token always stay.
func (r *record) encode() []byte {
	user := *r.user
	fit := record{&user, r.accessToken, r.expiry, r.refreshToken, r.profileAt}
	steps := []func(){
		func() { fit.accessToken, fit.expiry = "", time.Time{} },
		func() { user.Privilege = nil },
		func() { user.Province, user.City, user.Country = "", "", "" },
		func() { user.HeadImgURL = "" },
		func() { user.Nickname = firstRunes(user.Nickname, 64) },
		func() { user.Nickname, user.Language = "", "" },
	}
	data := fit.write()
	for _, drop := range steps {
		if len(data) <= maxRecord {
			break
		}
		drop()
		data = fit.write()
	}
	return data
}

func (r *record) write() []byte {
	u := r.user
	data := make([]byte, recordHead, maxRecord)
	data[0], data[1] = recordPurpose, recordVersion
	if u.Sex == 1 || u.Sex == 2 {
		data[2] = byte(u.Sex)
	}
	if u.Snapshot {
		data[3] = 1
	}
	for i, t := range []time.Time{u.LoginAt, r.profileAt, r.expiry} {
		if !t.IsZero() {
			binary.BigEndian.PutUint32(data[4+4*i:], uint32(t.Unix()))
		}
	}
	for _, s := range append([]string{
		r.refreshToken, r.accessToken, u.AppID, u.OpenID, u.UnionID, u.Scope, u.Nickname, u.HeadImgURL,
		u.Country, u.Province, u.City, u.Language,
	}, u.Privilege...) {
		data = binary.AppendUvarint(data, uint64(len(s)))
		data = append(data, s...)
	}
	return data
}

var errRecord = errors.New("oauth: not a session of this version")

// decodeRecord reads what encode wrote. It accepts nothing else.
func decodeRecord(data []byte) (*record, error) {
	if len(data) < recordHead || len(data) > maxRecord || data[0] != recordPurpose || data[1] != recordVersion || data[2] > 2 || data[3] > 1 {
		return nil, errRecord
	}
	u := &core.User{Sex: int(data[2]), Snapshot: data[3] == 1}
	r := &record{user: u}
	for i, t := range []*time.Time{&u.LoginAt, &r.profileAt, &r.expiry} {
		if unix := binary.BigEndian.Uint32(data[4+4*i:]); unix != 0 {
			*t = time.Unix(int64(unix), 0)
		}
	}
	rest := data[recordHead:]
	if r.refreshToken, rest = cutString(rest); rest == nil {
		return nil, errRecord
	}
	if r.accessToken, rest = cutString(rest); rest == nil {
		return nil, errRecord
	}
	text := string(rest) // one allocation for all of the user, and apart from the tokens
	for _, s := range []*string{
		&u.AppID, &u.OpenID, &u.UnionID, &u.Scope, &u.Nickname, &u.HeadImgURL,
		&u.Country, &u.Province, &u.City, &u.Language,
	} {
		begin, end, ok := stringAt(rest)
		if !ok {
			return nil, errRecord
		}
		*s, text, rest = text[begin:end], text[end:], rest[end:]
	}
	for len(rest) > 0 {
		begin, end, ok := stringAt(rest)
		if !ok {
			return nil, errRecord
		}
		u.Privilege = append(u.Privilege, text[begin:end])
		text, rest = text[end:], rest[end:]
	}
	for _, scope := range scopeBits {
		if u.Scope == string(scope) {
			u.Scope = string(scope) // each request reads it: the constant is at hand, a user's text seldom
		}
	}
	if u.LoginAt.IsZero() || !validOpenID(u.OpenID) || Scope(u.Scope).rank() == 0 {
		return nil, errRecord
	}
	return r, nil
}

// cutString reads one string; rest is nil if there is none.
func cutString(data []byte) (s string, rest []byte) {
	begin, end, ok := stringAt(data)
	if !ok {
		return "", nil
	}
	return string(data[begin:end]), data[end:]
}

// stringAt finds the string at the head of data, behind its length.
func stringAt(data []byte) (begin, end int, ok bool) {
	n, size := binary.Uvarint(data[:min(len(data), 2)])
	if size <= 0 || (size > 1 && n < 0x80) || n > uint64(len(data)-size) {
		return 0, 0, false
	}
	return size, size + int(n), true
}

// hasTokens is false for a record that a memo has kept.
func (r *record) hasTokens() bool { return r.refreshToken != "" }

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
