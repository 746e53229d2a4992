package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

func newMembers(t *testing.T) *members {
	t.Helper()
	m, err := openMembers(filepath.Join(t.TempDir(), "club.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.db.Close() })
	if _, err := m.db.Exec(wechatSchema); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *members) login(t *testing.T, u core.User) string {
	t.Helper()
	if err := m.onLogin(t.Context(), nil, &u); err != nil {
		t.Fatal(err)
	}
	return u.MemberID
}

var (
	desktop = core.User{AppID: "website", OpenID: "w-ming", UnionID: "u-ming", Nickname: "小明"}
	silent  = core.User{AppID: "account", OpenID: "a-ming"}
	profile = core.User{AppID: "account", OpenID: "a-ming", UnionID: "u-ming", Nickname: "小明"}
	other   = core.User{AppID: "account", OpenID: "a-mei"}
)

func TestOnePersonIsOneMember(t *testing.T) {
	for name, logins := range map[string][]core.User{
		"desktop first, then silent, then profile": {desktop, silent, profile, silent, desktop},
		"silent first":            {silent, profile, desktop},
		"profile first":           {profile, desktop, silent},
		"silent and profile only": {silent, silent, profile},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMembers(t)
			stranger := m.login(t, other)
			var last string
			for _, u := range logins {
				last = m.login(t, u)
			}
			for _, u := range logins {
				if again := m.login(t, u); again != last {
					t.Errorf("%s/%s is member %s, want %s", u.AppID, u.OpenID, again, last)
				}
			}
			if last == stranger || m.login(t, other) != stranger {
				t.Error("somebody without a unionid was merged")
			}
			var n int
			if err := m.db.QueryRow(`SELECT count(DISTINCT member) FROM identities`).Scan(&n); err != nil || n != 2 {
				t.Errorf("%d members, %v, want 2", n, err)
			}
		})
	}
}

func TestBannedMembersStayOut(t *testing.T) {
	m := newMembers(t)
	id := m.login(t, desktop)
	if err := m.ban(t.Context(), "小明"); err != nil {
		t.Fatal(err)
	}
	u := desktop
	if err := m.onLogin(t.Context(), nil, &u); !errors.Is(err, oauth.ErrRefused) {
		t.Errorf("member %s logs in again: %v", id, err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.onLogin(canceled, nil, &u); err == nil || errors.Is(err, oauth.ErrRefused) {
		t.Errorf("a database that is away refuses the user: %v", err)
	}
}
