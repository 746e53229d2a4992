package oauth

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// Config describes a login. AppID, Secret, PublicURL and Keys are required; every other zero
// field is a safe default.
type Config struct {
	AppID  string      // of the official account
	Secret core.Secret // its AppSecret
	// PublicURL is the address that browsers use, scheme://host[:port][/path]. It is https, except
	// for loopback addresses, or with InsecureHTTP.
	PublicURL string

	// Name distinguishes several programs with one AppID on one host. It is a part of the names of
	// cookies: 1 to 16 characters of a-z, 0-9 and -. Two Auths with the same AppID and Name share
	// their sessions: whom the OnLogin of one has let in is signed in at the other, too.
	Name string

	// InsecureHTTP allows http on other hosts. Whoever sees the traffic can then take over
	// accounts.
	InsecureHTTP bool

	// Keys are random, 32 bytes or more each, and the same on every replica. The first one seals
	// sessions and states, and each of them opens, so a new key is added at the end and moved to
	// the front later.
	Keys  [][]byte
	Store sessions.Store // default sessionstore.NewCookie(Keys...)

	// Outcomes is how replicas share the results of logins. The default is the Store, if it has
	// this interface, and otherwise the memory of this process.
	Outcomes sessionstore.Outcomes

	Scope         Scope  // what Middleware requires: ScopeUserInfo (default) or ScopeBase
	Lang          string // of profiles: zh_CN (default), zh_TW, en
	ForcePopup    bool   // ask users even if WeChat would not
	ForceSnapshot bool   // open WeChat's snapshot page; needs AllowSnapshot
	// AllowSnapshot lets in the virtual users of snapshot pages. Do not make accounts of them.
	AllowSnapshot bool

	Website *Website // QR login in desktop browsers; default: a page that says "open in WeChat"
	// Desk lets a phone sign in desktop browsers; default: a page that says "open in WeChat".
	Desk       *Desk
	AnyBrowser bool // ignore the User-Agent: for development and the simulator

	MaxAge time.Duration // how long a session lasts from its login; default 30 days
	// The age at which a page load refreshes the profile; default 24 hours.
	ProfileMaxAge time.Duration

	// MemoSize is how many opened sessions are kept in memory, each for a minute at most and in
	// about 1.5 kB. The default is 10,000, and a negative number means none. A logout takes effect
	// at once all the same.
	MemoSize int

	LoginPath  string // where a page's script sends users to log in; default "/wechat/login"
	VerifyFile string // "MP_verify_….txt" of WeChat's domain check; the middleware serves it
	// VerifyFiles are the contents of other files at the root that WeChat asks for, by name:
	// WW_verify_….txt, those of a mini program's business domain, a second MP_verify_….txt.
	VerifyFiles map[string]string

	// AskAtOnce opens WeChat's dialog as soon as a page that needs a profile is opened, without a
	// page that asks first. WeChat's rules forbid that, and such pages are shown as snapshots, so
	// set it only if a page of yours has asked already.
	AskAtOnce bool
	// Purpose is a sentence on the page that asks first: what nickname and avatar are for.
	Purpose string
	// PrivacyURL is a link on that page: a path of this site, or an http(s) URL.
	PrivacyURL string

	// OnLogin is called once per login, before its session is saved: find or make your user here,
	// and set u.MemberID to your own id of the user. Other changes of u have no effect.
	// [ErrRefused] refuses the login with a 403 page. Any other error is answered with a 500 page
	// and logged. ctx ends after 8 seconds at most, but not when the browser hangs up.
	OnLogin func(ctx context.Context, r *http.Request, u *core.User) error
	// OnError replaces the built-in error page. err is a [*Failure]. The address in the browser
	// may contain WeChat's code; the built-in page replaces it by [Failure.RetryURL].
	OnError func(w http.ResponseWriter, r *http.Request, err error)

	// Brand describes the site on the built-in pages. By default, they show only its host.
	Brand Brand

	APIURL     string        // default https://api.weixin.qq.com
	OpenURL    string        // default https://open.weixin.qq.com
	HTTPClient *http.Client  // default: see core.ClientConfig
	Observer   core.Observer // default: none
	Logger     *slog.Logger  // default slog.Default(); ordinary traffic writes nothing above Debug
}

// A Website is a website app of WeChat's open platform. Its openids differ from those of the
// official account; a user's unionid is the same.
//
// A user who scans a code that somebody else shows, and agrees, signs in the browser of that
// person. The phone shows only the name of the site. So ask again before actions that must not be
// done in somebody else's name.
type Website struct {
	AppID  string      // of the website app, not of the official account
	Secret core.Secret // its AppSecret
}

const (
	defaultMaxAge        = 30 * 24 * time.Hour
	defaultProfileMaxAge = 24 * time.Hour
	defaultLoginPath     = "/wechat/login"
	defaultMemoSize      = 10_000
	defaultDeskAge       = 24 * time.Hour
	handoverMaxAge       = 24 * time.Hour // of the session of a mini program's web-view
)

