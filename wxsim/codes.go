package wxsim

import "time"

// How long things live.
const (
	codeLife    = 5 * time.Minute
	tokenLife   = 2 * time.Hour
	refreshLife = 30 * 24 * time.Hour
)

// A codeKind keeps WeChat's one-time codes apart: each works at one endpoint only.
type codeKind string

const (
	webCode    codeKind = "web"    // sns/oauth2/access_token
	jsCode     codeKind = "js"     // sns/jscode2session
	phoneCode  codeKind = "phone"  // getuserphonenumber
	pluginCode codeKind = "plugin" // getpluginopenpid
)

// A code stands for what a user allowed an app.
type code struct {
	text       string
	kind       codeKind
	app        *app
	platform   *app // by which a user logged in to the app; nil: none
	who        identity
	scope      string
	sessionKey string // of a js_code
	expires    time.Time
	used       bool
}

// issue makes a code of 32 characters. Used and expired ones are remembered for a while, for
// the sake of 40163 and 42003.
func (w *world) issue(c code) string {
	c.expires = w.now.Add(codeLife)
	c.text = "0" + randomText(31, alphanumeric)
	w.codes.put(c.text, &c, w.now)
	return c.text
}

// spend takes a code, or returns why not: 40029 unknown, of another app or another kind, 40163
// used, 42003 expired; for the codes of a mini program 40029 means expired too.
func (w *world) spend(text string, kind codeKind, a *app) (*code, int) {
	c, ok := w.codes.get(text, w.now)
	switch {
	case !ok || c.kind != kind || c.app != a:
		return nil, 40029
	case c.used:
		return nil, 40163
	case !w.now.Before(c.expires) && kind == webCode:
		return nil, 42003
	case !w.now.Before(c.expires):
		return nil, 40029
	}
	c.used = true
	return c, 0
}

// NewCode returns a login code, as if the user had just allowed the app this scope: for a second
// callback with another code, or a code without any page. Any openid of the user will do. It is
// empty for an app or a user that does not exist.
func (s *Server) NewCode(appID, openID, scope string) string {
	return withPerson(s, openID, func(w *world, k known) string {
		a := w.app(appID)
		if a == nil {
			return ""
		}
		return w.issue(code{kind: webCode, app: a, who: a.identity(k.person, k.Snapshot && scope == scopeUserInfo), scope: scope})
	})
}
