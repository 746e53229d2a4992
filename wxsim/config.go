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

// A Config says what kind of WeChat to be. The zero value is complete: apps, secrets and one
// user are made up.
type Config struct {
	AppID, Secret               string // the first official account
	WebsiteAppID, WebsiteSecret string // the first website app, for QR login
	MiniAppID, MiniSecret       string // the first mini program

	// Apps are more accounts, of any kind and number. Where none is an official account, a
	// website app or a mini program, and no field above names one either, one is made up.
	Apps []App

	Users []User // default: one user with a Chinese nickname and an avatar

	// RedirectDomains are the host names that redirect_uri may have, with or without a port.
	// Empty: any. An app may have its own.
	RedirectDomains []string

	// AutoAllow answers the authorize page and QR login at once, as if the person had tapped
	// "allow". The person is the one of the cookie wxsim_user, else the first user.
	AutoAllow bool

	// Lax takes the parameters of the authorize page in any order, and unknown ones.
	Lax bool

	// RotateRefreshTokens gives a new refresh_token at each refresh and voids the old one.
	RotateRefreshTokens bool

	// OldProfiles makes wx.getUserProfile return nickname, avatar, gender and region, as clients
	// before November 2022 do. Newer ones return 微信用户 and a grey avatar.
	OldProfiles bool

	// FullTickets makes getticket answer expires_in 7200 even for a ticket that expires sooner.
	FullTickets bool

	// BankCardID makes cv/ocr/bankcard answer "id" instead of "number", as in WeChat's sample.
	BankCardID bool

	// Limits are how often an endpoint may be called, by path; empty: any number of times.
	// [DocumentedLimits] are WeChat's own.
	Limits map[string]Limit

	// CORSOrigins are the origins, such as http://localhost:5173, whose pages may use the control
	// API.
	CORSOrigins []string

	// Hosts are further names, in small letters, at which the control API and the simulator's own
	// pages are reached. Addresses, localhost and names without a dot need not be listed.
	Hosts []string

	Addr     string       // where Start listens; default "127.0.0.1:0"
	Listener net.Listener // Start serves on it instead of listening on Addr
	CA       []byte       // PEM of the authority behind a Listener that speaks TLS, for GET /wxsim/ca.pem

	Logger *slog.Logger // default: discards. It is told paths and codes, never a query
}

// A Kind says what an app may do.
type Kind string

// The kinds of app.
const (
	OfficialAccount Kind = "official_account" // web login inside WeChat, server APIs, message push
	WebsiteApp      Kind = "website_app"      // QR login
	MiniProgram     Kind = "mini_program"     // code2Session, server APIs, message push
	Platform        Kind = "platform"         // a third-party platform, which logs in for others' apps
)

// An App is an account at WeChat.
type App struct {
	Kind   Kind   `json:"kind"`
	AppID  string `json:"appid"`  // made up when empty
	Secret string `json:"secret"` // made up when empty

	Name string `json:"name,omitempty"` // what people see on consent pages
	Logo string `json:"logo,omitempty"` // http, https or data URL of a square picture

	OriginalID string `json:"original_id,omitempty"` // gh_…, to whom messages are pushed; made up when empty

	RedirectDomains []string `json:"redirect_domains,omitempty"` // default: Config.RedirectDomains

	Push *PushTarget `json:"push,omitempty"` // where messages are pushed; nil: nowhere
}

// A FieldError is one fault of a [Config].
type FieldError struct {
	Field   string // such as "users[1].openid"
	Problem string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Check returns all faults of a Config: errors of type [*FieldError], joined. [New] panics where
// there are any. A Config without Apps, Limits and openids has no faults.
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
		if u.OpenID != "" && openIDs[u.OpenID] {
			fault("is taken by another user", "users[%d].openid", i)
		}
		openIDs[u.OpenID] = true
		for appID, openID := range u.OpenIDs {
			switch {
			case !appIDs[appID] || appID == "":
				fault("is the appid of no app", "users[%d].openids.%s", i, appID)
			case openID == "" || openIDs[openID]:
				fault("is empty or taken by another openid", "users[%d].openids.%s", i, appID)
			}
			openIDs[openID] = true
		}
		for j, appID := range u.Follows {
			if !appIDs[appID] || appID == "" {
				fault("is the appid of no app", "users[%d].follows[%d]", i, j)
			}
		}
	}
	for i, origin := range c.CORSOrigins {
		if http.NewCrossOriginProtection().AddTrustedOrigin(origin) != nil {
			fault("is not an origin such as http://localhost:5173", "cors[%d]", i)
		}
	}
	for i, host := range c.Hosts {
		if u, err := url.Parse("http://" + host); err != nil || host == "" || u.Host != host || u.Port() != "" || host != strings.ToLower(host) {
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

// check returns the first fault of an app.
func (a App) check() *FieldError {
	switch a.Kind {
	case OfficialAccount, WebsiteApp, MiniProgram, Platform:
	default:
		return &FieldError{"kind", "must be official_account, website_app, mini_program or platform"}
	}
	if u, err := url.Parse(a.Logo); err != nil || a.Logo != "" && u.Scheme != "http" && u.Scheme != "https" && !strings.HasPrefix(a.Logo, "data:image/") {
		return &FieldError{"logo", "is not an http, https or data URL of a picture"}
	}
	if a.Push == nil {
		return nil
	}
	return a.Push.check()
}
