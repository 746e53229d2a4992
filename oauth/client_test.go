package oauth_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

func TestAuthorizeURLKeepsWeChatsOrder(t *testing.T) {
	c, _ := newClient(t, nil)
	for _, tt := range []struct {
		name string
		p    oauth.AuthorizeParams
		want string
	}{
		{
			"the defaults",
			oauth.AuthorizeParams{},
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxAPPID&redirect_uri=https%3A%2F%2Fshop.example.com%2Fcb%3Fa%3D1%202&response_type=code&scope=snsapi_userinfo&state=0&connect_redirect=1#wechat_redirect",
		},
		{
			"everything",
			oauth.AuthorizeParams{RedirectURI: "https://a.example/?x=1&y=+", Scope: oauth.ScopeBase, State: "s1", ForcePopup: true, ForceSnapshot: true},
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxAPPID&redirect_uri=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%2B&response_type=code&scope=snsapi_base&state=s1&forcePopup=true&forceSnapShot=true&connect_redirect=1#wechat_redirect",
		},
		{
			"the QR page of a website app",
			oauth.AuthorizeParams{RedirectURI: "https://a.example/", Scope: oauth.ScopeLogin, State: "s1"},
			"https://open.weixin.qq.com/connect/qrconnect?appid=wxAPPID&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code&scope=snsapi_login&state=s1#wechat_redirect",
		},
	} {
		require.Equal(t, tt.want, c.AuthorizeURL(tt.p), tt.name)
	}
}

func TestAuthorizeURLWithoutConnectRedirect(t *testing.T) {
	c, err := oauth.NewClient(oauth.ClientConfig{AppID: "wx0123456789abcdef", Secret: "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0", RedirectURI: "https://a.example/", NoConnectRedirect: true})
	require.NoError(t, err)
	require.Equal(t, "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789abcdef&redirect_uri=https%3A%2F%2Fa.example%2F&response_type=code&scope=snsapi_userinfo&state=s1#wechat_redirect",
		c.AuthorizeURL(oauth.AuthorizeParams{State: "s1"}))
}

// Only WeChat's own browser can log in at the real WeChat.
func TestAnyBrowserTowardsWeChatIsAWarning(t *testing.T) {
	for _, tt := range []struct {
		name string
		any  bool
		open string
		warn bool
	}{
		{"not set", false, "", false},
		{"towards WeChat", true, "", true},
		{"towards WeChat by its name", true, "https://open.weixin.qq.com/", true},
		{"towards a simulator", true, "http://127.0.0.1:8081", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			_, err := oauth.New(oauth.Config{
				AppID: "wx0123456789abcdef", Secret: "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0", PublicURL: "https://shop.example.com", Keys: [][]byte{[]byte(strings.Repeat("k", 32))},
				AnyBrowser: tt.any, OpenURL: tt.open, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
			require.NoError(t, err)
			require.Equal(t, tt.warn, strings.Contains(log.String(), "AnyBrowser"))
		})
	}
}

func TestExchange(t *testing.T) {
	c, s := newClient(t, map[string][]string{exchangePath: {tokenAnswer}})
	got, err := c.Exchange(t.Context(), "a&b=c")
	require.NoError(t, err)
	require.Equal(t, "/sns/oauth2/access_token?appid=wxAPPID&code=a%26b%3Dc&grant_type=authorization_code&secret=SECRET", s.asked[0])
	require.WithinDuration(t, time.Now().Add(2*time.Hour), got.Expiry, time.Minute)
	got.Expiry = time.Time{}
	require.Equal(t, &oauth.Token{AccessToken: "AT", RefreshToken: "RT", OpenID: "OPENID", UnionID: "UNIONID", Scope: oauth.ScopeUserInfo, Snapshot: true}, got)
}

func TestScopeOfAnAnswer(t *testing.T) {
	for scope, want := range map[string]oauth.Scope{
		`"scope":"snsapi_base"`:                       oauth.ScopeBase,
		`"scope":"snsapi_base,snsapi_userinfo"`:       oauth.ScopeUserInfo,
		`"scope":" snsapi_userinfo , snsapi_base"`:    oauth.ScopeUserInfo,
		`"scope":"snsapi_login"`:                      oauth.ScopeLogin,
		`"scope":"snsapi_unheard_of"`:                 oauth.ScopeBase,
		`"scope":""`:                                  "",
		`"x":1`:                                       "",
		`"scope":"snsapi_base","scope":"snsapi_base"`: oauth.ScopeBase,
	} {
		c, _ := newClient(t, map[string][]string{exchangePath: {`{"access_token":"AT","expires_in":"7200","refresh_token":"RT","openid":"OPENID",` + scope + `}`}})
		got, err := c.Exchange(t.Context(), "code")
		if err != nil || got.Scope != want {
			t.Errorf("%s: %q, %v; want %q", scope, got.Scope, err, want)
		}
	}
}

func TestBadTokenAnswers(t *testing.T) {
	long := strings.Repeat("x", 513)
	for _, tt := range []struct {
		name, answer string
		err          error
	}{
		{"invalid code", invalidCode, core.ErrInvalidCode},
		{"code used", `{"errcode":"40163","errmsg":"code been used"}`, core.ErrCodeUsed},
		{"no openid", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT"}`, oauth.ErrIdentity},
		{"empty openid", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":""}`, oauth.ErrIdentity},
		{"openid with a space", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"a b"}`, oauth.ErrIdentity},
		{"openid of 65 bytes", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"` + long[:65] + `"}`, oauth.ErrIdentity},
		{"unionid with a newline", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"o","unionid":"a\n"}`, oauth.ErrIdentity},
		{"no access token", `{"expires_in":7200,"refresh_token":"RT","openid":"o"}`, nil},
		{"no refresh token", `{"access_token":"AT","expires_in":7200,"openid":"o"}`, nil},
		{"a token of 513 bytes", `{"access_token":"` + long + `","expires_in":7200,"refresh_token":"RT","openid":"o"}`, nil},
		{"expires_in 0", `{"access_token":"AT","expires_in":0,"refresh_token":"RT","openid":"o"}`, nil},
		{"expires_in negative", `{"access_token":"AT","expires_in":-1,"refresh_token":"RT","openid":"o"}`, nil},
		{"expires_in of 31 days", `{"access_token":"AT","expires_in":2678400,"refresh_token":"RT","openid":"o"}`, nil},
		{"openid a number", `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":1}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := newClient(t, map[string][]string{exchangePath: {tt.answer}})
			got, err := c.Exchange(t.Context(), "code")
			var wire *core.WireError
			if got != nil || (tt.err != nil && !errors.Is(err, tt.err)) || (tt.err == nil && !errors.As(err, &wire)) {
				t.Errorf("Exchange = %v, %v", got, err)
			}
		})
	}
}

