package oauth

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// logIn begins a login, which comes back to the very page that the visit asks for. It goes on in
// the way that this browser can log in. The first case that applies counts.
func (a *Auth) logIn(v *visit, l login) {
	wechat := a.cfg.AnyBrowser || inWeChat(v.r)
	switch {
	// WeChat's dialog refuses to be shown in a part of a page: the user's tap leads out of it. The
	// website app's page with a QR code is made to be framed.
	case framed(v.r) && (wechat || a.website == nil):
		a.showLogin(v, page{Name: framedPage, URL: a.cfg.PublicURL + v.page().String(), Framed: true})

	// WeChat's dialog would be the first that the user hears of it: our own page asks before.
	case wechat && a.asksFirst(v, l):
		a.ask(v)

	// To know the user again WeChat needs to ask for nothing.
	case wechat && l.check():
		l.scope = ScopeBase
		a.redirectToWeChat(v, l, a.client)

	// WeChat's dialog, or its silent redirect.
	case wechat:
		a.redirectToWeChat(v, l, a.client)

	// WeChat's page with a QR code, for browsers on a desktop. Nothing is silent there: a check is a
	// new login.
	case a.website != nil:
		l.scope, l.flags = ScopeLogin, 0
		a.redirectToWeChat(v, l, a.website)

	// A code of our own, which a phone confirms.
	case a.desk != nil:
		a.logInByPhone(v, l.scope)

	// There is no way to log in outside WeChat.
	default:
		a.look.openInWeChat(v.w, v.r, a.cfg.PublicURL+v.page().String())
	}
}

// redirectToWeChat begins a login, and sends the browser to WeChat.
func (a *Auth) redirectToWeChat(v *visit, l login, client *Client) {
	if params, ok := a.begin(v, l, client); ok {
		redirect(v.w, http.StatusFound, client.AuthorizeURL(params))
	}
}

// begin ties a new attempt to this browser, and returns what WeChat's page is to be opened with.
// False: the visit has its answer.
func (a *Auth) begin(v *visit, l login, client *Client) (AuthorizeParams, bool) {
	s := a.attempts.issue(l, v.now)
	if err := a.attempts.tie(v, s); err != nil {
		a.fail(v, newFailure(KindConfig, err))
		return AuthorizeParams{}, false
	}
	if l.restarts == 0 {
		a.observe(v.r.Context(), core.Event{Name: core.EventLoginStarted, Kind: l.kind()})
	}
	return AuthorizeParams{
		RedirectURI:   a.cfg.PublicURL + v.page().outward().String(),
		Scope:         l.scope,
		State:         s.text,
		ForcePopup:    a.cfg.ForcePopup && client == a.client,
		ForceSnapshot: a.cfg.ForceSnapshot && client == a.client,
	}, true
}

// embeds reports whether a script of this site asks for a QR code to show in its page, in a browser
// that logs in that way.
func (a *Auth) embeds(v *visit) bool {
	return a.website != nil && !a.cfg.AnyBrowser && v.r.Method == http.MethodGet && v.path == a.loginPath &&
		v.page().first("embed") == "1" && !inWeChat(v.r) && ownScript(v.r)
}

// answerEmbed begins a login that comes back to LoginPath, as if the browser had been sent there.
func (a *Auth) answerEmbed(v *visit) {
	v.parse().page = v.page().without("embed")
	params, ok := a.begin(v, login{scope: ScopeLogin}, a.website)
	if !ok {
		return
	}
	answers.JSON(v.w, http.StatusOK, map[string]string{
		"appid": a.cfg.Website.AppID, "scope": string(params.Scope), "redirect_uri": params.RedirectURI, "state": params.State,
	})
}

// loginRequired answers what cannot follow a redirect. The page's script adds return_to.
func (a *Auth) loginRequired(v *visit, need demand) {
	loginURL, query := a.cfg.PublicURL+a.loginPath, url.Values{}
	if !a.cfg.Scope.covers(need.scope) {
		query.Set("scope", string(need.scope))
	}
	if need.maxAge > 0 {
		query.Set(freshParam, strconv.Itoa(int(need.maxAge/time.Second)))
	}
	if len(query) > 0 {
		loginURL += "?" + query.Encode()
	}
	v.w.Header().Set("WWW-Authenticate", "WeChat")
	switch {
	case v.r.Method == http.MethodHead:
		answers.Private(v.w.Header())
		v.w.WriteHeader(http.StatusUnauthorized)
	case !wantsPage(v.r):
		a.warnUnserved()
		answers.JSON(v.w, http.StatusUnauthorized, map[string]string{"error": "login_required", "login_url": loginURL})
	// A service worker, or a script that shows whole pages. The page itself can start the login.
	case v.r.Method == http.MethodGet:
		a.showLogin(v, page{Name: loginPage, URL: a.cfg.PublicURL + v.page().String()})
	// A form, whose content is lost.
	default:
		query.Set("return_to", a.prefix+v.page().String())
		a.showLogin(v, page{Name: unsentPage, URL: a.cfg.PublicURL + a.loginPath + "?" + query.Encode()})
	}
}

// showLogin answers with a page whose link leads to a login.
func (a *Auth) showLogin(v *visit, p page) {
	a.look.message(v.w, v.r, http.StatusUnauthorized, p)
}
