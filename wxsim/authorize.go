package wxsim

import (
	"fmt"
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

// ownerCookie is the cookie with the openid of the current user.
const ownerCookie = "wxsim_user"

// A login is the request of an app on the authorize page or on the QR page.
type login struct {
	app         *app
	platform    *app // which logs in for the app, or nil
	redirectURI string
	scope       string
	state       string
	forceSnap   bool
}

// authorize is GET /connect/oauth2/authorize.
func authorize(w *world, r *request) answer {
	ask, fault := w.parseLogin(r.URL.RawQuery, OfficialAccount)
	if fault != nil {
		return w.pages.errorPage(r.Request, fault)
	}
	owner := w.owner(r.Request)
	if d := w.standing(); d != Ask {
		return callBack(w, r.Request, ask.decided(d, owner.OpenID))
	}
	if ask.scope == scopeBase {
		return callBack(w, r.Request, ask.decided(Allow, owner.OpenID))
	}
	return consentPage(w, r.Request, ask, consentData{Query: r.URL.RawQuery}, owner)
}

// qrConnect is GET /connect/qrconnect.
func qrConnect(w *world, r *request) answer {
	ask, fault := w.parseLogin(r.URL.RawQuery, WebsiteApp)
	if fault != nil {
		return w.pages.errorPage(r.Request, fault)
	}
	d := w.standing()
	made := ask.decided(d, w.owner(r.Request).OpenID)
	inFrame := r.Header.Get("Sec-Fetch-Dest") == "iframe" && r.query.Get("self_redirect") != "true"
	if d != Ask && !inFrame {
		return callBack(w, r.Request, made)
	}
	shown := w.newScan(ask)
	if d != Ask {
		// A redirect would stay inside the frame. The page's script leads the window to the app.
		shown.decided = &made
	}
	return desktopPage(w, r.Request, shown)
}

// owner returns the current user: the one that [Server.Answer] has named, or else that of the
// cookie, or else the first user.
func (w *world) owner(r *http.Request) User {
	if p := w.people[w.answerer].person; p != nil {
		return p.User
	}
	if c, err := r.Cookie(ownerCookie); err == nil {
		if p := w.people[c.Value].person; p != nil {
			return p.User
		}
	}
	return w.everybody[0].User
}

// callBack sends the browser back to the app, with a code, or without one if the user has refused.
func callBack(w *world, r *http.Request, d decision) answer {
	first, second := callbackURLs(w, d, origin(r))
	if second != "" {
		return w.pages.render("twice", twiceData{newPage(r), first, second})
	}
	return redirect(first)
}

// callbackURLs returns where the browser is sent, and if the app is called back twice, the second
// address.
func callbackURLs(w *world, d decision, seenAt string) (first, second string) {
	if d.refused {
		return d.ask.location("state", d.ask.state), ""
	}
	first = callbackURL(w, d, seenAt)
	switch max(d.mode, w.callbacks) {
	case CallbackSameCode:
		return first, first
	case CallbackOtherCode:
		return first, callbackURL(w, d, seenAt)
	default:
		return first, ""
	}
}

// callbackURL returns an address with a new code, for a browser that reached the simulator at
// seenAt.
func callbackURL(w *world, d decision, seenAt string) string {
	p := w.people[d.user].person
	who := d.ask.app.identity(p, (d.snapshot || p.Snapshot) && d.scope == scopeUserInfo)
	who.seenAt = seenAt
	text := w.issue(code{
		kind: webCode, app: d.ask.app, platform: d.ask.platform, who: who, scope: d.scope,
	})
	return d.ask.location("code", text, "state", d.ask.state)
}

// location returns redirect_uri with names and values between its query and its fragment. The
// values are not escaped, as WeChat does not do that either.
func (l *login) location(pairs ...string) string {
	address, fragment, hasFragment := strings.Cut(l.redirectURI, "#")
	if l.platform != nil {
		pairs = append(pairs, "appid", l.app.AppID)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		switch {
		case !strings.Contains(address, "?"):
			address += "?"
		case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
			address += "&"
		}
		address += pairs[i] + "=" + asBrowsersWrite(pairs[i+1])
	}
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// asBrowsersWrite escapes only what a browser escapes in the query of a Location.
func asBrowsersWrite(value string) string {
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

const maxState = 128 // bytes

// parseLogin checks the query of the authorize page or the QR page. The parameters of the
// authorize page must be in order, each once, without others, and its state must be short.
func (w *world) parseLogin(rawQuery string, kind Kind) (*login, *pageError) {
	strict := kind == OfficialAccount && !w.cfg.Lax
	names, values, fault := splitQuery(rawQuery)
	if fault != nil {
		return nil, fault
	}
	for _, required := range []struct {
		name string
		code int
	}{{"appid", 10012}, {"redirect_uri", 10011}, {"scope", 10010}} {
		if values[required.name] == "" {
			return nil, &pageError{
				required.code, required.name + " 为空", required.name + " is empty",
			}
		}
	}
	if strict {
		if fault := checkOrder(names); fault != nil {
			return nil, fault
		}
	}
	if values["response_type"] != "code" {
		return nil, badLink("response_type 只能是 code", "response_type must be code")
	}
	ask := &login{
		app:         w.app(values["appid"]),
		platform:    w.app(values["component_appid"]),
		redirectURI: values["redirect_uri"],
		scope:       values["scope"],
		state:       values["state"],
		forceSnap:   values["forceSnapShot"] == "true",
	}
	target := webURL(ask.redirectURI)
	switch {
	case ask.app == nil:
		return nil, &pageError{40013, "没有这个 appid", "nobody has this appid"}
	case ask.app.Kind == WebsiteApp && kind == OfficialAccount:
		return nil, &pageError{
			10016, "这是网站应用的 appid，网页授权要用公众号的",
			"this is the appid of a website app; the authorize page wants an official account's",
		}
	case ask.app.Kind != kind || !slices.Contains(scopesOf(kind), ask.scope):
		return nil, &pageError{
			10005, "这个账号在这里没有这项 scope", "this app may not ask for this scope here",
		}
	case values["component_appid"] != "" && (ask.platform == nil || ask.platform.Kind != Platform):
		return nil, &pageError{
			10015, "component_appid 不是任何第三方平台的", "component_appid is the appid of no platform",
		}
	case target == nil:
		return nil, &pageError{
			10003, "redirect_uri 不是完整的 http(s) 网址；是不是转义了两次？",
			"redirect_uri is not a whole http(s) address; is it escaped twice?",
		}
	case !redirectAllowed(w, ask.app, target):
		return nil, &pageError{
			10003, "redirect_uri 的域名不在配置里。要放行它，请修改 -domains，或配置文件里的 redirect_domains",
			"the host of redirect_uri is not one that was configured; -domains allows it, or " +
				"redirect_domains in the file",
		}
	case strict && len(ask.state) > maxState:
		return nil, &pageError{
			10013, "state 超过 128 字节。" + laxChinese, "state is over 128 bytes; " + laxEnglish,
		}
	}
	return ask, nil
}

// What an error page says about relaxing the rules of the authorize page.
const (
	laxChinese = "要放宽检查，请用 -lax 启动，或在主页打开开关 lax"
	laxEnglish = "start with -lax, or turn the switch lax on, to relax this"
)

func scopesOf(kind Kind) []string {
	if kind == WebsiteApp {
		return []string{scopeLogin}
	}
	return []string{scopeBase, scopeUserInfo}
}

// splitQuery returns the names of a query in their order, and the values. If a name comes twice,
// the first value is taken.
func splitQuery(rawQuery string) (names []string, values map[string]string, fault *pageError) {
	values = map[string]string{}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, escaped, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(escaped)
		if err != nil {
			return nil, nil, badLink("百分号后面不是两位十六进制数",
				"a percent sign is not followed by two hex digits")
		}
		if _, twice := values[name]; !twice {
			values[name] = value
		}
		names = append(names, name)
	}
	return names, values, nil
}

// checkOrder returns an error unless the parameters are in order, with state at the end if there
// is one, and then only known ones, each once.
func checkOrder(names []string) *pageError {
	order := []string{"appid", "redirect_uri", "response_type", "scope"}
	if len(names) < len(order) || !slices.Equal(names[:len(order)], order) {
		return badLink(
			"参数必须依次是 appid、redirect_uri、response_type、scope、state；redirect_uri 转义了吗？"+laxChinese,
			"the parameters must be appid, redirect_uri, response_type, scope, state, in this "+
				"order; is redirect_uri escaped? "+laxEnglish)
	}
	rest := names[len(order):]
	if i := slices.Index(rest, "state"); i > 0 {
		return badLink("state 必须紧跟在 scope 后面。"+laxChinese,
			"state must come right after scope; "+laxEnglish)
	}
	for i, name := range rest {
		switch {
		case !slices.Contains([]string{
			"state", "forcePopup", "forceSnapShot", "component_appid", "connect_redirect",
		}, name):
			return badLink("state 后面有微信不认识的参数；redirect_uri 转义了吗？"+laxChinese,
				"an unknown parameter; is redirect_uri escaped? "+laxEnglish)
		case slices.Contains(rest[:i], name):
			return badLink("同一个参数出现了两次。"+laxChinese, "a parameter comes twice; "+laxEnglish)
		}
	}
	return nil
}

// redirectAllowed reports whether a redirect_uri is on one of the app's domains.
func redirectAllowed(w *world, a *app, u *url.URL) bool {
	domains := a.RedirectDomains
	if len(domains) == 0 {
		domains = w.cfg.RedirectDomains
	}
	return len(domains) == 0 || slices.Contains(domains, u.Host) ||
		slices.Contains(domains, u.Hostname())
}
