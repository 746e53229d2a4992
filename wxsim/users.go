package wxsim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A User is a WeChat user of the simulator.
type User struct {
	OpenID   string `json:"openid"`  // at the first official account; made up when empty
	UnionID  string `json:"unionid"` // the same for all apps; made up when empty
	Nickname string `json:"nickname"`

	// URL of the avatar; empty if the user has none.
	HeadImgURL string   `json:"headimgurl,omitempty"`
	Language   string   `json:"language,omitempty"` // such as zh_CN
	Privilege  []string `json:"privilege,omitempty"`
	Phone      string   `json:"phone,omitempty"` // "13800138000", or "+852 91234567"

	// Since October 2021 WeChat answers "" and 0 for all users. Only the answers of before have
	// these.
	Country  string `json:"country,omitempty"`
	Province string `json:"province,omitempty"`
	City     string `json:"city,omitempty"`
	Sex      int    `json:"sex,omitempty"` // 1 male, 2 female, 0 unknown

	// Opens pages always as a snapshot, so that the app sees a virtual user.
	Snapshot  bool `json:"snapshot,omitempty"`
	NoUnionID bool `json:"nounionid,omitempty"` // whether WeChat gives no unionid of this user

	// OpenIDs are the openids at other apps, by appid. Others are derived from OpenID.
	OpenIDs map[string]string `json:"openids,omitempty"`

	// Follows are the appids of the official accounts that the user follows.
	Follows []string `json:"follows,omitempty"`
}

// clone returns a deep copy of u.
func (u User) clone() User {
	u.Privilege, u.Follows, u.OpenIDs = slices.Clone(u.Privilege), slices.Clone(u.Follows),
		maps.Clone(u.OpenIDs)
	return u
}

// A person is a user and what the simulator knows about them.
type person struct {
	User

	madeUp  bool // neither the Config nor a call has named the openid
	number  int  // among all people, from 0; decides about the avatar's colour
	revoked int  // how often all tokens of the user were ended
	visits  map[*app]*visit
	follows map[*app]following
}

// A visit is what WeChat and a mini program's server know about a user's visit.
type visit struct {
	SessionKey string    `json:"session_key"`
	KeyMadeAt  time.Time `json:"key_made_at"`
	At         time.Time `json:"at"` // of the last wx.login()
	keys       []userKey // for getuserencryptkey, oldest first
}

// visit returns the person's visit of a mini program. Its session_key is empty if the user has
// never logged in.
func (p *person) visit(a *app) *visit {
	if p.visits[a] == nil {
		p.visits[a] = new(visit)
	}
	return p.visits[a]
}

// A known is the person and the app of an openid.
type known struct {
	*person

	app *app
}

// madeUpAvatar is the prefix of the avatar URLs of made-up users. There are no such avatars at
// WeChat.
const madeUpAvatar = "https://thirdwx.qlogo.cn/mmopen/vi_32/wxsim"

// MadeUpUsers returns n different users with Chinese nicknames, avatars and telephone numbers, for
// [Config].Users.
func MadeUpUsers(n int) []User {
	names := []string{"小明", "李雷", "韩梅梅", "阿珍🌸", "大熊"}
	users := make([]User, n)
	for i := range users {
		name := names[i%len(names)]
		if i >= len(names) {
			name += strconv.Itoa(i/len(names) + 1)
		}
		users[i] = User{
			Nickname: name, Language: "zh_CN",
			Phone:      strconv.FormatInt(13800138000+int64(i), 10),
			HeadImgURL: madeUpAvatar + randomText(43, urlSafe) + "/132",
		}
	}
	return users
}

// AddUser adds a user, or changes the one with this OpenID. It returns the user with OpenID and
// UnionID.
func (s *Server) AddUser(u User) User {
	return hold(&s.holder, func(w *world) User { return w.addUser(u) })
}

func (w *world) addUser(u User) User {
	u = u.clone()
	p := w.people[u.OpenID].person
	if p == nil {
		p = &person{
			madeUp: u.OpenID == "", number: len(w.everybody), visits: map[*app]*visit{},
			follows: map[*app]following{},
		}
		w.everybody = append(w.everybody, p)
		u.OpenID = cmp.Or(u.OpenID, "o"+randomText(27, urlSafe))
	} else {
		u.OpenID = p.OpenID
		for _, a := range w.apps {
			delete(w.people, a.openID(p.User))
		}
	}
	u.UnionID = cmp.Or(u.UnionID, "o"+randomText(27, urlSafe))
	u.HeadImgURL = w.avatarURL(u)
	p.User = u
	w.know(p)
	for _, a := range w.apps {
		w.setFollowing(p, a, slices.Contains(u.Follows, a.AppID))
	}
	return p.shown()
}

// know adds the person's openids to w.people.
func (w *world) know(p *person) {
	for _, a := range w.apps {
		w.people[a.openID(p.User)] = known{p, a}
	}
}

// shown returns a copy of the user for callers.
func (p *person) shown() User {
	u := p.clone()
	u.Follows = nil
	for a := range p.follows {
		u.Follows = append(u.Follows, a.AppID)
	}
	slices.Sort(u.Follows)
	return u
}

// avatarURL returns the URL of a user's avatar. A made-up avatar is served by the simulator itself
// once it listens.
func (w *world) avatarURL(u User) string {
	if w.url == "" || !strings.HasPrefix(u.HeadImgURL, madeUpAvatar) {
		return u.HeadImgURL
	}
	return w.url + avatarPath + u.OpenID + "/132"
}

const avatarPath = "/wxsim/avatar/"

// avatarFor returns the URL of an avatar with the simulator's address seenAt, which the browser
// can reach. The browser of a phone in the same network cannot reach 127.0.0.1.
func (w *world) avatarFor(seenAt, avatar string) string {
	if path, ours := strings.CutPrefix(avatar, w.url); ours && seenAt != "" &&
		strings.HasPrefix(path, avatarPath) {
		return seenAt + path
	}
	return avatar
}

// Users returns all users, oldest first.
func (s *Server) Users() []User { return hold(&s.holder, (*world).users) }

func (w *world) users() []User { return mapped(w.everybody, (*person).shown) }

// mapped returns what f makes of each element of list.
func mapped[T, U any](list []T, f func(T) U) []U {
	all := make([]U, len(list))
	for i, one := range list {
		all[i] = f(one)
	}
	return all
}

// user returns the user with this openid at any app.
func (w *world) user(openID string) (User, bool) {
	p := w.people[openID].person
	if p == nil {
		return User{}, false
	}
	return p.shown(), true
}

// withPerson holds the world and runs f for the user with this openid at any app. For an unknown
// openid it returns the zero value.
func withPerson[T any](s *Server, openID string, f func(*world, known) T) T {
	return hold(&s.holder, func(w *world) T {
		if k := w.people[openID]; k.person != nil {
			return f(w, k)
		}
		var none T
		return none
	})
}

// OpenID returns the openid under which an app knows the user. It is u.OpenID at the first
// official account.
func (s *Server) OpenID(appID string, u User) string {
	return hold(&s.holder, func(w *world) string {
		if a := w.app(appID); a != nil {
			return a.openID(u)
		}
		return ""
	})
}

// RevokeUser ends all tokens of a user, as a change of the WeChat password does: from now on they
// are refused with 42007. openID may be any openid of the user; an unknown one does nothing.
func (s *Server) RevokeUser(openID string) {
	s.change(func(w *world) {
		if p := w.people[openID].person; p != nil {
			p.revoked++
		}
	})
}
