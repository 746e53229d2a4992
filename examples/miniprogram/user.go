package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/push"
)

// onLogin makes the user of a first login, or finds the one there is.
func (b *backend) onLogin(_ context.Context, _ *http.Request, s *mpauth.Session) error {
	b.memory.signIn(s.OpenID)
	return nil
}

// me is GET /mini/me: all that is known about the user.
func (b *backend) me(_ *http.Request, s *mpauth.Session) (any, error) {
	return b.memory.user(s.OpenID)
}

// phone is POST /mini/phone {"code"}, with the code of a getPhoneNumber button. That is not the
// code of wx.login.
func (b *backend) phone(r *http.Request, s *mpauth.Session) (any, error) {
	ask, err := readJSON[struct{ Code string }](r)
	if err != nil {
		return nil, err
	}
	phone, err := b.users.PhoneNumber(r.Context(), ask.Code)
	if err != nil {
		return nil, err
	}
	return b.memory.change(s.OpenID, func(u *user) { u.Phone = phone.PhoneNumber })
}

// nickname is POST /mini/nickname {"nickname"}, of an input of type nickname. The phone checks what
// was typed there; a client that is not ours does not.
func (b *backend) nickname(r *http.Request, s *mpauth.Session) (any, error) {
	ask, err := readJSON[struct{ Nickname string }](r)
	if err != nil {
		return nil, err
	}
	verdict, err := b.checks.MsgSecCheck(r.Context(), mpapi.MsgSecCheckRequest{
		OpenID: s.OpenID, Scene: sceneProfile, Content: ask.Nickname,
	})
	if err != nil {
		return nil, err
	}
	if verdict.Result.Suggest != mpapi.SuggestPass {
		return nil, fmt.Errorf("%w: this nickname is not to be shown", errRequest)
	}
	return b.memory.change(s.OpenID, func(u *user) { u.Nickname = ask.Nickname })
}

// avatar is POST /mini/avatar, a form with the file "file" as wx.uploadFile sends it: the picture
// that the user chose at a chooseAvatar button.
func (b *backend) avatar(r *http.Request, s *mpauth.Session) (any, error) {
	up, err := readPicture(r)
	if err != nil {
		return nil, err
	}
	id := b.memory.keepPicture(s.OpenID, up.kind, up.data)
	return b.memory.change(s.OpenID, func(u *user) { u.AvatarURL = b.pictureURL(id) })
}

// decrypt is POST /mini/decrypt {"encryptedData","iv"}, as wx.getUserInfo gives them. Since 2022 it
// gives everybody the name 微信用户 and a grey avatar: see nickname and avatar. Who the user is says
// the session alone: what the client sends could be altered.
func (b *backend) decrypt(r *http.Request, s *mpauth.Session) (any, error) {
	ask, err := readJSON[struct{ EncryptedData, IV string }](r)
	if err != nil {
		return nil, err
	}
	data, err := mpauth.Decrypt[mpauth.UserData](s.SessionKey, s.AppID, ask.EncryptedData, ask.IV)
	if err != nil {
		return nil, err
	}
	return b.memory.change(s.OpenID, func(u *user) {
		u.Nickname, u.AvatarURL = data.Nickname, data.AvatarURL
	})
}

// onWithdrawal is told that a user withdrew the consent, or closed the WeChat account.
func (b *backend) onWithdrawal(ctx context.Context, c *push.AuthorizationChange) error {
	b.memory.forget(c.OpenID)
	slog.InfoContext(ctx, "a user's data was deleted", "event", c.Event)
	return nil
}

// onUserInfoModified is told that WeChat removed a nickname or an avatar that broke its rules.
func (b *backend) onUserInfoModified(ctx context.Context, c *push.AuthorizationChange) error {
	if _, err := b.memory.change(c.OpenID, func(u *user) {
		u.Nickname, u.AvatarURL = "", ""
	}); err != nil {
		return nil //nolint:nilerr // nothing to clear
	}
	slog.InfoContext(ctx, "a user's nickname and avatar were cleared", "event", c.Event)
	return nil
}
