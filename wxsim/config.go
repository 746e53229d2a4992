package wxsim

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Config describes the simulated WeChat. With the zero value, apps, secrets and one user are
// made up.
type Config struct {
	AppID, Secret               string // the first official account
	WebsiteAppID, WebsiteSecret string // the first website app, for QR login
	MiniAppID, MiniSecret       string // the first mini program

	// Apps are more accounts, of any kind and number. If there is no official account, no website
	// app or no mini program, here or in the fields above, one is made up.
	Apps []App

	Users []User // default: one user with a Chinese nickname and an avatar

	// RedirectDomains are the host names that redirect_uri may have, with or without a port. If
	// empty, it may have any. An app may have its own.
	RedirectDomains []string

	// AutoAllow answers the authorize page and QR login at once, as if the user had tapped
	// "allow". That is the user of the cookie wxsim_user, or else the first one.
	AutoAllow bool

	// Lax accepts the parameters of the authorize page in any order, and unknown ones.
	Lax bool

	// RotateRefreshTokens returns a new refresh_token at each refresh and ends the old one.
	RotateRefreshTokens bool

	// OldProfiles makes wx.getUserProfile return nickname, avatar, gender and region, as clients
	// before November 2022 do. Newer ones return 微信用户 and a grey avatar.
	OldProfiles bool

	// FullTickets makes getticket answer expires_in 7200 even for a ticket that expires sooner.
	FullTickets bool

	// BankCardID makes cv/ocr/bankcard answer "id" instead of "number", as in WeChat's sample.
	BankCardID bool

	// Limits are how often an endpoint may be called, by path. Without a limit it may be called
	// any number of times. [DocumentedLimits] returns those of WeChat.
	Limits map[string]Limit

	// CORSOrigins are the origins, such as http://localhost:5173, whose pages may use the control
	// API.
	CORSOrigins []string

	// Hosts are further names, in small letters, at which the control API and the simulator's own
	// pages are reached. Addresses, localhost and names without a dot need not be listed.
	Hosts []string

	Addr     string       // where Start listens; default "127.0.0.1:0"
	Listener net.Listener // Start serves on it instead of listening on Addr
	// PEM of the authority behind a Listener that speaks TLS, for GET /wxsim/ca.pem.
	CA []byte

	Logger *slog.Logger // default: none. It gets paths and codes, but no queries.
}

// A Kind is the kind of an app, which decides what it may do.
type Kind string

// The kinds of app.
const (
	OfficialAccount Kind = "official_account" // web login inside WeChat, server APIs, message push
	WebsiteApp      Kind = "website_app"      // QR login
	MiniProgram     Kind = "mini_program"     // code2Session, server APIs, message push
	// A third-party platform, which logs in for others' apps.
	Platform Kind = "platform"
)

// An App is an account at WeChat.
type App struct {
	Kind   Kind   `json:"kind"`
	AppID  string `json:"appid"`  // made up when empty
	Secret string `json:"secret"` // made up when empty

	Name string `json:"name,omitempty"` // what people see on consent pages
	Logo string `json:"logo,omitempty"` // http, https or data URL of a square picture

	// gh_…, to whom messages are pushed; made up when empty.
	OriginalID string `json:"original_id,omitempty"`

	RedirectDomains []string `json:"redirect_domains,omitempty"` // default: Config.RedirectDomains

	Push *PushTarget `json:"push,omitempty"` // where messages are pushed; nil for nowhere
}

// A FieldError is one fault of a [Config].
type FieldError struct {
	Field   string // such as "users[1].openid"
	Problem string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Check returns all faults of a Config: errors of type [*FieldError], joined. [New] panics if
// there are any. A Config without Apps, Limits and openids has none.
func (c *Config) Check() error {
	var faults []error
	fault := func(problem, field string, args ...any) {
		faults = append(faults, &FieldError{fmt.Sprintf(field, args...), problem})
	}
	appIDs := map[string]bool{c.AppID: true, c.WebsiteAppID: true, c.MiniAppID: true}
	for i, a := range c.Apps {
		if problem := a.check(); problem != nil {
			fault(problem.Problem, "apps[%d].%s", i, problem.Field)
		}
		if a.AppID != "" && appIDs[a.AppID] {
			fault("is taken by another app", "apps[%d].appid", i)
		}
		appIDs[a.AppID] = true
	}
	openIDs := map[string]bool{}
	for i, u := range c.Users {
		u.check(appIDs, openIDs, func(problem, field string) {
			fault(problem, "users[%d].%s", i, field)
		})
	}
	for i, origin := range c.CORSOrigins {
		if http.NewCrossOriginProtection().AddTrustedOrigin(origin) != nil {
			fault("is not an origin such as http://localhost:5173", "cors[%d]", i)
		}
	}
	for i, host := range c.Hosts {
		if u, err := url.Parse("http://" + host); err != nil || host == "" || u.Host != host ||
			u.Port() != "" || host != strings.ToLower(host) {
			fault("is not a host name in small letters", "hosts[%d]", i)
		}
	}
	known := endpoints()
	for path, limit := range c.Limits {
		if _, ok := known[path]; !ok {
			fault("is no path that WeChat answers", "limits.%s", path)
		}
		if limit.PerMinute < 0 || limit.PerDay < 0 {
			fault("is negative", "limits.%s", path)
		}
	}
	return errors.Join(faults...)
}

// check tells fault what is wrong with a user, and adds its openids to openIDs.
func (u User) check(appIDs, openIDs map[string]bool, fault func(problem, field string)) {
	if u.OpenID != "" && openIDs[u.OpenID] {
		fault("is taken by another user", "openid")
	}
	openIDs[u.OpenID] = true
	for appID, openID := range u.OpenIDs {
		switch {
		case !appIDs[appID] || appID == "":
			fault("is the appid of no app", "openids."+appID)
		case openID == "" || openIDs[openID]:
			fault("is empty or taken by another openid", "openids."+appID)
		}
		openIDs[openID] = true
	}
	for i, appID := range u.Follows {
		if !appIDs[appID] || appID == "" {
			fault("is the appid of no app", fmt.Sprintf("follows[%d]", i))
		}
	}
}

// check returns the first fault of an app.
func (a App) check() *FieldError {
	switch a.Kind {
	case OfficialAccount, WebsiteApp, MiniProgram, Platform:
	default:
		return &FieldError{
			"kind", "must be official_account, website_app, mini_program or platform",
		}
	}
	if u, err := url.Parse(a.Logo); err != nil ||
		a.Logo != "" && u.Scheme != "http" && u.Scheme != "https" &&
			!strings.HasPrefix(a.Logo, "data:image/") {
		return &FieldError{"logo", "is not an http, https or data URL of a picture"}
	}
	if a.Push == nil {
		return nil
	}
	return a.Push.check()
}
