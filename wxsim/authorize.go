package wxsim

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	scopeBase     = "snsapi_base"
	scopeUserInfo = "snsapi_userinfo"
	scopeLogin    = "snsapi_login"
)

// ownerCookie holds the openid of the person who owns the simulated phone.
const ownerCookie = "wxsim_user"

// A login is what an app asks for on the authorize page or on the QR page.
type login struct {
	app         *app
	redirectURI string
	scope       string
	state       string
	forceSnap   bool
}

// A pageError is a number that WeChat shows on a page instead of sending the browser back.
type pageError struct {
	code   int
	reason string // what the developer should look at; the real WeChat is less talkative
}

// badLink is the page without a number that WeChat shows when a URL does not match its pattern.
func badLink(reason string) *pageError { return &pageError{0, reason} }

// A CallbackMode says how often the browser calls the app back after a login.
type CallbackMode int

// WeChat's Android app sometimes calls back twice.
const (
	CallbackOnce      CallbackMode = iota
	CallbackSameCode               // twice with one code: the second exchange is answered 40163
	CallbackOtherCode              // twice with one state and two codes
)

// DoubleCallback makes every login that follows call the app back twice: instead of a redirect
// the browser gets a page that opens one address in a hidden frame and then goes to the other.
func (s *Server) DoubleCallback(mode CallbackMode) {
	s.change(func(w *world) { w.callbacks = mode })
}

// authorize is GET /connect/oauth2/authorize.
func authorize(w *world, r *request) answer {
	ask, fault := w.parseLogin(r.URL.RawQuery, officialAccount)
	if fault != nil {
		return w.pages.errorPage(r.Request, fault)
	}
	owner := w.owner(r.Request)
	if ask.scope == scopeBase || w.cfg.AutoAllow {
		return w.callBack(r.Request, ask.allowed(owner.OpenID))
	}
	return w.consentPage(r.Request, ask, consentData{Query: r.URL.RawQuery}, owner)
}

// qrConnect is GET /connect/qrconnect.
func qrConnect(w *world, r *request) answer {
	ask, fault := w.parseLogin(r.URL.RawQuery, websiteApp)
	if fault != nil {
		return w.pages.errorPage(r.Request, fault)
	}
	if w.cfg.AutoAllow {
		return w.callBack(r.Request, ask.allowed(w.owner(r.Request).OpenID))
	}
	return w.desktopPage(r.Request, w.newScan(ask))
}

// owner is the person of the cookie, else the first user.
func (w *world) owner(r *http.Request) User {
	if c, err := r.Cookie(ownerCookie); err == nil {
		if p := w.people[c.Value]; p != nil {
			return p.User
		}
	}
	return w.everybody[0].User
}

// A decision is what the person made of a login.
type decision struct {
	ask      *login
	refused  bool
	user     string // openid
	scope    string // may be smaller than what was asked
	snapshot bool
	mode     CallbackMode
}

// allowed is the decision to grant just what was asked.
func (l *login) allowed(user string) decision {
	return decision{ask: l, user: user, scope: l.scope, snapshot: l.forceSnap}
}

// callBack sends the browser back to the app: with a code, or if refused with the state only.
func (w *world) callBack(r *http.Request, d decision) answer {
	if d.refused {
		return redirect(d.ask.location("state", d.ask.state))
	}
	mode := max(d.mode, w.callbacks)
	first := w.callbackURL(d, origin(r))
	second := first
	if mode == CallbackOtherCode {
		second = w.callbackURL(d, origin(r))
	}
	if mode != CallbackOnce {
		return w.twicePage(r, first, second)
	}
	return redirect(first)
}

// callbackURL issues a code to a browser that reached the simulator at seenAt.
func (w *world) callbackURL(d decision, seenAt string) string {
	p := w.people[d.user]
	who := d.ask.app.identity(p, (d.snapshot || p.Snapshot) && d.scope == scopeUserInfo)
	who.seenAt = seenAt
	text := w.issue(code{kind: webCode, app: d.ask.app, who: who, scope: d.scope})
	return d.ask.location("code", text, "state", d.ask.state)
}

