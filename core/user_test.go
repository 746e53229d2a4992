package core

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUserJSON(t *testing.T) {
	login := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		user User
		want string
	}{
		{
			"full",
			User{
				AppID: "wx1", OpenID: "o1", UnionID: "u1", Nickname: "张三 😀 \u2028", HeadImgURL: "https://thirdwx.qlogo.cn/mmopen/x/46",
				Country: "CN", Province: "广东", City: "深圳", Language: "zh_CN", Sex: 1, Privilege: []string{"chinaunicom"},
				Scope: "snsapi_userinfo", Snapshot: true, LoginAt: login, CheckedAt: login.Add(time.Hour), Via: "desk", MemberID: "m-1",
			},
			`{"appid":"wx1","openid":"o1","unionid":"u1","nickname":"张三 😀 \u2028","headimgurl":"https://thirdwx.qlogo.cn/mmopen/x/46","country":"CN","province":"广东","city":"深圳","language":"zh_CN","sex":1,"privilege":["chinaunicom"],"scope":"snsapi_userinfo","is_snapshotuser":true,"login_at":1772366400,"checked_at":1772370000,"via":"desk","member_id":"m-1"}`,
		},
		{
			"base",
			User{AppID: "wx1", OpenID: "o1", Scope: "snsapi_base"},
			`{"appid":"wx1","openid":"o1","unionid":"","nickname":"","headimgurl":"","country":"","province":"","city":"","language":"","sex":0,"scope":"snsapi_base","is_snapshotuser":false,"login_at":0,"checked_at":0,"member_id":""}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			byValue, err := json.Marshal(tt.user)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(byValue))
			byPointer, err := json.Marshal(&tt.user)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(byPointer))

			got := User{Nickname: "somebody else", LoginAt: login}
			require.NoError(t, json.Unmarshal(byValue, &got))
			require.True(t, got.LoginAt.Equal(tt.user.LoginAt) && got.CheckedAt.Equal(tt.user.CheckedAt))
			got.LoginAt, got.CheckedAt = tt.user.LoginAt, tt.user.CheckedAt
			require.Equal(t, tt.user, got)
		})
	}
}

func TestUserRefusesOtherJSON(t *testing.T) {
	u := User{OpenID: "o1"}
	if err := json.Unmarshal([]byte(`{"openid":1}`), &u); err == nil || u.OpenID != "o1" {
		t.Errorf("Unmarshal = %v, user %+v", err, u)
	}
}

func TestUserFrom(t *testing.T) {
	alice := &User{OpenID: "alice"}
	for _, tt := range []struct {
		name string
		ctx  func(context.Context) context.Context
		want *User
		ok   bool
	}{
		{"nobody", func(ctx context.Context) context.Context { return ctx }, nil, false},
		{"somebody", func(ctx context.Context) context.Context { return WithUser(ctx, alice) }, alice, true},
		{"nil is nobody", func(ctx context.Context) context.Context { return WithUser(ctx, nil) }, nil, false},
		{"the innermost counts", func(ctx context.Context) context.Context { return WithUser(WithUser(ctx, &User{}), alice) }, alice, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := UserFrom(tt.ctx(t.Context())); got != tt.want || ok != tt.ok {
				t.Errorf("UserFrom = %v, %v", got, ok)
			}
		})
	}
}

func FuzzUserJSON(f *testing.F) {
	f.Add("o1", "nick", "https://x/46", 1, true, int64(1772366400))
	f.Fuzz(func(t *testing.T, openID, nickname, head string, sex int, snapshot bool, at int64) {
		want := User{OpenID: openID, Nickname: nickname, HeadImgURL: head, Sex: sex, Snapshot: snapshot}
		if at != 0 {
			want.LoginAt = time.Unix(at, 0)
		}
		data, err := json.Marshal(want)
		require.NoError(t, err)
		var got User
		require.NoError(t, json.Unmarshal(data, &got))
		for _, text := range []*string{&want.OpenID, &want.Nickname, &want.HeadImgURL} {
			*text = string([]rune(*text)) // JSON holds UTF-8 only
		}
		require.Equal(t, want, got)
	})
}
