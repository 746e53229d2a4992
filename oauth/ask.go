package oauth

import (
	"net/url"
	"strings"
)

// asksFirst reports whether a page of ours must ask the user before l opens WeChat's dialog.
func (a *Auth) asksFirst(v *visit, l login) bool {
	return l.scope.covers(ScopeUserInfo) && !l.check() && !a.cfg.AskAtOnce && !v.wantsLogin()
}

// ask answers with the page that asks first.
func (a *Auth) ask(v *visit) {
	a.look.ask(v.w, v.r, a.cfg.Purpose, a.cfg.PrivacyURL, a.agreeURL(v))
}

// agreeURL returns the URL of the page with tapParam.
func (a *Auth) agreeURL(v *visit) string {
	page := v.uri // unchanged, as far as a link may contain it
	if v.marked() {
		page = v.page().String()
	}
	sign := "?"
	if strings.Contains(page, "?") {
		sign = "&"
	}
	return a.cfg.PublicURL + escape(page) + sign + tapParam + "=1"
}

func validPrivacyURL(raw string) bool {
	if raw == "" || strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") {
		return true
	}
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
