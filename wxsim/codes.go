package wxsim

import "time"

// How long codes and tokens are good.
const (
	codeLife    = 5 * time.Minute
	tokenLife   = 2 * time.Hour
	refreshLife = 30 * 24 * time.Hour
)

// A codeKind is the kind of a one-time code. Each kind works at one endpoint only.
type codeKind string

const (
	webCode    codeKind = "web"    // sns/oauth2/access_token
	jsCode     codeKind = "js"     // sns/jscode2session
	phoneCode  codeKind = "phone"  // getuserphonenumber
	pluginCode codeKind = "plugin" // getpluginopenpid
)

// A code is what an app gets when a user allows a login.
type code struct {
	text       string
	kind       codeKind
	app        *app
	platform   *app // by which the user logged in to the app, or nil
	who        identity
	scope      string
	sessionKey string // of a js_code
	expires    time.Time
	used       bool
}

// issue makes a code of 32 characters. It is kept for a while after it was used or has expired,
// because then it is refused with 40163 or 42003 and not as unknown.
func (w *world) issue(c code) string {
	c.expires = w.now.Add(codeLife)
	c.text = "0" + randomText(31, alphanumeric)
	w.codes.put(c.text, &c, w.now)
	return c.text
}

// spend marks a code as used and returns it, or the code of the refusal: 40029 unknown, of another
// app or another kind, 40163 used, 42003 expired; an expired code of a mini program is 40029, too.
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

// NewCode returns a login code, as if the user had just allowed the app this scope. Use it for a
// second callback with another code, or for a code without any page. openID may be any openid of
// the user. The code is empty if there is no such app or user.
func (s *Server) NewCode(appID, openID, scope string) string {
	return withPerson(s, openID, func(w *world, k known) string {
		a := w.app(appID)
		if a == nil {
			return ""
		}
		return w.issue(code{
			kind: webCode, app: a, who: a.identity(k.person, k.Snapshot && scope == scopeUserInfo),
			scope: scope,
		})
	})
}
