package push

import (
	"strings"
	"time"
)

// An AuthorizationChange says that a user withdrew consent to what the account knows, or closed
// the WeChat account, or that WeChat removed a nickname or an avatar that breaks its rules. WeChat
// sends it for users who gave their consent within the last 30 days.
type AuthorizationChange struct {
	// User_authorization_revoke, user_authorization_cancellation or user_info_modified.
	Event        string
	ToUserName   string // the account's own name, gh_…
	FromUserName string // the platform, not the user concerned
	CreateTime   time.Time
	AppID        string
	OpenID       string // the user concerned
	UnionID      string // may be ""
	PluginID     string // set with OpenPID if a mini-program plugin is concerned
	OpenPID      string
	// RevokeInfo says what was withdrawn, several values joined as WeChat sends them. Mini program:
	// 1 plate number, 2 address, 3 invoice, 4 bluetooth, 5 microphone, 6 nickname and avatar,
	// 7 camera, 8 phone number, 12 steps, 13 location, 14 photos and videos, 15 files, 16 e-mail,
	// 18 place, 19 nickname input, 20 avatar picker. Official account: 201 address, 202 invoice,
	// 203 card coupons, 205 nickname and avatar. Website and app: 301 everything.
	RevokeInfo string
}

func newAuthorizationChange(m *Message) (*AuthorizationChange, error) {
	f := m.Fields
	c := &AuthorizationChange{
		Event: m.Event, ToUserName: m.ToUserName, FromUserName: m.FromUserName,
		CreateTime: m.CreateTime, AppID: f.first("AppID", "appid"),
		OpenID: f.first("OpenID", "openid"), UnionID: f.first("UnionID", "unionid"),
		PluginID: f.first("PluginID", "pluginid"), OpenPID: f.first("OpenPID", "openpid"),
	}
	var revoked []string
	for _, field := range f["RevokeInfo"] {
		revoked = append(revoked, field.Text)
	}
	c.RevokeInfo = strings.Join(revoked, ",")
	if c.OpenID == "" && c.UnionID == "" && c.OpenPID == "" {
		// A callback that deletes the data of this user would look for an empty openid.
		return nil, malformed("an authorization change of nobody")
	}
	return c, nil
}
