package oauth

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/subject"
)

// A record is the content of a session: the user and the tokens. It is not changed once other
// requests may have it.
type record struct {
	user         *core.User
	accessToken  string
	expiry       time.Time // of accessToken
	refreshToken string
	profileAt    time.Time // when the profile was fetched; zero if there is none
	serial       uint32    // random, to distinguish the sessions of a user
}

// A sessionID identifies a session, whatever changes in it. It is not secret, and it is not the ID
// of the store.
type sessionID struct {
	openID  string
	loginAt int64
	serial  uint32
}

func (r *record) id() sessionID {
	return sessionID{r.user.OpenID, r.user.LoginAt.Unix(), r.serial}
}

// recordKey is the key of the encoded record in a gorilla session.
const recordKey = "u"

// maxRecord is the size limit of an encoded record, in bytes. A browser keeps a cookie of up to
// 4,096 bytes, but many proxies limit all headers together to 4 or 8 kB.
const maxRecord = 800

// An encoded record has the bytes below and then its strings, each after its length.
//
//	0  'w', the purpose    4  login      12  expiry of the access token    20  serial
//	1  version             8  profile    16  check
//	2  sex                    each in unix seconds, 0: none
//	3  1 for a snapshot user, plus twice the place in vias
//
// Version 1 ends at byte 16 and has neither vias nor the member's ID. It is still read, but not
// written.
const (
	recordPurpose = 'w'
	recordVersion = 2
	recordHead    = 24
	record1Head   = 16
)

// The values of [core.User] in Via.
const (
	viaDesk     = "desk"
	viaHandover = "handover"
)

var vias = [...]string{"", viaDesk, viaHandover} //nolint:gochecknoglobals // a constant table

// maxMemberID is the longest MemberID, in bytes.
const maxMemberID = 64

// encode returns r in at most maxRecord bytes. If it does not fit, strings are left out, first
// those that can most easily be fetched again. openid, unionid, member's ID and refresh token are
// always kept.
func (r *record) encode() []byte {
	user := *r.user
	fit := *r
	fit.user = &user
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
	data[3] |= byte(max(0, slices.Index(vias[:], u.Via)) << 1)
	for i, t := range []time.Time{u.LoginAt, r.profileAt, r.expiry, u.CheckedAt} {
		if !t.IsZero() {
			binary.BigEndian.PutUint32(data[4+4*i:], uint32(t.Unix()))
		}
	}
	binary.BigEndian.PutUint32(data[20:], r.serial)
	for _, s := range append([]string{
		r.refreshToken, r.accessToken, u.AppID, u.OpenID, u.UnionID, u.Scope, u.Nickname,
		u.HeadImgURL,
		u.Country, u.Province, u.City, u.Language, u.MemberID,
	}, u.Privilege...) {
		data = binary.AppendUvarint(data, uint64(len(s)))
		data = append(data, s...)
	}
	return data
}

var errRecord = errors.New("oauth: not a session of this version")

// decodeRecord reads what encode has written, in this version or in version 1. Anything else is an
// error.
func decodeRecord(data []byte) (*record, error) {
	if len(data) < record1Head || len(data) > maxRecord || data[0] != recordPurpose || data[2] > 2 {
		return nil, errRecord
	}
	u := &core.User{Sex: int(data[2]), Snapshot: data[3]&1 == 1}
	r := &record{user: u}
	times := []*time.Time{&u.LoginAt, &r.profileAt, &r.expiry, &u.CheckedAt}
	texts := []*string{
		&u.AppID, &u.OpenID, &u.UnionID, &u.Scope, &u.Nickname, &u.HeadImgURL,
		&u.Country, &u.Province, &u.City, &u.Language, &u.MemberID,
	}
	head, way := recordHead, int(data[3]>>1)
	switch {
	case data[1] == 1 && way == 0:
		head, times, texts = record1Head, times[:len(times)-1], texts[:len(texts)-1]
	case data[1] != recordVersion || len(data) < recordHead || way >= len(vias):
		return nil, errRecord
	}
	u.Via = vias[way]
	for i, t := range times {
		if unix := binary.BigEndian.Uint32(data[4+4*i:]); unix != 0 {
			*t = time.Unix(int64(unix), 0)
		}
	}
	if data[1] == 1 {
		u.CheckedAt = u.LoginAt
	} else {
		r.serial = binary.BigEndian.Uint32(data[20:])
	}
	rest := data[head:]
	for _, token := range []*string{&r.refreshToken, &r.accessToken} {
		begin, end, ok := stringAt(rest)
		if !ok {
			return nil, errRecord
		}
		*token, rest = string(rest[begin:end]), rest[end:]
	}
	text := string(rest) // one allocation for all strings of the user, without the tokens
	for i := 0; i < len(texts) || text != ""; i++ {
		begin, end, ok := stringAt(rest)
		if !ok {
			return nil, errRecord
		}
		if i < len(texts) {
			*texts[i] = text[begin:end]
		} else {
			u.Privilege = append(u.Privilege, text[begin:end])
		}
		text, rest = text[end:], rest[end:]
	}
	for _, scope := range scopeBits {
		if u.Scope == string(scope) {
			// Every request reads the scope, and the constant is more likely to be in the
			// processor's cache than the text of this user.
			u.Scope = string(scope)
		}
	}
	if u.LoginAt.IsZero() || u.CheckedAt.IsZero() || len(u.MemberID) > maxMemberID ||
		!subject.ValidID(u.OpenID) || Scope(u.Scope).rank() == 0 {
		return nil, errRecord
	}
	return r, nil
}

// stringAt returns where the string at the beginning of data is, after its length.
func stringAt(data []byte) (begin, end int, ok bool) {
	n, size := binary.Uvarint(data[:min(len(data), 2)])
	if size <= 0 || (size > 1 && n < 0x80) || n > uint64(len(data)-size) {
		return 0, 0, false
	}
	return size, size + int(n), true
}

// covers reports whether r is the session of a user who has granted need. It is false for nil.
func (r *record) covers(need Scope) bool { return r != nil && Scope(r.user.Scope).covers(need) }

// onto merges two changes of a session that was read as was: r is the change of this request, now
// what other requests have made of it since.
func (r *record) onto(was, now *record) *record {
	merged, user := *r, *r.user
	if now.refreshToken != was.refreshToken || now.accessToken != was.accessToken {
		merged.accessToken, merged.expiry, merged.refreshToken = now.accessToken, now.expiry,
			now.refreshToken
	}
	if now.profileAt.After(r.profileAt) {
		user, merged.profileAt = *now.user, now.profileAt
	}
	if user.CheckedAt = r.user.CheckedAt; now.user.CheckedAt.After(user.CheckedAt) {
		user.CheckedAt = now.user.CheckedAt
	}
	merged.user = &user
	return &merged
}

// hasTokens reports whether r has tokens. A record from the memo has none, and some sessions have
// none either.
func (r *record) hasTokens() bool { return r.refreshToken != "" }

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
