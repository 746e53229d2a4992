package adaptertest

import (
	"fmt"
	"strings"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/oauth"
)

// configCases are configurations that cannot work. New names every faulty field and shows no
// value, and Middleware panics with the same words.
func configCases() Group {
	var cases []Case
	at := func(url string) func(*oauth.Config) { return func(cfg *oauth.Config) { cfg.PublicURL = url } }
	for _, c := range []struct {
		name   string
		field  string // that the error names
		change func(cfg *oauth.Config)
	}{
		{"no AppID", "AppID", func(cfg *oauth.Config) { cfg.AppID = "" }},
		{"no Secret", "Secret", func(cfg *oauth.Config) { cfg.Secret = "" }},
		{"no PublicURL", "PublicURL", at("")},
		{"a PublicURL without scheme", "PublicURL", at("value-of-mine.example.com")},
		{"a PublicURL with a path that ends with a slash", "PublicURL", at("https://example.com/value-of-mine/")},
		{"a PublicURL with a path of dots", "PublicURL", at("https://example.com/value-of-mine/../x")},
		{"a PublicURL with a path that needs escapes", "PublicURL", at("https://example.com/value-of-mine/%2e")},
		{"a Name of other characters", "Name", func(cfg *oauth.Config) { cfg.Name = "value=of-mine" }},
		{"a Name of 17 characters", "Name", func(cfg *oauth.Config) { cfg.Name = "value-of-mine-too" }},
		{"a PublicURL with a slash", "PublicURL", at("https://value-of-mine.example.com/")},
		{"a PublicURL with a query", "PublicURL", at("https://value-of-mine.example.com?a=1")},
		{"a PublicURL with a fragment", "PublicURL", at("https://value-of-mine.example.com#a")},
		{"a PublicURL with a user", "PublicURL", at("https://value-of-mine:x@example.com")},
		{"a PublicURL without host", "PublicURL", at("https://:443")},
		{"a PublicURL whose host is not ASCII", "PublicURL", at("https://value-of-mine.商店.example.com")},
		{"a PublicURL of another scheme", "PublicURL", at("ftp://value-of-mine.example.com")},
		{"a plain http PublicURL", "PublicURL", at("http://value-of-mine.example.com")},
		{"no Keys", "Keys", func(cfg *oauth.Config) { cfg.Keys = nil }},
		{"a short key", "Keys[1]", func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('1'), []byte("value-of-mine")} }},
		{"a key of zeros", "Keys[0]", func(cfg *oauth.Config) { cfg.Keys = [][]byte{make([]byte, 32)} }},
		{"an AppID with a line end", "AppID", func(cfg *oauth.Config) { cfg.AppID = "value-of-mine\n" }},
		{"a Secret with a blank", "Secret", func(cfg *oauth.Config) { cfg.Secret = "value-of-mine " }},
		{"a MaxAge in nanoseconds", "MaxAge", func(cfg *oauth.Config) { cfg.MaxAge = 30 }},
		{"a ProfileMaxAge in nanoseconds", "ProfileMaxAge", func(cfg *oauth.Config) { cfg.ProfileMaxAge = 30 }},
		{"a Desk's MaxAge in nanoseconds", "Desk.MaxAge", func(cfg *oauth.Config) {
			cfg.Desk = &oauth.Desk{MaxAge: 30}
		}},
		{"an unknown Scope", "Scope", func(cfg *oauth.Config) { cfg.Scope = "value-of-mine" }},
		{"the Scope of a website", "Scope", func(cfg *oauth.Config) { cfg.Scope = oauth.ScopeLogin }},
		{"an unknown Lang", "Lang", func(cfg *oauth.Config) { cfg.Lang = "value-of-mine" }},
		{"a negative MaxAge", "MaxAge", func(cfg *oauth.Config) { cfg.MaxAge = -1 }},
		{"a negative ProfileMaxAge", "ProfileMaxAge", func(cfg *oauth.Config) { cfg.ProfileMaxAge = -1 }},
		{"a LoginPath without slash", "LoginPath", func(cfg *oauth.Config) { cfg.LoginPath = "value-of-mine" }},
		{"a LoginPath that is the home page", "LoginPath", func(cfg *oauth.Config) { cfg.LoginPath = "//" }},
		{"a Website without AppID", "Website.AppID", func(cfg *oauth.Config) {
			cfg.Website = &oauth.Website{Secret: "value-of-mine"}
		}},
		{"a Website without Secret", "Website.Secret", func(cfg *oauth.Config) {
			cfg.Website = &oauth.Website{AppID: "value-of-mine"}
		}},
		{"ForceSnapshot without AllowSnapshot", "ForceSnapshot", func(cfg *oauth.Config) { cfg.ForceSnapshot = true }},
		{"an APIURL that is none", "APIURL", func(cfg *oauth.Config) { cfg.APIURL = "value-of-mine" }},
		{"an OpenURL of another scheme", "OpenURL", func(cfg *oauth.Config) { cfg.OpenURL = "ftp://value-of-mine" }},
		{"a VerifyFile of another form", "VerifyFile", func(cfg *oauth.Config) {
			cfg.VerifyFile = "../value-of-mine.txt"
		}},
		{"a gorilla store that shows what it holds", "Store", func(cfg *oauth.Config) {
			cfg.Store = sessions.NewCookieStore([]byte("value-of-mine-value-of-mine-12345"))
		}},
	} {
		cases = append(cases, Case{Name: c.name + " is refused", Test: func(t *World) {
			t.wantFault(c.change, c.field)
		}})
	}
	return Group{"Configuration", append(cases,
		Case{Name: "all faults are named at once", Test: func(t *World) {
			t.wantFault(func(cfg *oauth.Config) {
				*cfg = oauth.Config{
					Scope: "value-of-mine", Lang: "value-of-mine", LoginPath: "x", APIURL: "value-of-mine",
					ForceSnapshot: true, MaxAge: -1, Store: cfg.Store,
				}
			}, "AppID", "Secret", "PublicURL", "Keys", "Scope", "Lang", "LoginPath", "APIURL", "ForceSnapshot",
				"MaxAge")
		}},
		Case{Name: "what is written another way is understood", Test: func(t *World) {
			for _, change := range []func(cfg *oauth.Config){
				at("HTTPS://Shop.Example.COM:443"),
				func(cfg *oauth.Config) {
					cfg.APIURL, cfg.OpenURL = "https://api.weixin.qq.com/", "https://open.weixin.qq.com/"
				},
				func(cfg *oauth.Config) { cfg.Keys = [][]byte{append(Key('1'), Key('2')...)} },
			} {
				t.Deploy(change)
				t.SignIn(t.Browser())
			}
		}},
		Case{Name: "http is taken on loopback, and elsewhere with InsecureHTTP", Test: func(t *World) {
			for _, change := range []func(cfg *oauth.Config){
				at("http://localhost:8080"),
				at("http://127.0.0.1"),
				at("http://[::1]:8080"),
				func(cfg *oauth.Config) { cfg.PublicURL, cfg.InsecureHTTP = "http://shop.example.com", true },
			} {
				t.Deploy(change)
			}
		}},
		Case{Name: "New does not call WeChat", Test: func(t *World) {
			t.wantSame(len(t.Sim.Log()), 0, "calls")
		}},
		Case{Name: "a changed Config does not change a running app", Test: func(t *World) {
			cfg := t.config(nil)
			cfg.Keys = [][]byte{Key('1')}
			h, err := t.Frame.Routes(cfg, t)
			t.NoError(err)
			cfg.Keys[0] = nil
			t.Net.Serve(Host, h)
			t.SignIn(t.Browser())
		}},
	)}
}

// wantFault fails the case unless a changed configuration is refused with the names of the fields
// and without any value.
func (w *World) wantFault(change func(*oauth.Config), fields ...string) {
	w.Helper()
	cfg := w.config(nil)
	change(&cfg)
	_, err := w.Frame.Routes(cfg, w)
	if err == nil {
		w.Fatal("the configuration was taken")
	}
	for _, field := range fields {
		if !strings.Contains(err.Error(), "oauth: Config."+field+" ") {
			w.Errorf("%v\ndoes not name %s", err, field)
		}
	}
	w.wantSame(strings.Count(err.Error(), "\n")+1, len(fields), "faults in "+err.Error())
	if strings.Contains(err.Error(), "value-of-mine") || strings.Contains(err.Error(), w.Sim.Secret()) {
		w.Errorf("%v\nshows a value", err)
	}
	defer func() {
		w.wantSame(fmt.Sprint(recover()), err.Error(), "Middleware panics")
	}()
	w.Frame.OneLine(cfg, w)
}
