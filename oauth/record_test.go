package oauth

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
)

func TestRecordRoundTrip(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, rec := range map[string]*record{
		"a base user":                    {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_base", LoginAt: now, CheckedAt: now}, refreshToken: "r"},
		"a user from the desk":           {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_base", Via: "desk", MemberID: "m-1", LoginAt: now, CheckedAt: now.Add(time.Hour)}},
		"a user handed over":             {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_base", Via: "handover", Snapshot: true, LoginAt: now, CheckedAt: now}},
		"a typical user":                 typicalUser(1),
		"privileges and a snapshot user": {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_userinfo", Snapshot: true, Sex: 2, Privilege: []string{"chinaunicom", ""}, LoginAt: now, CheckedAt: now}, refreshToken: "r"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []*time.Time{&rec.expiry, &rec.profileAt, &rec.user.LoginAt, &rec.user.CheckedAt} {
				*at = at.Truncate(time.Second)
			}
			got, err := decodeRecord(rec.encode())
			require.NoError(t, err)
			require.Equal(t, rec.write(), got.write())
			require.Equal(t, rec.user, got.user)
			require.Equal(t, rec.refreshToken, got.refreshToken)
		})
	}
}

// A session of the version before goes on, as one that was last checked at its login.
func TestRecordOfVersion1IsRead(t *testing.T) {
	const old = "\x77\x01\x02\x01\x6b\x49\xd2\x00\x6b\x49\xd2\x01\x6b\x49\xee\x20" +
		"\x01r\x01a\x03wx1\x02o1\x02u1\x0fsnsapi_userinfo\x04nick\x04head\x02CN\x02GD\x02SZ\x05zh_CN\x01p"
	at := time.Unix(1_800_000_000, 0)
	got, err := decodeRecord([]byte(old))
	require.NoError(t, err)
	require.Equal(t, &record{
		user: &core.User{
			AppID: "wx1", OpenID: "o1", UnionID: "u1", Nickname: "nick", HeadImgURL: "head", Country: "CN", Province: "GD", City: "SZ", Language: "zh_CN",
			Sex: 2, Privilege: []string{"p"}, Scope: "snsapi_userinfo", Snapshot: true, LoginAt: at, CheckedAt: at,
		},
		accessToken: "a", refreshToken: "r", expiry: at.Add(2 * time.Hour), profileAt: at.Add(time.Second),
	}, got)
	for i := range old {
		if rec, err := decodeRecord([]byte(old[:i])); err == nil && rec.user.Privilege == nil && i != len(old)-2 {
			t.Errorf("accepted when cut at %d of %d", i, len(old))
		}
	}
}

func TestRecordDropsTheLeastImportantFirst(t *testing.T) {
	big := func(change func(*record)) *record {
		r := typicalUser(1)
		r.user.Privilege, r.user.MemberID = []string{"p"}, strings.Repeat("m", maxMemberID)
		change(r)
		got, err := decodeRecord(r.encode())
		require.NoError(t, err)
		require.LessOrEqual(t, len(r.encode()), maxRecord)
		require.Equal(t, r.user.OpenID, got.user.OpenID)
		require.Equal(t, r.user.UnionID, got.user.UnionID)
		require.Equal(t, r.user.MemberID, got.user.MemberID)
		require.Equal(t, r.refreshToken, got.refreshToken)
		return got
	}
	got := big(func(r *record) { r.refreshToken = strings.Repeat("r", 340) })
	require.Empty(t, got.accessToken)
	require.True(t, got.expiry.IsZero())
	require.Equal(t, []string{"p"}, got.user.Privilege)

	got = big(func(r *record) { r.user.Privilege = []string{strings.Repeat("p", 500)} })
	require.Empty(t, got.user.Privilege)
	require.NotEmpty(t, got.user.City)

	got = big(func(r *record) { r.user.City = strings.Repeat("c", 700) })
	require.Empty(t, got.user.City+got.user.Province+got.user.Country)
	require.NotEmpty(t, got.user.HeadImgURL)

	got = big(func(r *record) { r.user.HeadImgURL = strings.Repeat("h", 700) })
	require.Empty(t, got.user.HeadImgURL)
	require.Equal(t, "张三丰的小店", got.user.Nickname)

	got = big(func(r *record) { r.user.Nickname = strings.Repeat("名", 300) })
	require.Equal(t, strings.Repeat("名", 64), got.user.Nickname)

	big(func(r *record) { // the most that WeChat may send
		r.refreshToken, r.accessToken = strings.Repeat("r", maxToken), strings.Repeat("a", maxToken)
		r.user.OpenID, r.user.UnionID = strings.Repeat("o", 64), strings.Repeat("u", 64)
		r.user.Nickname = strings.Repeat("🙂", 500)
		r.user.Language, r.user.Sex = strings.Repeat("l", 900), 77
	})
}

func TestRecordOfAnotherPurposeVersionOrLengthIsRefused(t *testing.T) {
	good := typicalUser(1).encode()
	for i := range recordHead {
		bad := bytes.Clone(good)
		bad[i] ^= 0x80
		if _, err := decodeRecord(bad); err == nil && i < 4 {
			t.Errorf("accepted with byte %d changed", i)
		}
	}
	for i := range good {
		if _, err := decodeRecord(good[:i]); err == nil && i < len(good)-1 { // without its last string it is one of version 1: see the test above
			t.Errorf("accepted when cut at %d of %d", i, len(good))
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(typicalUser(1).encode())
	f.Add((&record{user: &core.User{OpenID: "o", Scope: "snsapi_base", LoginAt: time.Unix(1, 0), CheckedAt: time.Unix(2, 0), Via: viaDesk}}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := decodeRecord(data)
		if err == nil && data[1] == recordVersion && !bytes.Equal(rec.write(), data) {
			t.Errorf("%x is another spelling of %x", data, rec.write())
		}
	})
}
