package main

import (
	"errors"
	"net/url"
	"strings"

	"github.com/markbates/goth"
	"github.com/markbates/goth/providers/wechat"
)

// runGoth logs in by QR code, which is all that goth does. Its RefreshToken does nothing.
func runGoth() {
	c := named("goth", "github.com/markbates/goth")
	website := app("WECHAT_WEBSITE")
	provider := wechat.New(website.id, website.secret, callback, wechat.WECHAT_LANG_CN)
	var session goth.Session
	c.step("login", func() (err error) {
		// The state that gothic makes: base64url of 64 bytes, with padding.
		state := strings.Repeat("Ab-_", 21) + "Zg=="
		if session, err = provider.BeginAuth(state); err != nil {
			return err
		}
		page, err := session.GetAuthURL()
		if err != nil {
			return err
		}
		query, err := visit(page, state)
		if err != nil {
			return err
		}
		_, err = session.Authorize(provider, url.Values{"code": {query.Get("code")}})
		return err
	})
	c.step("userinfo", func() error {
		user, err := provider.FetchUser(session)
		if err != nil {
			return err
		}
		return errors.Join(want("nickname", user.NickName, "小明"),
			want("a userid", user.UserID != "", true))
	})
}
