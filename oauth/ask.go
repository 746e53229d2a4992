package oauth

import (
	"net/url"
	"strings"
)

// WeChat's rules want users to be told what a site asks for, and why, before WeChat's dialog asks
// them. A page that needs a profile is therefore answered with a page of ours first. Its button
// leads to the same URL with a mark that says so: the user has tapped, and the login begins. The
// mark goes no further: it is neither in redirect_uri nor in any other URL that we make.
const tapParam = "wx_login"

// asksFirst reports whether l would open WeChat's dialog before the user has asked for it.
func (a *Auth) asksFirst(v *visit, l login) bool {
	return l.scope.covers(ScopeUserInfo) && !l.check() && !a.cfg.AskAtOnce && !v.tapped && !v.parse().tapped
}

// ask answers with the page that asks first.
func (a *Auth) ask(v *visit) {
	page := v.uri // byte by byte, as far as it may stand in a link
	if v.marked() {
		page = v.page().String()
	}
	sign := "?"
	if strings.Contains(page, "?") {
		sign = "&"
	}
	a.look.ask(v.w, v.r, a.cfg.Purpose, a.cfg.PrivacyURL, a.cfg.PublicURL+escape(page)+sign+tapParam+"=1")
}

// marked reports whether the URL carries the mark, with whatever value and however it is spelt.
func (v *visit) marked() bool {
	_, query, _ := strings.Cut(v.uri, "?")
	for raw := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(raw, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain == tapParam {
			return true
		}
	}
	return false
}

func validPrivacyURL(raw string) bool {
	if raw == "" || strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") {
		return true
	}
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