// check returns cfg with its defaults, or all its faults. A fault names its field and does not
// show the value.
func (cfg Config) check() (Config, error) {
	wrong := faults.In("oauth: Config.")
	cfg.Scope = cmp.Or(cfg.Scope, ScopeUserInfo)
	cfg.Lang = cmp.Or(cfg.Lang, "zh_CN")
	cfg.MaxAge = cmp.Or(cfg.MaxAge, defaultMaxAge)
	cfg.ProfileMaxAge = cmp.Or(cfg.ProfileMaxAge, defaultProfileMaxAge)
	cfg.LoginPath = cmp.Or(cfg.LoginPath, defaultLoginPath)
	cfg.MemoSize = cmp.Or(cfg.MemoSize, defaultMemoSize)
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	publicURL, problem := checkPublicURL(cfg.PublicURL, cfg.InsecureHTTP)
	wrong.If(problem != "", "PublicURL", problem)
	cfg.PublicURL = publicURL
	odd := strings.Trim(cfg.Name, "abcdefghijklmnopqrstuvwxyz0123456789-")
	wrong.If(len(cfg.Name) > 16 || odd != "", "Name", "is not 1 to 16 characters of a-z, 0-9 and -")
	wrong.FilledKeys("Keys", cfg.Keys)
	cfg.Keys = slices.Clone(cfg.Keys)
	wrong.If(cfg.Scope != ScopeBase && cfg.Scope != ScopeUserInfo, "Scope",
		"is neither ScopeBase nor ScopeUserInfo")
	wrong.If(!slices.Contains([]string{"zh_CN", "zh_TW", "en"}, cfg.Lang), "Lang",
		"is none of zh_CN, zh_TW, en")
	wrong.If(cfg.ForceSnapshot && !cfg.AllowSnapshot, "ForceSnapshot",
		"needs AllowSnapshot: every login would be refused")
	if cfg.Website != nil {
		site := *cfg.Website
		cfg.Website = &site
		wrong.Account("Website.", site.AppID, string(site.Secret))
		wrong.If(site.AppID != "" && site.AppID == cfg.AppID, "Website.AppID",
			"is the official account's")
	}
	if cfg.Desk != nil {
		desk := *cfg.Desk
		cfg.Desk = &desk
		wrong.If(cfg.Website != nil, "Desk",
			"and Website are two ways to log in on a desktop: choose one")
		wrong.Duration("Desk.MaxAge", desk.MaxAge, time.Second)
		desk.MaxAge = min(cmp.Or(desk.MaxAge, defaultDeskAge), cfg.MaxAge)
	}
	wrong.If(!validPrivacyURL(cfg.PrivacyURL), "PrivacyURL", "is neither a path nor an http(s) URL")
	wrong.Duration("MaxAge", cfg.MaxAge, time.Second)
	wrong.Duration("ProfileMaxAge", cfg.ProfileMaxAge, time.Second)
	wrong.If(!strings.HasPrefix(cfg.LoginPath, "/"), "LoginPath", "does not begin with /")
	wrong.If(path.Clean(cfg.LoginPath) == "/", "LoginPath",
		"is the home page, where logins go on to")
	cfg.Brand.check(wrong, cfg.PublicURL)
	wrong.If(cfg.VerifyFile != "" && !validVerifyFile(cfg.VerifyFile), "VerifyFile",
		"is not of the form MP_verify_….txt")
	for name := range cfg.VerifyFiles {
		wrong.If(!rootFile(name), "VerifyFiles", "has a name that is not one of a file at the root")
	}
	wrong.URL("APIURL", cfg.APIURL)
	wrong.URL("OpenURL", cfg.OpenURL)
	wrong.If(stores.Readable(cfg.Store), "Store", "shows its sessions in clear: "+
		"give sessions.NewCookieStore a block key, or leave Store empty")
	return cfg, wrong.Err()
}

// checkPublicURL returns PublicURL as browsers write it, or the problem with it.
func checkPublicURL(raw string, insecure bool) (publicURL, problem string) {
	if raw == "" {
		return "", "is missing"
	}
	if strings.TrimSpace(raw) != raw { // such as the line end of a file
		return "", "has blanks or a line end round it"
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return "", "is not of the form https://host[:port]"
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil ||
		strings.ContainsAny(raw, "#@") {
		return "", "has more than scheme, host, port and path"
	}
	if u.Path != "" && (path.Clean(u.Path) != u.Path || u.Path == "/" || !plainPath(u.Path)) {
		return "", "has a path that is not plain, or that ends with a slash"
	}
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", "has a host that is not ASCII: write it as browsers send it, xn--…"
	}
	if u.Scheme == "http" && !insecure && !loopback(u.Hostname()) {
		return "", "is http on a host that is not loopback: use https, or set InsecureHTTP"
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.Scheme + "://" + strings.TrimSuffix(host, ":") + u.Path, ""
}

// plainPath reports whether no byte of a path is escaped, or has to be.
func plainPath(path string) bool {
	return strings.Trim(strings.ToLower(path), "abcdefghijklmnopqrstuvwxyz0123456789/-._~") == ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// rootFile reports whether name is that of a file at the root, with or without the slash.
func rootFile(name string) bool {
	name = strings.TrimPrefix(name, "/")
	return name != "" && name[0] != '.' && plainPath(name) && !strings.Contains(name, "/")
}

func validVerifyFile(name string) bool {
	token, ok := strings.CutPrefix(name, "MP_verify_")
	token, ok2 := strings.CutSuffix(token, ".txt")
	return ok && ok2 && subject.ValidID(token)
}
