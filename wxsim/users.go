package wxsim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A User is a WeChat user of the simulator.
type User struct {
	OpenID   string // at the official account; made up when empty. Other apps know the user under other openids
	UnionID  string // the same for all apps; made up when empty
	Nickname string

	HeadImgURL              string // the avatar; empty means that the user has none
	Country, Province, City string
	Language                string // such as zh_CN
	Sex                     int    // 1 male, 2 female, 0 unknown
	Privilege               []string
	Phone                   string // "13800138000", or "+852 91234567"
	Snapshot                bool   // always opens pages as a snapshot, so the app sees a virtual user
	NoUnionID               bool   // WeChat tells no unionid of this user
}

// A person is a user and what the simulator knows about them.
type person struct {
	User

	revoked    int // how often the user voided all tokens
	sessionKey string
	keyMadeAt  time.Time
	visited    time.Time // last visit of the mini program
}

// madeUpAvatar begins the avatar URLs of made-up users, of which WeChat knows nothing.
const madeUpAvatar = "https://thirdwx.qlogo.cn/mmopen/vi_32/wxsim"

// MadeUpUsers returns n different users with Chinese nicknames, avatars and telephone numbers, for
// [Config].Users.
func MadeUpUsers(n int) []User {
	names := []struct {
		nickname, province, city string
		sex                      int
	}{
		{"小明", "广东", "深圳", 1},
		{"李雷", "北京", "海淀", 1},
		{"韩梅梅", "上海", "浦东新区", 2},
		{"阿珍🌸", "浙江", "杭州", 2},
		{"大熊", "四川", "成都", 0},
	}
	users := make([]User, n)
	for i := range users {
		who := names[i%len(names)]
		if i >= len(names) {
			who.nickname += strconv.Itoa(i/len(names) + 1)
		}
		users[i] = User{
			Nickname: who.nickname, Country: "中国", Province: who.province, City: who.city, Language: "zh_CN",
			Sex: who.sex, Phone: strconv.Itoa(13800138000 + i),
			HeadImgURL: madeUpAvatar + randomText(43, urlSafe) + "/132",
		}
	}
	return users
}

// AddUser lets one more user into the simulator, or changes the one who has this OpenID already.
// It returns the user with OpenID and UnionID filled.
func (s *Server) AddUser(u User) User {
	return hold(&s.holder, func(w *world) User { return w.addUser(u) })
}

func (w *world) addUser(u User) User {
	u.OpenID = cmp.Or(u.OpenID, "o"+randomText(27, urlSafe))
	u.UnionID = cmp.Or(u.UnionID, "o"+randomText(27, urlSafe))
	u.Privilege = slices.Clone(u.Privilege)
	u.HeadImgURL = w.avatarURL(u)
	if old := w.people[u.OpenID]; old != nil {
		u.OpenID = old.OpenID
		old.User = u
		return u
	}
	p := &person{User: u}
	w.everybody = append(w.everybody, p)
	for _, a := range w.apps {
		w.people[a.openID(u)] = p
	}
	return u
}

// avatarURL turns a made-up avatar into one that the simulator serves itself, once it listens.
func (w *world) avatarURL(u User) string {
	if w.url == "" || !strings.HasPrefix(u.HeadImgURL, madeUpAvatar) {
		return u.HeadImgURL
	}
	return w.url + avatarPath + u.OpenID + "/132"
}

const avatarPath = "/wxsim/avatar/"

// avatarFor is an avatar that the browser at seenAt can load: that of a phone in the same network
// cannot reach 127.0.0.1.
func (w *world) avatarFor(seenAt, avatar string) string {
	if path, ours := strings.CutPrefix(avatar, w.url); ours && seenAt != "" && strings.HasPrefix(path, avatarPath) {
		return seenAt + path
	}
	return avatar
}

// Users returns all users, oldest first.
func (s *Server) Users() []User { return hold(&s.holder, (*world).users) }

func (w *world) users() []User {
	users := make([]User, len(w.everybody))
	for i, p := range w.everybody {
		users[i] = p.User
		users[i].Privilege = slices.Clone(p.Privilege)
	}
	return users
}

// user finds a user by any openid.
func (w *world) user(openID string) (User, bool) {
	p := w.people[openID]
	if p == nil {
		return User{}, false
	}
	return p.User, true
}

// withPerson holds the world and runs f for the user of any openid; the result is zero for nobody.
func withPerson[T any](s *Server, openID string, f func(*world, *person) T) T {
	return hold(&s.holder, func(w *world) T {
		if p := w.people[openID]; p != nil {
			return f(w, p)
		}
		var none T
		return none
	})
}

// OpenID returns the openid under which an app knows the user. It is u.OpenID at the official account.
func (s *Server) OpenID(appID string, u User) string {
	return hold(&s.holder, func(w *world) string {
		if a := w.app(appID); a != nil {
			return a.openID(u)
		}
		return ""
	})
}

// RevokeUser voids all tokens of a user, as a change of the WeChat password does: they are
// answered 42007 from now on. Any openid of the user will do; an unknown one does nothing.
func (s *Server) RevokeUser(openID string) {
	s.change(func(w *world) { w.revoke(openID) })
}

func (w *world) revoke(openID string) {
	if p := w.people[openID]; p != nil {
		p.revoked++
	}
}

// An identity is a user as one app sees them after one login.
type identity struct {
	openID, unionID, nickname, avatar string
	person                            *person
	snapshot                          bool
	seenAt                            string // scheme and host by which the user's browser reached the simulator, if one did
}

func (a *app) identity(p *person, snapshot bool) identity {
	if snapshot {
		return identity{
			openID:   derivedID("snapshot", a.id, p.OpenID),
			unionID:  derivedID("snapshot", p.UnionID),
			nickname: "微信用户",
			person:   p,
			snapshot: true,
		}
	}
	who := identity{openID: a.openID(p.User), unionID: p.UnionID, nickname: p.Nickname, avatar: p.HeadImgURL, person: p}
	if p.NoUnionID {
		who.unionID = ""
	}
	return who
}