func TestRefreshSendsNoSecret(t *testing.T) {
	c, s := newClient(t, map[string][]string{refreshPath: {refreshAnswer}})
	got, err := c.Refresh(t.Context(), "R T")
	require.NoError(t, err)
	require.Equal(t, "/sns/oauth2/refresh_token?appid=wxAPPID&grant_type=refresh_token&refresh_token=R+T", s.asked[0])
	require.Equal(t, "RT2", got.RefreshToken)
}

func TestUserInfo(t *testing.T) {
	c, s := newClient(t, map[string][]string{userPath: {userAnswer}})
	got, err := c.UserInfo(t.Context(), "AT", "OPENID", "")
	require.NoError(t, err)
	require.Equal(t, "/sns/userinfo?access_token=AT&lang=zh_CN&openid=OPENID", s.asked[0])
	require.Equal(t, &core.User{
		AppID: "wxAPPID", OpenID: "OPENID", UnionID: "UNIONID", Nickname: "NICKNAME", Sex: 1, Province: "PROVINCE", City: "CITY",
		Country: "COUNTRY", HeadImgURL: "https://thirdwx.qlogo.cn/mmopen/x/46", Privilege: []string{"PRIVILEGE1"},
	}, got)
}

func TestUserInfoToleratesWhatWeChatSends(t *testing.T) {
	c, _ := newClient(t, map[string][]string{userPath: {"\xef\xbb\xbf" + `{"openid":"OPENID","nickname":"a` + "\x01" + `b\u001bc\n\u0085d","city":"\u0000","sex":"2","privilege":["\n"]}`}})
	got, err := c.UserInfo(t.Context(), "AT", "OPENID", "en")
	require.NoError(t, err)
	require.Equal(t, "a b c  d", got.Nickname)
	require.Equal(t, " ", got.City)
	require.Equal(t, []string{" "}, got.Privilege)
	require.Equal(t, 2, got.Sex)
}

func TestUserInfoOfAnotherUserIsRefused(t *testing.T) {
	c, _ := newClient(t, map[string][]string{userPath: {userAnswer}})
	for _, openID := range []string{"SOMEBODY", "", "openid"} {
		if got, err := c.UserInfo(t.Context(), "AT", openID, ""); !errors.Is(err, oauth.ErrIdentity) {
			t.Errorf("UserInfo(%q) = %v, %v", openID, got, err)
		}
	}
}

func TestValidate(t *testing.T) {
	c, s := newClient(t, map[string][]string{authPath: {okAnswer, invalidOpenID}})
	require.NoError(t, c.Validate(t.Context(), "AT", "OPENID"))
	require.Equal(t, "/sns/auth?access_token=AT&openid=OPENID", s.asked[0])
	require.ErrorIs(t, c.Validate(t.Context(), "AT", "OPENID"), core.ErrInvalidOpenID)
}

func TestNewClientNamesEveryFault(t *testing.T) {
	_, err := oauth.NewClient(oauth.ClientConfig{APIURL: "ftp://x", OpenURL: "https://user:hunter2@x"})
	for _, field := range []string{"AppID", "Secret", "APIURL", "OpenURL"} {
		require.ErrorContains(t, err, field)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPrintedValuesShowNoSecret(t *testing.T) {
	c, _ := newClient(t, nil)
	token := oauth.Token{AccessToken: "canary1", RefreshToken: "canary2", OpenID: "OPENID"}
	params := oauth.FlowParams{AccessToken: "canary3", RefreshToken: "canary4", Code: "canary5", State: "canary6"}
	cfg := oauth.Config{AppID: "wxAPPID", Secret: "canary7", Keys: [][]byte{[]byte("canary8")}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{token, &token, params, &params, cfg, &cfg, c, *c, oauth.AuthorizeParams{State: "canary9"}, oauth.Website{Secret: "canary10"}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") || strings.Contains(text, "SECRET") || strings.Contains(text, "99 97 110") {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
	}
}
