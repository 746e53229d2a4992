package mpauth_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
)

func TestCloudHeaders(t *testing.T) {
	const owner = "wx0000000000000000"
	me := &mpauth.Session{AppID: appID, OpenID: openID, UnionID: unionID}
	own := http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {appID}, "X-Wx-Openid": {openID}, "X-Wx-Unionid": {unionID}}
	shared := http.Header{
		"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {owner}, "X-Wx-Openid": {"oOwner"}, "X-Wx-Unionid": {"uOwner"},
		"X-Wx-From-Appid": {appID}, "X-Wx-From-Openid": {openID}, "X-Wx-From-Unionid": {unionID},
	}
	set := func(h http.Header, name string, values ...string) http.Header {
		h = h.Clone()
		h[name] = values
		return h
	}
	without := func(h http.Header, name string) http.Header {
		h = h.Clone()
		delete(h, name)
		return h
	}
	for _, tt := range []struct {
		name    string
		headers http.Header
		want    *mpauth.Session
	}{
		{"of this mini program", own, me},
		{"without unionid", without(own, "X-Wx-Unionid"), &mpauth.Session{AppID: appID, OpenID: openID}},
		{"in a shared environment", shared, me},
		{"in a shared environment, without unionid", without(shared, "X-Wx-From-Unionid"), &mpauth.Session{AppID: appID, OpenID: openID}},
		{"with an odd unionid", set(own, "X-Wx-Unionid", "<script>"), &mpauth.Session{AppID: appID, OpenID: openID}},
		{"from the internet", without(own, "X-Wx-Source"), nil},
		{"with an empty source", set(own, "X-Wx-Source", ""), nil},
		{"of another mini program", set(own, "X-Wx-Appid", owner), nil},
		{"without appid", without(own, "X-Wx-Appid"), nil},
		{"without openid", without(own, "X-Wx-Openid"), nil},
		{"with an odd openid", set(own, "X-Wx-Openid", "o 1"), nil},
		{"with two openids", set(own, "X-Wx-Openid", openID, "oEvil"), nil},
		{"with two appids", set(own, "X-Wx-Appid", appID, owner), nil},
		{"with two sources", set(own, "X-Wx-Source", "wx_client", "wx_client"), nil},
		{"shared with another mini program", set(shared, "X-Wx-From-Appid", owner), nil},
		{"shared, without openid", without(shared, "X-Wx-From-Openid"), nil},
		{"shared, without appid", without(shared, "X-Wx-From-Appid"), nil},
		{"shared by us with another", http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {appID}, "X-Wx-Openid": {openID}, "X-Wx-From-Appid": {owner}, "X-Wx-From-Openid": {"oOther"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, trust := range []bool{true, false} {
				a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.TrustCloudHeaders = trust })
				r := visit(t, "")
				r.Header = tt.headers.Clone()
				s, w := admit(t, a, r)
				if !trust || tt.want == nil {
					require.Nil(t, s, trust)
					wantError(t, w, http.StatusUnauthorized, "login_required")
					continue
				}
				require.Equal(t, tt.want, s)
			}
		})
	}
}

func TestCloudUser(t *testing.T) {
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.TrustCloudHeaders = true })
	r := visit(t, "")
	r.Header = http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {appID}, "X-Wx-Openid": {openID}}
	passed, ok := a.Admit(httptest.NewRecorder(), r)
	require.True(t, ok)
	user, _ := core.UserFrom(passed.Context())
	require.Equal(t, &core.User{AppID: appID, OpenID: openID}, user)

	session, _ := mpauth.SessionFrom(passed.Context())
	_, err := mpauth.Decrypt[mpauth.UserData](session.SessionKey, appID, officialData, officialIV)
	require.ErrorIs(t, err, mpauth.ErrSessionKey, "without a login there is no key")
}

// A request with a token is judged by the token: the headers cannot help a bad one.
func TestATokenCountsBeforeCloudHeaders(t *testing.T) {
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.TrustCloudHeaders = true })
	cloud := http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {appID}, "X-Wx-Openid": {"oCloud"}}
	for token, want := range map[string]string{login(t, a): openID, "": "oCloud", "garbage": ""} {
		r := visit(t, token)
		maps.Copy(r.Header, cloud)
		s, _ := admit(t, a, r)
		if (s == nil) != (want == "") || (s != nil && s.OpenID != want) {
			t.Errorf("with token %.10q: %+v, want %q", token, s, want)
		}
	}
}
