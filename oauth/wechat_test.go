package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// wechat plays WeChat's API host: it answers each path with the next of its bodies, the last one
// for ever, and keeps what it was asked.
type wechat struct {
	answers map[string][]string
	asked   []string // path?query
}

func (s *wechat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.URL.RequestURI())
	bodies := s.answers[r.URL.Path]
	if len(bodies) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	webtest.Text(bodies[0])(w, r)
	if len(bodies) > 1 {
		s.answers[r.URL.Path] = bodies[1:]
	}
}

func newClient(t *testing.T, answers map[string][]string) (*oauth.Client, *wechat) {
	t.Helper()
	s := &wechat{answers: answers}
	c, err := oauth.NewClient(oauth.ClientConfig{
		AppID: "wxAPPID", Secret: "SECRET", RedirectURI: "https://shop.example.com/cb?a=1 2",
		HTTPClient: webtest.InMemory(s),
	})
	require.NoError(t, err)
	return c, s
}

// What WeChat documents.
const (
	tokenAnswer    = `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"OPENID","scope":"snsapi_userinfo","is_snapshotuser":1,"unionid":"UNIONID"}`
	baseAnswer     = `{"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"OPENID","scope":"snsapi_base"}`
	refreshAnswer  = `{"access_token":"AT2","expires_in":7200,"refresh_token":"RT2","openid":"OPENID","scope":"snsapi_userinfo"}`
	userAnswer     = `{"openid":"OPENID","nickname":"NICKNAME","sex":1,"province":"PROVINCE","city":"CITY","country":"COUNTRY","headimgurl":"https://thirdwx.qlogo.cn/mmopen/x/46","privilege":["PRIVILEGE1"],"unionid":"UNIONID"}`
	invalidCode    = `{"errcode":40029,"errmsg":"invalid code, rid: 652d44d0-1d0af18b-5b069232"}`
	invalidToken   = `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}`
	invalidRefresh = `{"errcode":40030,"errmsg":"invalid refresh_token"}`
	okAnswer       = `{"errcode":0,"errmsg":"ok"}`
	invalidOpenID  = `{"errcode":40003,"errmsg":"invalid openid"}`
)

const (
	exchangePath = "/sns/oauth2/access_token"
	refreshPath  = "/sns/oauth2/refresh_token"
	userPath     = "/sns/userinfo"
	authPath     = "/sns/auth"
)

func paths(asked []string) string {
	short := make([]string, len(asked))
	for i, uri := range asked {
		short[i], _, _ = strings.Cut(uri, "?")
	}
	return strings.Join(short, " ")
}
