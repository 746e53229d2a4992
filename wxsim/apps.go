package wxsim

import (
	"cmp"
	"errors"
	"slices"
)

type app struct {
	App

	madeUp bool // neither the Config nor a call has named it
	number int  // among all apps, from 0; decides about its colour
	first  bool // the first official account, at which User.OpenID is the openid

	tokens  [2]appTokens      // classic and stable; see apptoken.go
	tickets map[string]ticket // by type; see ticket.go
}

// addApps adds the apps of the configuration, and makes up the missing ones.
func (w *world) addApps() {
	for _, a := range []App{
		{Kind: OfficialAccount, AppID: w.cfg.AppID, Secret: w.cfg.Secret},
		{Kind: WebsiteApp, AppID: w.cfg.WebsiteAppID, Secret: w.cfg.WebsiteSecret},
		{Kind: MiniProgram, AppID: w.cfg.MiniAppID, Secret: w.cfg.MiniSecret},
	} {
		sameKind := func(other App) bool { return other.Kind == a.Kind }
		if a.AppID != "" || a.Secret != "" || !slices.ContainsFunc(w.cfg.Apps, sameKind) {
			w.addApp(a)
		}
	}
	for _, a := range w.cfg.Apps {
		w.addApp(a)
	}
}

// addApp adds an app and gives all users an openid there.
func (w *world) addApp(a App) *app {
	madeUp := a.AppID == ""
	a.AppID, a.Secret = cmp.Or(a.AppID, "wx"+randomHex(16)), cmp.Or(a.Secret, randomHex(32))
	a.OriginalID = cmp.Or(a.OriginalID, "gh_"+randomHex(12))
	a.RedirectDomains = slices.Clone(a.RedirectDomains)
	isFirst := a.Kind == OfficialAccount && !slices.ContainsFunc(w.apps, func(a *app) bool {
		return a.first
	})
	added := &app{
		App: a, madeUp: madeUp, number: len(w.apps), first: isFirst, tickets: map[string]ticket{},
	}
	w.apps = append(w.apps, added)
	for _, p := range w.everybody {
		w.people[added.openID(p.User)] = known{p, added}
	}
	return added
}

// AddApp adds an app, or changes name, logo, redirect domains and push of the app with this appid.
// It returns the app as it is then. The error is that of [Config.Check].
func (s *Server) AddApp(a App) (App, error) {
	if fault := a.check(); fault != nil {
		return App{}, fault
	}
	return try(&s.holder, func(w *world) (App, error) {
		old := w.app(a.AppID)
		switch {
		case old == nil:
			return w.addApp(a).App, nil
		case old.Kind != a.Kind:
			return App{}, errors.New("wxsim: this appid is one of another kind")
		}
		a.Secret, a.OriginalID = cmp.Or(a.Secret, old.Secret), cmp.Or(a.OriginalID, old.OriginalID)
		old.App = a
		return a, nil
	})
}

// Apps returns all apps, oldest first.
func (s *Server) Apps() []App { return hold(&s.holder, (*world).shownApps) }

func (w *world) shownApps() []App { return mapped(w.apps, func(a *app) App { return a.App }) }

// openID returns the openid of a user at an app. At the first official account it is User.OpenID.
func (a *app) openID(u User) string {
	switch fixed := u.OpenIDs[a.AppID]; {
	case fixed != "":
		return fixed
	case a.first:
		return u.OpenID
	}
	return derivedID(a.AppID, u.OpenID)
}

// app returns the app with this appid, or nil.
func (w *world) app(id string) *app {
	if i := slices.IndexFunc(w.apps, func(a *app) bool { return a.AppID == id }); i >= 0 {
		return w.apps[i]
	}
	return nil
}

// first returns the oldest app of a kind. There is always one, except of platforms.
func (w *world) first(kind Kind) *app {
	return w.apps[slices.IndexFunc(w.apps, func(a *app) bool { return a.Kind == kind })]
}

func (s *Server) first(kind Kind) App {
	return hold(&s.holder, func(w *world) App { return w.first(kind).App })
}

// AppID returns the first official account's appid.
func (s *Server) AppID() string { return s.first(OfficialAccount).AppID }

// Secret returns the first official account's appsecret.
func (s *Server) Secret() string { return s.first(OfficialAccount).Secret }

// WebsiteAppID returns the appid of the first website app, which QR login needs.
func (s *Server) WebsiteAppID() string { return s.first(WebsiteApp).AppID }

// WebsiteSecret returns the appsecret of the first website app.
func (s *Server) WebsiteSecret() string { return s.first(WebsiteApp).Secret }

// MiniAppID returns the first mini program's appid.
func (s *Server) MiniAppID() string { return s.first(MiniProgram).AppID }

// MiniSecret returns the first mini program's appsecret.
func (s *Server) MiniSecret() string { return s.first(MiniProgram).Secret }
