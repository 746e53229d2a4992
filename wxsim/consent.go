package wxsim

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
)

// consentData is the page on the phone on which a user allows or refuses a login.
type consentData struct {
	page

	App                              look
	AppID, Scope, State, RedirectURI string

	// The form sends back one of these, by which the login is found again.
	Query  string // of the authorize page
	Ticket string // of a scan

	Users []consentUser
}

type consentUser struct {
	User

	Chosen bool
}

// Profile reports whether the app asks for a profile.
func (d consentData) Profile() bool { return d.Scope != scopeBase }

// Website reports whether this is the confirmation of a scan.
func (d consentData) Website() bool { return d.Ticket != "" }

// consentPage shows who could log in; data holds the query or the ticket.
func consentPage(w *world, r *http.Request, ask *login, data consentData, owner User) answer {
	data.page = newPage(r)
	data.AppID, data.Scope, data.State, data.RedirectURI = ask.app.AppID, ask.scope, ask.state,
		ask.redirectURI
	data.App = data.look(ask.app)
	for _, u := range w.users() {
		data.Users = append(data.Users, consentUser{u, u.OpenID == owner.OpenID})
	}
	return w.pages.render("consent", data)
}

// decide is POST /wxsim/consent, the form of the consent page.
func decide(w *world, r *http.Request) answer {
	form := r.PostForm
	ask, scan, fault := loginOf(w, r)
	if fault != nil {
		return w.pages.errorPage(r, fault)
	}
	if form.Get("decision") == "add" {
		u := w.addUser(userFromForm(form))
		return withOwner(redirect(formPage(form)), u.OpenID)
	}
	u, ok := w.user(form.Get("user"))
	if !ok {
		return w.pages.errorPage(r, badLink("没有选择用户", "nobody was chosen"))
	}
	d := ask.decided(Decision(form.Get("decision")), u.OpenID)
	_ = d.mode.UnmarshalText([]byte(form.Get("callbacks"))) // an unknown word leaves it at once
	if scan != nil {
		if scan.decided == nil {
			scan.decided = &d
		}
		return withOwner(donePage(w, r, scan), u.OpenID)
	}
	return withOwner(callBack(w, r, d), u.OpenID)
}

// loginOf returns the login of a form of the consent page, and its scan if there is one.
func loginOf(w *world, r *http.Request) (*login, *scan, *pageError) {
	if ticket := r.PostForm.Get("ticket"); ticket != "" {
		found, ok := w.scan(ticket)
		if !ok {
			return nil, nil, expiredScan()
		}
		return found.ask, found, nil
	}
	ask, fault := w.parseLogin(r.PostForm.Get("query"), OfficialAccount)
	return ask, nil, fault
}

// formPage returns the address of the consent page of a form.
func formPage(form url.Values) string {
	if ticket := form.Get("ticket"); ticket != "" {
		return "/wxsim/scan?ticket=" + url.QueryEscape(ticket)
	}
	return "/connect/oauth2/authorize?" + form.Get("query")
}

// userFromForm returns the user in the fields of a form.
func userFromForm(form url.Values) User {
	u := MadeUpUsers(1)[0]
	u.Nickname = cmp.Or(strings.TrimSpace(form.Get("nickname")), "新朋友")
	u.Phone = cmp.Or(strings.TrimSpace(form.Get("phone")), u.Phone)
	u.Snapshot = form.Get("snapshot") != ""
	u.NoUnionID = form.Get("nounionid") != ""
	return u
}

// withOwner sets the cookie of the current user.
func withOwner(a answer, openID string) answer {
	a.header = a.header.Clone()
	a.header.Add("Set-Cookie", monthCookie(ownerCookie, openID))
	return a
}

// monthCookie returns a Set-Cookie header. Browsers keep the cookie for 30 days.
func monthCookie(name, value string) string {
	c := http.Cookie{ //nolint:gosec // the simulator is plain http, and the cookies no secrets
		Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: 30 * 24 * 60 * 60,
	}
	return c.String()
}

// twiceData is the page that calls back twice.
type twiceData struct {
	page

	First, Second string
}
