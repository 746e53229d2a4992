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
		"a base user":                    {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_base", LoginAt: now}, refreshToken: "r"},
		"a typical user":                 typicalUser(1),
		"privileges and a snapshot user": {user: &core.User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_userinfo", Snapshot: true, Sex: 2, Privilege: []string{"chinaunicom", ""}, LoginAt: now}, refreshToken: "r"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []*time.Time{&rec.expiry, &rec.profileAt, &rec.user.LoginAt} {
				*at = at.Truncate(time.Second)
			}
			got, err := decodeRecord(rec.encode())
			require.NoError(t, err)
			require.Equal(t, rec.write(), got.write())
			require.Equal(t, rec.user.Privilege, got.user.Privilege)
			require.Equal(t, rec.user.OpenID, got.user.OpenID)
			require.Equal(t, rec.refreshToken, got.refreshToken)
			require.True(t, rec.user.LoginAt.Equal(got.user.LoginAt))
		})
	}
}

func TestRecordDropsTheLeastImportantFirst(t *testing.T) {
	big := func(change func(*record)) *record {
		r := typicalUser(1)
		r.user.Privilege = []string{"p"}
		change(r)
		got, err := decodeRecord(r.encode())
		require.NoError(t, err)
		require.LessOrEqual(t, len(r.encode()), maxRecord)
		require.Equal(t, r.user.OpenID, got.user.OpenID)
		require.Equal(t, r.user.UnionID, got.user.UnionID)
		require.Equal(t, r.refreshToken, got.refreshToken)
		return got
	}
	got := big(func(r *record) { r.refreshToken = strings.Repeat("r", 410) })
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
		if _, err := decodeRecord(good[:i]); err == nil && i < len(good)-6 { // cutting the language off whole leaves a shorter record
			t.Errorf("accepted when cut at %d of %d", i, len(good))
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(typicalUser(1).encode())
	f.Add((&record{user: &core.User{OpenID: "o", Scope: "snsapi_base", LoginAt: time.Unix(1, 0)}}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := decodeRecord(data)
		if err == nil && !bytes.Equal(rec.write(), data) {
			t.Errorf("%x is another spelling of %x", data, rec.write())
		}
	})
}
