package wxsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestARestartForgetsNothing(t *testing.T) {
	config := wxsim.Config{AutoAllow: true, Users: wxsim.MadeUpUsers(2), Apps: []wxsim.App{{Kind: wxsim.MiniProgram, AppID: "wxmini", Secret: "m"}}}
	before := wxsim.New(config)
	added := before.AddUser(wxsim.User{Nickname: "新"})
	before.Advance(time.Hour)
	access, refresh, openID := tokens(t, before, "snsapi_userinfo")
	app := accountToken(t, before)
	key := startSession(t, before)
	code := logIn(t, before, "snsapi_base")
	used := logIn(t, before, "snsapi_base")
	call(t, before, exchangeURL(before, used))
	ticket := post(t, before, "/cgi-bin/qrcode/create?access_token="+app, `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"desk"}}}`)["ticket"].(string)
	_, err := before.Scan(openID, ticket)
	require.NoError(t, err)
	sign := call(t, before, "/cgi-bin/ticket/getticket"+query("access_token", app, "type", "jsapi"))["ticket"]
	before.RevokeUser(added.OpenID)
	saved, err := before.Save()
	require.NoError(t, err)

	after := wxsim.New(config)
	require.NoError(t, after.Restore(saved))
	if after.AppID() != before.AppID() || after.Secret() != before.Secret() || after.WebsiteAppID() != before.WebsiteAppID() || after.MiniAppID() != "wxmini" || len(after.Apps()) != 3 {
		t.Errorf("apps %+v; want %+v", after.Apps(), before.Apps())
	}
	require.Len(t, after.Users(), 3)
	require.Equal(t, added.OpenID, after.Users()[2].OpenID)
	if ahead := time.Until(after.Now()); ahead < 59*time.Minute || ahead > 61*time.Minute {
		t.Errorf("the clock is %v ahead; want an hour", ahead)
	}
	wantCode(t, call(t, after, userInfoURL(access, openID)), 0)
	wantCode(t, call(t, after, refreshURL(after, refresh)), 0)
	wantCode(t, call(t, after, exchangeURL(after, code)), 0)
	wantCode(t, call(t, after, exchangeURL(after, used)), 40163)
	info := call(t, after, "/cgi-bin/user/info"+query("access_token", app, "openid", openID))
	wantFields(t, info, "qr_scene_str", "desk", "subscribe_scene", "ADD_SCENE_QR_CODE")
	if again := call(t, after, "/cgi-bin/ticket/getticket"+query("access_token", app, "type", "jsapi"))["ticket"]; again != sign {
		t.Errorf("JS-SDK ticket %v; want the one before", again)
	}
	wantCode(t, call(t, after, "/wxa/checksession"+query("access_token", miniToken(t, after), "openid", miniOpenID(after), "signature", signature(key), "sig_method", "hmac_sha256")), 0)

	again, err := after.Save()
	require.NoError(t, err)
	require.Contains(t, string(again), openID)
	for _, bad := range []string{"", "{}", `{"version":2}`, `{"version":1,"apps":[{}]}`} {
		require.Error(t, wxsim.New(config).Restore([]byte(bad)), bad)
	}
}

// What the configuration names is as the configuration says.
func TestTheConfigurationWins(t *testing.T) {
	config := wxsim.Config{AppID: "wxa", Secret: "old", Users: []wxsim.User{{OpenID: "oA", Nickname: "old"}}}
	before := wxsim.New(config)
	saved, err := before.Save()
	require.NoError(t, err)
	config.Secret, config.Users = "new", []wxsim.User{{OpenID: "oA", Nickname: "new"}}
	after := wxsim.New(config)
	require.NoError(t, after.Restore(saved))
	if after.Secret() != "new" || len(after.Users()) != 1 || after.Users()[0].Nickname != "new" || after.MiniAppID() != before.MiniAppID() {
		t.Errorf("secret %s, users %+v", after.Secret(), after.Users())
	}
}

func TestRestartGoesBackToTheStart(t *testing.T) {
	sim := started(t, wxsim.Config{Users: wxsim.MadeUpUsers(2)})
	apps, users := sim.Apps(), sim.Users()
	code := sim.NewCode(sim.AppID(), users[0].OpenID, "snsapi_base")
	sim.AddUser(wxsim.User{Nickname: "新"})
	_, err := sim.Follow("", users[0].OpenID)
	require.NoError(t, err)
	require.NoError(t, sim.Switch("auto", true))
	sim.Advance(time.Hour)
	sim.Fail(wxsim.AnyPath, wxsim.Code(45009))
	call(t, sim, "/sns/auth")
	api(t, sim, http.MethodPost, "reset", `{"everything":true}`, http.StatusNoContent, nil)
	require.Equal(t, apps, sim.Apps())
	require.Equal(t, users, sim.Users())
	if ahead := time.Until(sim.Now()); ahead > time.Minute || sim.Calls("/sns/auth") != 0 {
		t.Errorf("the clock is %v ahead", ahead)
	}
	wantCode(t, call(t, sim, exchangeURL(sim, code)), 40029)
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_userinfo")), http.StatusOK)
}
