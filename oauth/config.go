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
	AppID     string      // of the official account
	Secret    core.Secret // its AppSecret
	PublicURL string      // scheme://host[:port][/path] that browsers use. http only for loopback, or with InsecureHTTP

	// Name tells programs of one AppID on one host apart: it is a part of the cookies' names, 1 to 16 of
	// a-z, 0-9 and -. Two Auths of one AppID and Name share their sessions, and the OnLogin of one is
	// not asked about whom the other has let in.
	Name string

	InsecureHTTP bool // allow http on other hosts: whoever sees the traffic can take over accounts

	Keys  [][]byte       // random, 32 bytes or more each: the first seals, all open. The same on every replica
	Store sessions.Store // default sessionstore.NewCookie(Keys...)

	// Outcomes is what replicas tell each other of logins under way. Default: the Store's, if it has
	// them, else this process's memory.
	Outcomes sessionstore.Outcomes

	Scope         Scope  // what Middleware demands: ScopeUserInfo (default) or ScopeBase
	Lang          string // of profiles: zh_CN (default), zh_TW, en
	ForcePopup    bool   // ask users even where WeChat would not
	ForceSnapshot bool   // open WeChat's snapshot page; needs AllowSnapshot
	AllowSnapshot bool   // let in the virtual users of snapshot pages. Never make accounts of them

	Website    *Website // QR login in desktop browsers; default: a page that says "open in WeChat"
	Desk       *Desk    // a phone signs desktop browsers in; default: a page that says "open in WeChat"
	AnyBrowser bool     // do not look at the User-Agent: for development and the simulator

	MaxAge        time.Duration // a session's life from its login, never extended; default 30 days
	ProfileMaxAge time.Duration // a profile is refreshed in passing when older; default 24 hours

	// MemoSize is how many opened sessions are remembered, each for a minute at most, about 1.5 kB
	// each; default 10,000, negative: none. A logout counts at once.
	MemoSize int

	LoginPath  string // where scripts send people to log in; default "/wechat/login"
	VerifyFile string // "MP_verify_….txt", WeChat's domain check, answered by the middleware
	// VerifyFiles are other files at the root that WeChat asks for, by name: WW_verify_….txt, those
	// of a mini program's business domain, a second MP_verify_….txt. The values are their contents.
	VerifyFiles map[string]string

	// AskAtOnce goes to WeChat's dialog the moment a page opens that needs a profile, without a page
	// of ours that asks first. WeChat's rules forbid that, and show such pages as snapshots: set it
	// only where a page of yours has asked already.
	AskAtOnce bool
	// Purpose is one sentence on the page that asks first: what nickname and avatar are for.
	Purpose string
	// PrivacyURL is linked there: a path of this site, or an http(s) URL.
	PrivacyURL string

	// OnLogin is called once per login, before its session is saved: find or make your user here,
	// and set u.MemberID to what your handlers know the user by. Other changes of u have no effect.
	// [ErrRefused] refuses the login with a 403 page. Any other error is a fault: a 500 page, and
	// its text in the log. ctx lives 8 seconds at most and survives a browser that hangs up.
	OnLogin func(ctx context.Context, r *http.Request, u *core.User) error
	// OnError replaces the built-in error page. err is a [*Failure]. The address may hold WeChat's
	// code: the built-in page replaces it by [Failure.RetryURL] in the browser's history.
	OnError func(w http.ResponseWriter, r *http.Request, err error)

	Brand Brand // what our pages show of this site; default: nothing but its host, where a page needs a name

	APIURL     string        // default https://api.weixin.qq.com
	OpenURL    string        // default https://open.weixin.qq.com
	HTTPClient *http.Client  // default: see core.ClientConfig
	Observer   core.Observer // default: none
	Logger     *slog.Logger  // default slog.Default(); ordinary traffic writes nothing above Debug
}

// A Website is a website app of WeChat's open platform. Its openids differ from the official
// account's; unionids link them.
//
// Whoever scans a stranger's code and agrees signs the stranger's browser in, and the phone shows no
// more than the site's name: ask again before what must not be done in somebody else's name.
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
	handoverMaxAge       = 24 * time.Hour // of a session that a mini program hands over
)

