package oauth

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// logIn begins a login that comes back to the page of the visit, in the way in which this browser
// can log in. The first case that is true decides.
func (a *Auth) logIn(v *visit, l login) {
	wechat := a.cfg.AnyBrowser || inWeChat(v.r)
	switch {
	// WeChat's dialog cannot be shown in a frame, so this page has a link that leaves the frame.
	// The QR page of the website app can be shown in one.
	case framed(v.r) && (wechat || a.website == nil):
		a.showLogin(v, page{
			Name: framedPage, URL: a.cfg.PublicURL + v.page().String(), Framed: true,
		})

	// WeChat's dialog would come as a surprise, so our own page asks first.
	case wechat && a.asksFirst(v, l):
		a.ask(v)

	// A service worker hands a redirect on to the browser, but may also keep it for the next load
	// of this URL. So a login begins at another one, which this page links to. A check begins at
	// once, because the user should not notice it.
	case byWorker(v.r) && !l.check() && !v.wantsLogin():
		a.showLogin(v, page{Name: loginPage, URL: a.agreeURL(v)})

	// For a check the openid is enough, which WeChat gives without asking the user.
	case wechat && l.check():
		l.scope = ScopeBase
		a.redirectToWeChat(v, l, a.client)

	// WeChat's dialog, or for ScopeBase its redirect without a dialog.
	case wechat:
		a.redirectToWeChat(v, l, a.client)

	// WeChat's page with a QR code, for browsers on a desktop. It always asks the user, so a check
	// becomes a new login.
	case a.website != nil:
		l.scope, l.flags = ScopeLogin, 0
		a.redirectToWeChat(v, l, a.website)

	// A page with our own QR code, which a phone confirms.
	case a.desk != nil:
		a.logInByPhone(v, l.scope)

	// There is no way to log in outside of WeChat.
	default:
		a.look.openInWeChat(v.w, v.r, a.cfg.PublicURL+v.page().String())
	}
}

// redirectToWeChat begins a login and redirects the browser to WeChat.
func (a *Auth) redirectToWeChat(v *visit, l login, client *Client) {
	if params, ok := a.begin(v, l, client); ok {
		// WeChat on a computer is said to fail at connect_redirect, and does not call back twice.
		address := client.pageURL(params, !onComputer(v.r))
		redirect(v.w, http.StatusFound, address)
	}
}

// begin begins an attempt in this browser and returns the parameters of WeChat's page. It returns
// false if it failed and the visit is answered.
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

// embeds reports whether a script of this site asks for the parameters of WeChat's QR page, in a
// browser that logs in with that.
func (a *Auth) embeds(v *visit) bool {
	return a.website != nil && !a.cfg.AnyBrowser && v.r.Method == http.MethodGet &&
		v.path == a.loginPath &&
		v.page().first("embed") == "1" && !inWeChat(v.r) && ownScript(v.r)
}

// answerEmbed begins a login that comes back to LoginPath and answers with its parameters.
func (a *Auth) answerEmbed(v *visit) {
	v.parse().page = v.page().without("embed")
	params, ok := a.begin(v, login{scope: ScopeLogin}, a.website)
	if !ok {
		return
	}
	answers.JSON(v.w, http.StatusOK, map[string]string{
		"appid": a.cfg.Website.AppID, "scope": string(params.Scope),
		"redirect_uri": params.RedirectURI, "state": params.State,
	})
}

// loginRequired answers a request that cannot follow a redirect. A page's script adds return_to to
// the login URL.
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
	answers.Drain(v.w, v.r)
	switch {
	case v.r.Method == http.MethodHead:
		answers.Private(v.w.Header())
		v.w.WriteHeader(http.StatusUnauthorized)
	case !wantsPage(v.r):
		if v.r.Method == http.MethodGet && v.r.Header.Get("Hx-Boosted") != "" {
			// htmx follows a link itself. With this header it leaves that to the browser.
			v.w.Header().Set("Hx-Redirect", a.cfg.PublicURL+v.page().String())
		}
		a.warnUnserved()
		answers.JSON(v.w, http.StatusUnauthorized, map[string]string{
			"error": "login_required", "login_url": loginURL,
		})
	// A script that shows whole pages. The link leads to the page itself, which starts the login.
	case v.r.Method == http.MethodGet:
		a.showLogin(v, page{Name: loginPage, URL: a.cfg.PublicURL + v.page().String()})
	// A submitted form. Its content is lost.
	default:
		query.Set("return_to", a.prefix+v.page().String())
		a.showLogin(v, page{
			Name: unsentPage, URL: a.cfg.PublicURL + a.loginPath + "?" + query.Encode(),
		})
	}
}

// showLogin answers with a page that has a link to log in.
func (a *Auth) showLogin(v *visit, p page) {
	a.look.message(v.w, v.r, http.StatusUnauthorized, p)
}
