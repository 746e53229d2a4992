package push_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

func TestAuthorizationChange(t *testing.T) {
	const event = "user_authorization_revoke"
	want := push.AuthorizationChange{
		Event: event, ToUserName: "gh_x", FromUserName: "oUser",
		OpenID: "oaKk343", AppID: "wx13974bf780d3dc89", RevokeInfo: "301",
	}
	changed := func(change func(*push.AuthorizationChange)) push.AuthorizationChange {
		c := want
		change(&c)
		return c
	}
	plugin := func(c *push.AuthorizationChange) { c.OpenID, c.PluginID, c.OpenPID = "", "wxPlugin", "pX" }
	for _, tt := range []struct {
		name    string
		message func(name, more string) string
		more    string
		want    push.AuthorizationChange
	}{
		{"JSON", eventJSON, `,"OpenID":"oaKk343","AppID":"wx13974bf780d3dc89","RevokeInfo":"301"`, want},
		{"small letters", eventJSON, `,"openid":"oaKk343","appid":"wx13974bf780d3dc89","RevokeInfo":"301"`, want},
		{"a number", eventJSON, `,"OpenID":"oaKk343","AppID":"wx13974bf780d3dc89","RevokeInfo":301`, want},
		{"several values in one", eventJSON, `,"OpenID":"oaKk343","AppID":"wx13974bf780d3dc89","RevokeInfo":"201,202"`, changed(func(c *push.AuthorizationChange) { c.RevokeInfo = "201,202" })},
		{"several values in a list", eventJSON, `,"OpenID":"oaKk343","AppID":"wx13974bf780d3dc89","RevokeInfo":[6,"8"]`, changed(func(c *push.AuthorizationChange) { c.RevokeInfo = "6,8" })},
		{"no RevokeInfo, but a UnionID", eventJSON, `,"OpenID":"oaKk343","AppID":"wx13974bf780d3dc89","UnionID":"u1"`, changed(func(c *push.AuthorizationChange) { c.RevokeInfo, c.UnionID = "", "u1" })},
		{"a plugin", eventJSON, `,"AppID":"wx13974bf780d3dc89","RevokeInfo":"301","PluginID":"wxPlugin","OpenPID":"pX"`, changed(plugin)},
		{"XML", eventXML, `<OpenID><![CDATA[oaKk343]]></OpenID><AppID><![CDATA[wx13974bf780d3dc89]]></AppID><RevokeInfo><![CDATA[301]]></RevokeInfo>`, want},
		{"XML in small letters", eventXML, `<openid>oaKk343</openid><appid>wx13974bf780d3dc89</appid><RevokeInfo>301</RevokeInfo>`, want},
		{"a plugin in XML", eventXML, `<AppID>wx13974bf780d3dc89</AppID><RevokeInfo>301</RevokeInfo><PluginID>wxPlugin</PluginID><OpenPID>pX</OpenPID>`, changed(plugin)},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			var got *push.AuthorizationChange
			cfg := config()
			cfg.OnAuthorizationRevoke = func(_ context.Context, c *push.AuthorizationChange) error {
				got = c
				return nil
			}
			checkAnswer(t, serve(newHandler(t, cfg), account.safe(tt.message(event, tt.more))), http.StatusOK)
			require.NotNil(t, got)
			tt.want.CreateTime = time.Now().Truncate(time.Second)
			require.True(t, tt.want.CreateTime.Equal(got.CreateTime))
			got.CreateTime = tt.want.CreateTime
			require.Equal(t, tt.want, *got)
		})
	}
}
