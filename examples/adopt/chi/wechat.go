package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"net/http"
	"os"

	wxoauth "github.com/wxoauth/wxoauth/adapters/chi"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

// region members-schema

const wechatSchema = `
CREATE TABLE IF NOT EXISTS identities (
	appid  TEXT NOT NULL,
	openid TEXT NOT NULL,
	member TEXT NOT NULL REFERENCES members,
	PRIMARY KEY (appid, openid)
);
CREATE TABLE IF NOT EXISTS unions (unionid TEXT PRIMARY KEY, member TEXT NOT NULL REFERENCES members);
`

// endregion

// region members-merge

// memberOf returns the member behind a WeChat login: known by openid, or by unionid, or new. Two
// members that turn out to be one person become the one whose unionid was known first.
func memberOf(ctx context.Context, tx *sql.Tx, u *core.User) (id string, err error) {
	var known, union string
	err = tx.QueryRowContext(ctx, `SELECT
		coalesce((SELECT member FROM identities WHERE appid = ? AND openid = ?), ''),
		coalesce((SELECT member FROM unions WHERE unionid = ?), '')`, u.AppID, u.OpenID, u.UnionID).Scan(&known, &union)
	id = cmp.Or(union, known, rand.Text())
	if err == nil {
		// Beside identities, update your own tables too: orders, addresses …
		_, err = tx.ExecContext(ctx, `
			INSERT INTO members (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = coalesce(nullif(?2, ''), name);
			INSERT INTO unions (unionid, member) SELECT ?3, ?1 WHERE ?3 <> '' ON CONFLICT DO NOTHING;
			UPDATE identities SET member = ?1 WHERE member = ?6;
			INSERT INTO identities (appid, openid, member) VALUES (?4, ?5, ?1) ON CONFLICT DO NOTHING`,
			id, u.Nickname, u.UnionID, u.AppID, u.OpenID, known)
	}
	return id, err
}

// endregion

// A wechat is the login with WeChat.
type wechat struct{ auth *wxoauth.Auth }

func newWeChat(m *members) (*wechat, error) {
	key, err := base64.StdEncoding.DecodeString(os.Getenv("SESSION_KEY"))
	if err != nil {
		return nil, err
	}
	if _, err := m.db.Exec(wechatSchema); err != nil {
		return nil, err
	}
	auth, err := wxoauth.New(wxoauth.Config{
		AppID:      os.Getenv("WECHAT_APPID"),
		Secret:     wxoauth.Secret(os.Getenv("WECHAT_SECRET")),
		PublicURL:  os.Getenv("PUBLIC_URL"),
		Keys:       [][]byte{key},
		APIURL:     os.Getenv("WECHAT_API_URL"),
		OpenURL:    os.Getenv("WECHAT_OPEN_URL"),
		AnyBrowser: os.Getenv("WECHAT_OPEN_URL") != "",
		OnLogin:    m.onLogin,
	})
	return &wechat{auth}, err
}

// region members-login

func (m *members) onLogin(ctx context.Context, _ *http.Request, u *core.User) error {
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if u.MemberID, err = memberOf(ctx, tx, u); err != nil {
		return err // a fault: 500, and its text in the log
	}
	var banned bool
	if err := tx.QueryRowContext(ctx, `SELECT banned FROM members WHERE id = ?`, u.MemberID).Scan(&banned); err != nil {
		return err
	}
	if banned {
		return oauth.ErrRefused // wanted: 403
	}
	return tx.Commit()
}

// endregion

// enter is the way in: behind it the visitor is signed in with WeChat.
func (w *wechat) enter(rw http.ResponseWriter, r *http.Request) {
	w.auth.Middleware()(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { redirect(rw, "/") })).ServeHTTP(rw, r)
}

// byWeChat looks members up by (appid, openid): that stays right when two of them are merged, and
// a ban takes effect at once.
func (m *members) byWeChat(r *http.Request) (member, error) {
	user, ok := wxoauth.User(r)
	if !ok {
		return member{}, nil
	}
	return m.find(r.Context(), `SELECT m.id, m.name FROM identities i JOIN members m ON m.id = i.member
		WHERE i.appid = ? AND i.openid = ? AND NOT banned`, user.AppID, user.OpenID)
}
