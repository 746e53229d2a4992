package core

import (
	"context"
	"encoding/json"
	"time"
)

// A User is a signed-in user, identified by AppID and OpenID together, and what WeChat says about
// them. Requests may share one, so it must not be changed.
//
// It marshals with WeChat's own JSON names and contains no token.
type User struct {
	AppID    string // the account that OpenID belongs to
	OpenID   string // the user's id at that account
	UnionID  string // the same in all apps of one open-platform account; often empty
	Nickname string // empty for snsapi_base; not unique, and the user may change it
	// The URL of the avatar. The last number of its path is the size in pixels (0 means 640). It
	// is empty for snsapi_base and for users without an avatar, and stops working when the user
	// changes the avatar.
	HeadImgURL string
	Country    string // since October 2021 WeChat leaves place and sex empty
	Province   string
	City       string
	Language   string   // of the user's WeChat, such as zh_CN
	Sex        int      // 1 male, 2 female, 0 unknown
	Privilege  []string // special rights by WeChat's names; usually nil
	// What the user has granted: snsapi_base, snsapi_userinfo or snsapi_login; empty for mini
	// programs.
	Scope     string
	Snapshot  bool      // a virtual user of WeChat's snapshot page
	LoginAt   time.Time // when the session began
	CheckedAt time.Time // when WeChat confirmed last who this is: at the login or at a later check
	// How the session was made: "" by a login of this browser, "desk" by a phone for a desktop,
	// "handover" by a mini program for its web-view.
	Via string
	// Your own id of this user, which OnLogin may set, at most 64 bytes.
	MemberID string
}

type userJSON struct {
	AppID      string   `json:"appid"`
	OpenID     string   `json:"openid"`
	UnionID    string   `json:"unionid"`
	Nickname   string   `json:"nickname"`
	HeadImgURL string   `json:"headimgurl"`
	Country    string   `json:"country"`
	Province   string   `json:"province"`
	City       string   `json:"city"`
	Language   string   `json:"language"`
	Sex        int      `json:"sex"`
	Privilege  []string `json:"privilege,omitempty"`
	Scope      string   `json:"scope"`
	Snapshot   bool     `json:"is_snapshotuser"`
	LoginAt    int64    `json:"login_at"`
	CheckedAt  int64    `json:"checked_at"`
	Via        string   `json:"via,omitempty"`
	MemberID   string   `json:"member_id"`
}

// MarshalJSON writes WeChat's names, and login_at and checked_at in unix seconds, where 0 means
// never.
func (u User) MarshalJSON() ([]byte, error) {
	return json.Marshal(userJSON{
		u.AppID, u.OpenID, u.UnionID, u.Nickname, u.HeadImgURL, u.Country, u.Province, u.City,
		u.Language, u.Sex, u.Privilege, u.Scope, u.Snapshot, unixSeconds(u.LoginAt),
		unixSeconds(u.CheckedAt), u.Via, u.MemberID,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (u *User) UnmarshalJSON(data []byte) error {
	var j userJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*u = User{
		j.AppID, j.OpenID, j.UnionID, j.Nickname, j.HeadImgURL, j.Country, j.Province, j.City,
		j.Language, j.Sex, j.Privilege, j.Scope, j.Snapshot, timeOf(j.LoginAt), timeOf(j.CheckedAt),
		j.Via, j.MemberID,
	}
	return nil
}

func unixSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func timeOf(unixSeconds int64) time.Time {
	if unixSeconds == 0 {
		return time.Time{}
	}
	return time.Unix(unixSeconds, 0)
}

// UserKey is the context key of the signed-in user, a *User. It is exported for implementations of
// context.Context that return the user themselves. Everybody else calls [WithUser] and [UserFrom].
type UserKey struct{}

// WithUser returns a context with the signed-in user, for [UserFrom]. A nil u means that nobody is
// signed in.
func WithUser(ctx context.Context, u *User) context.Context {
	return context.WithValue(ctx, UserKey{}, u)
}

// UserFrom returns the signed-in user of the context, or nil and false if nobody is signed in. On
// gin pass c.Request.Context(): a *gin.Context does not look into that unless ContextWithFallback
// is set.
func UserFrom(ctx context.Context) (*User, bool) {
	u, ok := ctx.Value(UserKey{}).(*User)
	return u, ok && u != nil
}