// location is the redirect_uri with its own query, then names and values, then its fragment.
// The values need no escaping.
func (l *login) location(pairs ...string) string {
	address, fragment, hasFragment := strings.Cut(l.redirectURI, "#")
	for i := 0; i+1 < len(pairs); i += 2 {
		switch {
		case !strings.Contains(address, "?"):
			address += "?"
		case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
			address += "&"
		}
		address += pairs[i] + "=" + pairs[i+1]
	}
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// parseLogin checks the query of the authorize page or the QR page.
func (w *world) parseLogin(rawQuery string, kind appKind) (*login, *pageError) {
	names, values, err := splitQuery(rawQuery)
	if err != nil {
		return nil, badLink(err.Error())
	}
	for _, required := range []struct {
		name string
		code int
	}{{"appid", 10012}, {"redirect_uri", 10011}, {"scope", 10010}, {"state", 10013}} {
		if values[required.name] == "" {
			return nil, &pageError{required.code, required.name + " is empty"}
		}
	}
	if !w.cfg.Lax {
		if err := checkOrder(names, kind); err != nil {
			return nil, badLink(err.Error())
		}
	}
	if values["response_type"] != "code" {
		return nil, badLink("response_type must be code")
	}
	ask := &login{
		app:         w.app(values["appid"]),
		redirectURI: values["redirect_uri"],
		scope:       values["scope"],
		state:       values["state"],
		forceSnap:   values["forceSnapShot"] == "true",
	}
	switch {
	case ask.app == nil:
		return nil, &pageError{40013, "nobody has this appid"}
	case ask.app.kind == websiteApp && kind == officialAccount:
		return nil, &pageError{10016, "this is the appid of a website app; the authorize page wants an official account's"}
	case ask.app.kind != kind || !slices.Contains(scopesOf(kind), ask.scope):
		return nil, &pageError{10005, "this app may not ask for this scope here"}
	case !w.redirectAllowed(ask.redirectURI):
		return nil, &pageError{10003, "the host of redirect_uri is not the one that was configured"}
	case len(ask.state) > 128 || strings.Trim(ask.state, alphanumeric) != "":
		return nil, &pageError{10013, "state must be at most 128 letters and digits"}
	}
	return ask, nil
}

func scopesOf(kind appKind) []string {
	if kind == websiteApp {
		return []string{scopeLogin}
	}
	return []string{scopeBase, scopeUserInfo}
}

// splitQuery keeps the order of a query's names.
func splitQuery(rawQuery string) (names []string, values map[string]string, err error) {
	values = map[string]string{}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if values[name], err = url.QueryUnescape(value); err != nil {
			return nil, nil, errors.New("a percent sign is not followed by two hex digits")
		}
		if slices.Contains(names, name) {
			return nil, nil, errors.New("a parameter comes twice; is redirect_uri escaped?")
		}
		names = append(names, name)
	}
	return names, values, nil
}

// checkOrder wants the five parameters first and in order, then only known ones.
func checkOrder(names []string, kind appKind) error {
	order := []string{"appid", "redirect_uri", "response_type", "scope", "state"}
	if len(names) < len(order) || !slices.Equal(names[:len(order)], order) {
		return errors.New("the parameters must be " + strings.Join(order, ", ") + ", in this order; is redirect_uri escaped?")
	}
	extras := []string{"forcePopup", "forceSnapShot", "component_appid", "connect_redirect"}
	if kind == websiteApp {
		extras = []string{"lang", "login_type", "self_redirect", "style", "styletype", "sizetype", "bgcolor", "rst", "href", "fast_login", "stylelite", "connect_redirect"}
	}
	for _, name := range names[len(order):] {
		if !slices.Contains(extras, name) {
			return errors.New("unknown parameter after state")
		}
	}
	return nil
}

// redirectAllowed wants an absolute http or https URL on one of the configured domains.
func (w *world) redirectAllowed(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return false
	}
	domains := w.cfg.RedirectDomains
	return len(domains) == 0 || slices.Contains(domains, u.Host) || slices.Contains(domains, u.Hostname())
}
