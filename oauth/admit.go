package oauth

import (
	"net/http"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// Admit is the whole decision about a request to a guarded page. It returns the request to pass
// on, with the user on its context, or false when it has answered already. need is the least
// scope that the page asks for; "" means Config.Scope.
//
// Whoever is signed in passes, without a call to WeChat. Of the others
//
//   - a page in WeChat goes to WeChat and comes back to the very same URL; where a profile is
//     needed, a page of ours asks first,
//   - a page in another browser gets WeChat's QR login (Config.Website), a code for the phone
//     (Config.Desk), or a page that says where to open it,
//   - fetch, XHR, event streams, WebSockets and HEAD get 401 with a login URL in JSON,
//   - a submitted form, a frame and a service worker get 401 as a page,
//   - a failed login gets a page with the honest status and a link to try again: see [Kind].
//
// Admit also answers Config.LoginPath and the files of Config.VerifyFiles. docs/requests.md has the
// whole table.
func (a *Auth) Admit(w http.ResponseWriter, r *http.Request, need Scope) (*http.Request, bool) {
	return a.admitVisitor(w, r, demand{scope: a.required(need)})
}

// A demand is what a page asks of the session of its visitors.
type demand struct {
	scope  Scope
	maxAge time.Duration // since WeChat said who the user is; 0: any
}

// meets reports whether rec is good enough for d.
func (rec *record) meets(d demand, now time.Time) bool {
	return rec.covers(d.scope) && (d.maxAge == 0 || now.Sub(rec.user.CheckedAt) <= d.maxAge)
}

func (a *Auth) admitVisitor(w http.ResponseWriter, r *http.Request, need demand) (*http.Request, bool) {
	adm := a.admission(r.Context())
	if adm.admits(need) {
		return r, true
	}
	v := newVisit(w, r)
	if a.answerOwnPath(&v) {
		return nil, false
	}
	if adm != nil { // the session was read further out
		return a.decide(&v, need, adm.current())
	}
	return a.admit(&v, need)
}

// admit reads the session, and decides.
func (a *Auth) admit(v *visit, need demand) (*http.Request, bool) {
	rec, err := a.sessions.load(v.r, v.now)
	if err != nil {
		a.fail(v, storeFailure("read", err))
		return nil, false
	}
	return a.decide(v, need, rec)
}

// decide tells what becomes of a request whose session is rec, and of a page that asks for need.
// The first case that applies counts. False: the request has its answer.
func (a *Auth) decide(v *visit, need demand, rec *record) (*http.Request, bool) {
	back, err := v.callback(&a.attempts)
	switch {
	// A state of our form that we did not make, or something beside it that WeChat never sends.
	case err != nil:
		a.fail(v, &Failure{Status: http.StatusBadRequest, Kind: KindState, Err: err})

	// WeChat sends the browser back. What could not be redirected afterwards would waste the code.
	case back != nil && navigation(v.r):
		a.answerCallback(v, need.scope, rec, back)

	// The user came by our asking page, or somebody made its mark up: no page's URL keeps it.
	case rec.covers(need.scope) && v.marked() && navigation(v.r):
		a.redirectTo(v, v.page())

	// The user is known, and has granted enough.
	case rec.meets(need, v.now):
		if fresh, alive := a.grants.refreshProfile(v, rec); alive {
			return a.pass(v.w, v.r, fresh, true), true
		}
		// The grant is withdrawn. Ask for all that was lost, though this page may need less.
		a.logIn(v, login{scope: a.required(Scope(rec.user.Scope))})

	// A page of this site shows WeChat's QR code by itself.
	case a.embeds(v):
		a.answerEmbed(v)

	// Nobody, or one whose session is not enough. A script cannot follow a redirect to WeChat, and
	// the body of a form would be lost on the way.
	case !navigation(v.r):
		a.loginRequired(v, need)

	// One who has granted enough, but too long ago: WeChat says, silently, whether it is still the
	// same user.
	case rec.covers(need.scope):
		a.logIn(v, login{scope: need.scope, flags: flagCheck})

	// Nobody; or one who has granted too little, and keeps the session until there is a better one.
	default:
		a.logIn(v, login{scope: need.scope})
	}
	return nil, false
}

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
		a.fail(v, &Failure{Status: http.StatusInternalServerError, Kind: KindConfig, Err: err})
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

// Identify puts the user on the context if the session is good. It is for public pages that show
// who is signed in: it never answers, sets a cookie or calls WeChat.
func (a *Auth) Identify(w http.ResponseWriter, r *http.Request) *http.Request {
	if a.admission(r.Context()) != nil {
		return r
	}
	rec, err := a.sessions.load(r, time.Now())
	if err != nil && !canceled(err) { // the visitor passes as nobody
		a.reportStoreDown(r.Context(), "read", err)
	}
	if rec == nil {
		varyCookie(w.Header(), new([1]string))
		return r
	}
	return a.pass(w, r, rec, false)
}

// required makes a scope that sessions can be measured by. An unknown one asks for the most.
func (a *Auth) required(need Scope) Scope {
	switch need {
	case "":
		return a.cfg.Scope
	case ScopeBase:
		return ScopeBase
	default:
		return ScopeUserInfo
	}
}

// answerOwnPath answers LoginPath and the verify files, so that they need no route.
func (a *Auth) answerOwnPath(v *visit) bool {
	posted := v.r.Method == http.MethodPost && a.desk != nil // on a phone, to confirm
	if v.r.Method != http.MethodGet && !posted {
		return false
	}
	path := v.path()
	if path == a.loginPath {
		a.loginServed.Store(true)
		a.answerLoginPath(v)
		return true
	}
	content, ours := a.files[path]
	if ours = ours && !posted; ours {
		writeFile(v.w, content)
	}
	return ours
}
