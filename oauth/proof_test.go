package oauth_test

import (
	"testing"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

// A base login has no profile whose openid could be compared, so WeChat is asked.
func TestABaseOpenIDIsNotTakenAtItsWord(t *testing.T) {
	known := oauth.FlowParams{OpenID: "OPENID", AccessToken: "AT", Scope: oauth.ScopeBase}
	for _, tt := range []struct {
		name   string
		answer string
		want   string // "user", "url" or "" for err
		err    error
	}{
		{"the token is the openid's", okAnswer, "user", nil},
		{"the token is another user's", invalidOpenID, "url", nil},
		{"the token is dead", invalidToken, "url", nil},
		{"WeChat is away", "<html>", "", &core.WireError{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newClient(t, map[string][]string{authPath: {tt.answer}})
			url, user, err := c.AuthorizeUserInfo(t.Context(), known)
			if (url != "") != (tt.want == "url") || (user != nil) != (tt.want == "user") {
				t.Errorf("= %q, %v, %v; want %s", url, user, err, tt.want)
			}
			if got := paths(s.asked); got != authPath {
				t.Errorf("calls: %s", got)
			}
			checkErr(t, err, tt.err)
		})
	}
}
