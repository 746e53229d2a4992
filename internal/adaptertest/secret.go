package adaptertest

import (
	"fmt"
	"net/url"

	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// secretCases look for secrets in what programs print. That none is in logs, pages and headers is
// looked at in every case of the table; see [World.close].
func secretCases() Group {
	return Group{"Secrets", []Case{
		{Name: "printed values show none", Test: func(t *World) {
			cfg := t.config(func(cfg *oauth.Config) {
				cfg.Website = &oauth.Website{AppID: "wxsite", Secret: "canary-of-website-secret"}
			})
			t.secrets.add("the website's secret", "canary-of-website-secret")
			t.secrets.add("a token", "canary-access-token")
			t.secrets.add("a token", "canary-refresh-token")
			t.secrets.add("a code", "canary-code")
			t.secrets.add("a state", "canary-state")
			auth, err := oauth.New(cfg)
			t.NoError(err)
			client, err := oauth.NewClient(oauth.ClientConfig{AppID: cfg.AppID, Secret: cfg.Secret})
			t.NoError(err)
			token := oauth.Token{AccessToken: "canary-access-token", RefreshToken: "canary-refresh-token", OpenID: "o1"}
			flow := oauth.FlowParams{
				AccessToken: "canary-access-token", RefreshToken: "canary-refresh-token", Code: "canary-code",
				State: "canary-state",
			}
			params := oauth.AuthorizeParams{State: "canary-state"}
			for _, v := range []any{
				cfg, &cfg, auth, *cfg.Website, cfg.Website, client, *client, token, &token, flow, &flow, params,
				&params,
				oauth.ClientConfig{AppID: cfg.AppID, Secret: cfg.Secret},
				cfg.Secret, cfg.Store,
				struct{ Field any }{cfg},
				[]any{token, &token, cfg},
				map[string]any{"v": flow},
			} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
					t.secrets.see(fmt.Sprintf("a %T printed with %s", v, verb), fmt.Sprintf(verb, v))
				}
			}
		}},
		{Name: "WeChat echoing what it was sent does not make it public", Test: func(t *World) {
			b, a := t.begun("/me")
			code := a.Code(0)
			refuse := func(echo string) []byte {
				return []byte(`{"errcode":40013,"errmsg":"bad call: ` + echo + ` of ` + url.QueryEscape(echo) + `"}`)
			}
			t.Sim.Fail(exchangePath, wxsim.Body(200, "text/plain",
				string(refuse("?secret="+t.Sim.Secret()+"&code="+code))))
			t.WantRefusal(b.Open(a.With("code="+code+"&state="+a.State)), 500, oauth.KindConfig)
			t.Sim.Clear(exchangePath)
			t.Sim.Fail(userInfoPath, wxsim.Edit(func([]byte) []byte {
				log := t.Sim.Log()
				return refuse("?access_token=" + field(log[len(log)-1].Answer, "access_token"))
			}))
			t.WantRefusal(b.Open(PublicURL+"/me"), 500, oauth.KindConfig)
		}},
		{Name: "a broken connection does not put the address into the log", Test: func(t *World) {
			for _, fault := range []wxsim.Fault{
				wxsim.Reset(), wxsim.Hang(), wxsim.Cut(), wxsim.Redirect(302, "https://evil.com/"),
			} {
				for _, path := range []string{exchangePath, userInfoPath} {
					t.Sim.Fail(path, fault)
					t.Browser().Open(PublicURL + "/me")
					t.Sim.Clear(path)
				}
			}
		}},
		{Name: "a Failure handed to the app shows none", Test: func(t *World) {
			t.Deploy(func(cfg *oauth.Config) { cfg.OnError = t.OnError })
			for _, fault := range []wxsim.Fault{
				wxsim.Reset(), wxsim.Code(40125), wxsim.HTML(), wxsim.Code(40226), wxsim.Code(45009),
			} {
				for _, path := range []string{exchangePath, userInfoPath} {
					t.Sim.Fail(path, fault)
					t.Browser().Open(PublicURL + "/me")
					t.Sim.Clear(path)
				}
			}
		}},
	}}
}