// check returns cfg with its defaults, or all its faults. Each fault names its field; none shows
// a value.
func (cfg Config) check() (Config, error) {
	wrong := faults.In("oauth: Config.")
	if cfg.Scope == "" {
		cfg.Scope = ScopeUserInfo
	}
	if cfg.Lang == "" {
		cfg.Lang = "zh_CN"
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = defaultMaxAge
	}
	if cfg.ProfileMaxAge == 0 {
		cfg.ProfileMaxAge = defaultProfileMaxAge
	}
	if cfg.LoginPath == "" {
		cfg.LoginPath = defaultLoginPath
	}
	if cfg.MemoSize == 0 {
		cfg.MemoSize = defaultMemoSize
	}
	wrong.Account("", cfg.AppID, string(cfg.Secret))
	publicURL, problem := checkPublicURL(cfg.PublicURL, cfg.InsecureHTTP)
	wrong.If(problem != "", "PublicURL", problem)
	cfg.PublicURL = publicURL
	wrong.If(len(cfg.Name) > 16 || strings.Trim(cfg.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "", "Name", "is not 1 to 16 characters of a-z, 0-9 and -")
	wrong.Keys("Keys", cfg.Keys)
	cfg.Keys = slices.Clone(cfg.Keys)
	wrong.If(cfg.Scope != ScopeBase && cfg.Scope != ScopeUserInfo, "Scope", "is neither ScopeBase nor ScopeUserInfo")
	wrong.If(!slices.Contains([]string{"zh_CN", "zh_TW", "en"}, cfg.Lang), "Lang", "is none of zh_CN, zh_TW, en")
	wrong.If(cfg.ForceSnapshot && !cfg.AllowSnapshot, "ForceSnapshot", "needs AllowSnapshot: every login would be refused")
	if cfg.Website != nil {
		site := *cfg.Website
		cfg.Website = &site
		wrong.Account("Website.", site.AppID, string(site.Secret))
		wrong.If(site.AppID != "" && site.AppID == cfg.AppID, "Website.AppID", "is the official account's")
	}
	if cfg.Desk != nil {
		desk := *cfg.Desk
		cfg.Desk = &desk
		wrong.If(cfg.Website != nil, "Desk", "and Website are two ways to log in on a desktop: choose one")
		wrong.Duration("Desk.MaxAge", desk.MaxAge, time.Second)
		desk.MaxAge = min(cmp.Or(desk.MaxAge, defaultDeskAge), cfg.MaxAge)
	}
	wrong.If(!validPrivacyURL(cfg.PrivacyURL), "PrivacyURL", "is neither a path nor an http(s) URL")
	wrong.Duration("MaxAge", cfg.MaxAge, time.Second)
	wrong.Duration("ProfileMaxAge", cfg.ProfileMaxAge, time.Second)
	wrong.If(!strings.HasPrefix(cfg.LoginPath, "/"), "LoginPath", "does not begin with /")
	wrong.If(path.Clean(cfg.LoginPath) == "/", "LoginPath", "is the home page, where logins go on to")
	cfg.Brand.check(wrong, cfg.PublicURL)
	wrong.If(cfg.VerifyFile != "" && !validVerifyFile(cfg.VerifyFile), "VerifyFile", "is not of the form MP_verify_….txt")
	for name := range cfg.VerifyFiles {
		wrong.If(!rootFile(name), "VerifyFiles", "has a name that is not one of a file at the root")
	}
	wrong.URL("APIURL", cfg.APIURL)
	wrong.URL("OpenURL", cfg.OpenURL)
	wrong.If(stores.Readable(cfg.Store), "Store", "shows its sessions in clear: give sessions.NewCookieStore a block key, or leave Store empty")
	return cfg, wrong.Err()
}

// checkPublicURL returns PublicURL as browsers write it, or what is wrong with it.
func checkPublicURL(raw string, insecure bool) (publicURL, problem string) {
	if raw == "" {
		return "", "is missing"
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return "", "is not of the form https://host[:port]"
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil || strings.ContainsAny(raw, "#@") {
		return "", "has more than scheme, host, port and path"
	}
	if u.Path != "" && (path.Clean(u.Path) != u.Path || u.Path == "/" || !plainPath(u.Path)) {
		return "", "has a path that is not plain, or that ends with a slash"
	}
	if u.Scheme == "http" && !insecure && !loopback(u.Hostname()) {
		return "", "is http on a host that is not loopback: use https, or set InsecureHTTP"
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.Scheme + "://" + strings.TrimSuffix(host, ":") + u.Path, ""
}

// plainPath reports whether all bytes of a path mean themselves.
func plainPath(path string) bool {
	return strings.Trim(strings.ToLower(path), "abcdefghijklmnopqrstuvwxyz0123456789/-._~") == ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// rootFile reports whether name is a file's, with or without a slash in front.
func rootFile(name string) bool {
	name = strings.TrimPrefix(name, "/")
	return name != "" && name[0] != '.' && plainPath(name) && !strings.Contains(name, "/")
}

func validVerifyFile(name string) bool {
	token, ok := strings.CutPrefix(name, "MP_verify_")
	token, ok2 := strings.CutSuffix(token, ".txt")
	return ok && ok2 && subject.ValidID(token)
}
