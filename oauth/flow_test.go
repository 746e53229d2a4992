package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

const revoked = `{"errcode":42007,"errmsg":"the user changed the password"}`

func TestAuthorizeUserInfo(t *testing.T) {
	known := oauth.FlowParams{OpenID: "OPENID", AccessToken: "AT", RefreshToken: "RT"}
	knownBase := oauth.FlowParams{OpenID: "OPENID", AccessToken: "AT", Scope: oauth.ScopeBase}
	for _, tt := range []struct {
		name    string
		p       oauth.FlowParams
		answers map[string][]string
		calls   string
		want    string // "user", "url" or "" for err
		err     error
	}{
		{"nothing known: the authorize URL", oauth.FlowParams{}, nil, "", "url", nil},
		{"a code", oauth.FlowParams{Code: "c"}, map[string][]string{exchangePath: {tokenAnswer}, userPath: {userAnswer}}, exchangePath + " " + userPath, "user", nil},
		{"a code goes before all else", oauth.FlowParams{Code: "c", OpenID: "OPENID", AccessToken: "AT", RefreshToken: "RT"}, map[string][]string{exchangePath: {tokenAnswer}, userPath: {userAnswer}}, exchangePath + " " + userPath, "user", nil},
		{"a bad code is the caller's to answer", oauth.FlowParams{Code: "c", RefreshToken: "RT"}, map[string][]string{exchangePath: {invalidCode}}, exchangePath, "", core.ErrInvalidCode},
		{"a base code has no profile", oauth.FlowParams{Code: "c", Scope: oauth.ScopeBase}, map[string][]string{exchangePath: {baseAnswer}}, exchangePath, "user", nil},
		{"a live token", known, map[string][]string{userPath: {userAnswer}}, userPath, "user", nil},
		{"a token without its openid is of no use", oauth.FlowParams{AccessToken: "AT", RefreshToken: "RT"}, map[string][]string{refreshPath: {refreshAnswer}, userPath: {userAnswer}}, refreshPath + " " + userPath, "user", nil},
		{"a dead token falls through to refresh", known, map[string][]string{userPath: {invalidToken, userAnswer}, refreshPath: {refreshAnswer}}, userPath + " " + refreshPath + " " + userPath, "user", nil},
		{"a dead refresh token falls through to the URL", known, map[string][]string{userPath: {invalidToken}, refreshPath: {invalidRefresh}}, userPath + " " + refreshPath, "url", nil},
		{"a changed password falls through to the URL", known, map[string][]string{userPath: {revoked}, refreshPath: {revoked}}, userPath + " " + refreshPath, "url", nil},
		{"WeChat away is an error, not a new login", known, map[string][]string{userPath: {"<html>"}}, userPath, "", &core.WireError{}},
		// A base login has no profile whose openid could be compared, so WeChat is asked.
		{"a base token that is the openid's", knownBase, map[string][]string{authPath: {okAnswer}}, authPath, "user", nil},
		{"a base token that is another user's", knownBase, map[string][]string{authPath: {invalidOpenID}}, authPath, "url", nil},
		{"a base token that is dead", knownBase, map[string][]string{authPath: {invalidToken}}, authPath, "url", nil},
		{"WeChat away when asked for a base token", knownBase, map[string][]string{authPath: {"<html>"}}, authPath, "", &core.WireError{}},
		{"WeChat away at the refresh", oauth.FlowParams{RefreshToken: "RT"}, map[string][]string{refreshPath: {"<html>"}}, refreshPath, "", &core.WireError{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newClient(t, tt.answers)
			url, user, err := c.AuthorizeUserInfo(t.Context(), tt.p)
			require.Equal(t, tt.calls, paths(s.asked))
			if (url != "") != (tt.want == "url") || (user != nil) != (tt.want == "user") || (err != nil) != (tt.want == "") {
				t.Fatalf("= %q, %v, %v", url, user, err)
			}
			if user != nil && user.OpenID != "OPENID" {
				t.Errorf("openid %q", user.OpenID)
			}
			checkErr(t, err, tt.err)
		})
	}
}

func TestInitAccessToken(t *testing.T) {
	known := oauth.FlowParams{OpenID: "OPENID", AccessToken: "AT", RefreshToken: "RT"}
	for _, tt := range []struct {
		name    string
		p       oauth.FlowParams
		answers map[string][]string
		calls   string
		want    string // the access token, or "url", or "" for err
		err     error
	}{
		{"nothing known", oauth.FlowParams{}, nil, "", "url", nil},
		{"a code", oauth.FlowParams{Code: "c"}, map[string][]string{exchangePath: {tokenAnswer}}, exchangePath, "AT", nil},
		{"a live token", known, map[string][]string{authPath: {okAnswer}}, authPath, "AT", nil},
		{"a dead token", known, map[string][]string{authPath: {invalidOpenID}, refreshPath: {refreshAnswer}}, authPath + " " + refreshPath, "AT2", nil},
		{"all dead", known, map[string][]string{authPath: {invalidToken}, refreshPath: {revoked}}, authPath + " " + refreshPath, "url", nil},
		{"WeChat away", known, map[string][]string{authPath: {""}}, authPath, "", &core.WireError{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newClient(t, tt.answers)
			url, token, err := c.InitAccessToken(t.Context(), tt.p)
			got := ""
			switch {
			case token != nil:
				got = token.AccessToken
			case url != "":
				got = "url"
			}
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.calls, paths(s.asked))
			checkErr(t, err, tt.err)
		})
	}
}

func checkErr(t *testing.T, err, want error) {
	t.Helper()
	_, wire := errors.AsType[*core.WireError](err)
	if _, wanted := want.(*core.WireError); wanted { //nolint:errorlint // the table's own value
		require.True(t, wire, err)
	} else if !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
}

func TestFlowParametersReachTheURL(t *testing.T) {
	c, _ := newClient(t, nil)
	url, _, err := c.InitAccessToken(t.Context(), oauth.FlowParams{RedirectURI: "https://b.example/", Scope: oauth.ScopeBase, State: "abc", ForcePopup: true, ForceSnapshot: true})
	for _, part := range []string{"redirect_uri=https%3A%2F%2Fb.example%2F&", "scope=snsapi_base&state=abc&forcePopup=true&forceSnapShot=true"} {
		if err != nil || !strings.Contains(url, part) {
			t.Errorf("%s lacks %s", url, part)
		}
	}
}

func TestOnToken(t *testing.T) {
	c, _ := newClient(t, map[string][]string{refreshPath: {refreshAnswer}, userPath: {userAnswer}})
	var stored *oauth.Token
	p := oauth.FlowParams{RefreshToken: "RT", OnToken: func(_ context.Context, token *oauth.Token) error {
		stored = token
		return nil
	}}
	if _, user, err := c.AuthorizeUserInfo(t.Context(), p); err != nil || user.Scope != "snsapi_userinfo" || stored == nil || stored.RefreshToken != "RT2" {
		t.Errorf("stored %v, user %v, err %v", stored, user, err)
	}
	full := errors.New("disk full")
	p.OnToken = func(context.Context, *oauth.Token) error { return full }
	if url, user, err := c.AuthorizeUserInfo(t.Context(), p); !errors.Is(err, full) || url != "" || user != nil {
		t.Errorf("= %q, %v, %v; want the error of OnToken alone", url, user, err)
	}
}
