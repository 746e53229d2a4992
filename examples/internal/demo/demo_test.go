package demo_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestLogIn(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()

		home := b.open(t, p.url+"/")
		if home.status != http.StatusOK || !strings.Contains(home.body, `href="/wechat/login?return_to=%2F"`) {
			t.Fatalf("the home page has no login link: %d\n%s", home.status, home.body)
		}
		consent := b.open(t, p.url+"/wechat/login?return_to=%2F")
		if "http://"+consent.url.Host != p.sim {
			t.Fatalf("the login link led to %v, want the simulator at %s", consent.url, p.sim)
		}
		home = b.consent(t, consent, "allow")
		if home.url.String() != p.url+"/" || !strings.Contains(home.body, "Hello, 小明") {
			t.Fatalf("after the login at %v:\n%s", home.url, home.body)
		}

		var user struct{ OpenID, Nickname, HeadImgURL string }
		if api := b.fetch(t, p.url+"/api/me"); json.Unmarshal([]byte(api.body), &user) != nil || user.OpenID == "" || user.Nickname != "小明" {
			t.Errorf("/api/me: %d %s", api.status, api.body)
		}
		profile := b.open(t, p.url+"/me")
		for _, want := range []string{user.OpenID, user.Nickname, `src="` + user.HeadImgURL + `"`} {
			if !strings.Contains(profile.body, want) {
				t.Errorf("the profile page lacks %q:\n%s", want, profile.body)
			}
		}
		if avatar := b.open(t, user.HeadImgURL); avatar.status != http.StatusOK || !strings.Contains(avatar.body, "<svg") {
			t.Errorf("the avatar: %d %s", avatar.status, avatar.body)
		}

		home = b.submit(t, p.url+"/wechat/logout", url.Values{"return_to": {"/"}})
		if home.url.String() != p.url+"/" || strings.Contains(home.body, "小明") {
			t.Errorf("after the logout at %v:\n%s", home.url, home.body)
		}

		p.stop(t)
		if secret := regexp.MustCompile(`code=|state=|wx1[0-9a-f]{74}`).FindString(p.output.String()); secret != "" {
			t.Errorf("the log has %q:\n%s", secret, p.output)
		}
		for _, line := range []string{"/wechat/logout", "SESSION_KEYS is not set"} {
			if !strings.Contains(p.output.String(), line) {
				t.Errorf("the log lacks %q:\n%s", line, p.output)
			}
		}
	})
}

func TestRefuse(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		page := b.consent(t, b.open(t, p.url+"/me"), "refuse")
		if page.status != http.StatusForbidden || page.url.Path != "/me" || !strings.Contains(page.body, `href="`+p.url+`/me"`) {
			t.Errorf("after a refusal: %d %v\n%s", page.status, page.url, page.body)
		}
		if api := b.fetch(t, p.url+"/api/me"); api.status != http.StatusUnauthorized {
			t.Errorf("/api/me after a refusal: %d %s", api.status, api.body)
		}
	})
}

func TestAskForMore(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		base := b.open(t, p.url+"/base")
		if base.url.String() != p.url+"/base" || !strings.Contains(base.body, `"openid":"o`) || strings.Contains(base.body, "小明") {
			t.Errorf("/base ended at %v: %s", base.url, base.body)
		}
		if home := b.open(t, p.url+"/"); !strings.Contains(home.body, "signed in silently") {
			t.Errorf("the home page after /base:\n%s", home.body)
		}
		consent := b.tap(t, b.open(t, p.url+"/me"))
		if "http://"+consent.url.Host != p.sim {
			t.Fatalf("/me after /base ended at %v, want the consent page", consent.url)
		}
		if me := b.consent(t, consent, "allow"); me.url.String() != p.url+"/me" || !strings.Contains(me.body, "小明") {
			t.Errorf("/me after the consent: %v\n%s", me.url, me.body)
		}
	})
}

// Only what a browser opens is a page. All else at /base stays JSON, which programs read there.
func TestBasePage(t *testing.T) {
	const page = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, framework := range frameworks {
		p, b := start(t, framework), newBrowser()
		var user struct{ OpenID string }
		if err := json.Unmarshal([]byte(b.open(t, p.url+"/base").body), &user); err != nil || user.OpenID == "" {
			t.Fatalf("%s: /base names nobody: %v", framework, err)
		}
		for _, tt := range []struct {
			name, accept, language string
			fetch                  [2]string // Sec-Fetch-Mode, Sec-Fetch-Dest
			want                   string    // in a page; "" for JSON
		}{
			{"a browser", page, "en", [2]string{"navigate", "document"}, "Silent login"},
			{"a Chinese browser", page, "zh", [2]string{"navigate", "document"}, "静默登录"},
			{"a browser that only names the mode", page, "en", [2]string{"navigate", ""}, "Silent login"},
			{"a browser that only names the destination", page, "en", [2]string{"", "document"}, "Silent login"},
			{"a program that accepts HTML", page, "en", [2]string{}, ""},
			{"a program that accepts anything", "*/*", "", [2]string{}, ""},
			{"a program that says nothing", "", "", [2]string{}, ""},
			{"a program that wants JSON", "application/json", "en", [2]string{"navigate", "document"}, ""},
			{"a page's script", page, "en", [2]string{"cors", "empty"}, ""},
		} {
			t.Run(framework+": "+tt.name, func(t *testing.T) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/base", nil)
				require.NoError(t, err)
				for name, value := range map[string]string{
					"Accept": tt.accept, "Accept-Language": tt.language,
					"Sec-Fetch-Mode": tt.fetch[0], "Sec-Fetch-Dest": tt.fetch[1],
				} {
					if value != "" {
						req.Header.Set(name, value)
					}
				}
				got := b.do(t, req)
				if isJSON := json.Valid([]byte(got.body)); isJSON == (tt.want != "") ||
					!strings.Contains(got.body, tt.want) || !strings.Contains(got.body, user.OpenID) {
					t.Errorf("/base: %d %s", got.status, got.body)
				}
			})
		}
	}
}

func TestAskFirst(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework, "PURPOSE=To greet you.", "PRIVACY_URL=https://example.com/privacy", "BRAND_NAME=The Shop"), newBrowser()
		page := b.open(t, p.url+"/me")
		if page.status != http.StatusUnauthorized || page.url.String() != p.url+"/me" {
			t.Fatalf("/me: %d %v", page.status, page.url)
		}
		for _, want := range []string{`data-page="ask"`, "To greet you.", `href="https://example.com/privacy"`, "The Shop"} {
			if !strings.Contains(page.body, want) {
				t.Errorf("the page that asks lacks %q:\n%s", want, page.body)
			}
		}
		if me := b.consent(t, page, "allow"); me.url.String() != p.url+"/me" || !strings.Contains(me.body, "小明") {
			t.Errorf("/me after the consent: %v\n%s", me.url, me.body)
		}
		p, b = start(t, framework, "ASK_AT_ONCE=1"), newBrowser()
		if page = b.open(t, p.url+"/me"); "http://"+page.url.Host != p.sim {
			t.Errorf("with ASK_AT_ONCE /me ended at %v", page.url)
		}
	})
}

func TestPay(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		pay := b.consent(t, b.open(t, p.url+"/pay"), "allow")
		var user struct {
			OpenID, Via string
			MemberID    string `json:"member_id"`
			CheckedAt   int64  `json:"checked_at"`
		}
		if json.Unmarshal([]byte(pay.body), &user) != nil || user.OpenID == "" || user.CheckedAt == 0 || user.Via != "" || user.MemberID != "m-"+user.OpenID[:8] {
			t.Errorf("/pay: %d %s", pay.status, pay.body)
		}
		script := newBrowser()
		if v := script.fetch(t, p.url+"/pay"); v.status != http.StatusUnauthorized || !strings.Contains(v.body, "fresh=300") {
			t.Errorf("/pay for a script: %d %s", v.status, v.body)
		}
	})
}

func TestHandover(t *testing.T) {
	sim := simulate(t, wxsim.Config{})
	onEach(t, func(t *testing.T, framework string) {
		p := start(t, framework, append(account(sim), "WECHAT_MINI_APPID="+sim.MiniAppID(), "WECHAT_MINI_SECRET="+sim.MiniSecret())...)
		var js struct{ Code string }
		_ = json.Unmarshal([]byte(newBrowser().open(t, sim.URL+"/wxsim/js_code").body), &js) // or the login fails
		_, login := miniCall(t, http.MethodPost, p.url+"/mini/login", "", `{"code":"`+js.Code+`"}`)
		handover := func(token, page string) (int, string) {
			got := miniRequest(t, http.MethodPost, p.url+"/mini/handover", token, `{"page":"`+page+`"}`)
			var answer struct{ URL string }
			_ = json.Unmarshal([]byte(got.body), &answer) // of a refusal there is none
			return got.status, answer.URL
		}
		for page, want := range map[string]int{"//evil.com": 400, "https://evil.com/": 400, "": 400, "/me": 200} {
			if status, _ := handover(login.Token, page); status != want {
				t.Errorf("a handover to %q: %d, want %d", page, status, want)
			}
		}
		if status, _ := handover("", "/me"); status != http.StatusUnauthorized {
			t.Errorf("a handover of nobody: %d", status)
		}
		_, address := handover(login.Token, "/api/me")
		view := newBrowser()
		view.agent += " MicroMessenger/8.0.50 miniProgram/" + sim.MiniAppID()
		if me := view.open(t, address); !strings.Contains(me.body, `"via":"handover"`) || !strings.Contains(me.body, login.User.OpenID) {
			t.Errorf("the web-view sees %d %s", me.status, me.body)
		}
		p = start(t, framework, account(sim)...)
		if status, _ := handover(login.Token, "/me"); status != http.StatusNotFound {
			t.Errorf("a handover without a mini program: %d", status)
		}
	})
}

func TestScriptsAreToldWhereToLogIn(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		for _, path := range []string{"/me", "/api/me", "/events", "/base"} {
			got := b.fetch(t, p.url+path)
			var answer struct {
				Error    string `json:"error"`
				LoginURL string `json:"login_url"`
			}
			if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusUnauthorized ||
				answer.Error != "login_required" || answer.LoginURL != p.url+"/wechat/login" {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		for path, want := range map[string]int{
			"/healthz": http.StatusOK, "/nowhere": http.StatusNotFound, "/push": http.StatusNotFound, "/wechat/logout": http.StatusMethodNotAllowed,
		} {
			if got := b.open(t, p.url+path); got.status != want {
				t.Errorf("%s: %d, want %d", path, got.status, want)
			}
		}
		if got := b.submit(t, p.url+"/me", nil); got.status != http.StatusUnauthorized {
			t.Errorf("POST /me: %d, want 401", got.status)
		}
		if got := b.send(t, http.MethodHead, p.url+"/me", nil); got.status != http.StatusUnauthorized {
			t.Errorf("HEAD /me: %d, want 401", got.status)
		}
	})
}

func TestEventsEndWhenTheProgramStops(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		b.open(t, p.url+"/base")
		b.consent(t, b.open(t, p.url+"/me"), "allow")
		res, err := b.client.Get(p.url + "/events")
		require.NoError(t, err)
		defer res.Body.Close()
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != "text/event-stream" {
			t.Fatalf("/events: %s %s", res.Status, got)
		}
		lines := bufio.NewScanner(res.Body)
		if !lines.Scan() || lines.Text() != "event: time" || !lines.Scan() || !strings.HasPrefix(lines.Text(), "data: 2") {
			t.Errorf("first event: %q, %v", lines.Text(), lines.Err())
		}
		p.stop(t)
		for lines.Scan() {
		}
		require.NoError(t, lines.Err(), "the stream was cut off")
	})
}

func TestOtherBrowsers(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		t.Run("without a website app", func(t *testing.T) {
			p, b := start(t, framework, "ANY_BROWSER=0"), newBrowser()
			page := b.open(t, p.url+"/me")
			if page.status != http.StatusUnauthorized || !strings.Contains(page.body, "data:image/png;base64,") {
				t.Errorf("/me: %d\n%s", page.status, page.body)
			}
			b.agent += " MicroMessenger/8.0.50"
			if page = b.tap(t, b.open(t, p.url+"/me")); "http://"+page.url.Host != p.sim {
				t.Errorf("/me in WeChat ended at %v", page.url)
			}
		})
		t.Run("with a website app", func(t *testing.T) {
			p, b := start(t, framework, "ANY_BROWSER=0", "WECHAT_WEBSITE_APPID=wxsite", "WECHAT_WEBSITE_SECRET=secret"), newBrowser()
			page := b.open(t, p.url+"/me")
			if page.status != http.StatusOK || page.url.Path != "/connect/qrconnect" || !strings.Contains(page.body, "data:image/png;base64,") {
				t.Errorf("/me: %d %v\n%s", page.status, page.url, page.body)
			}
		})
	})
}

func TestWeChatElsewhere(t *testing.T) {
	sim := simulate(t, wxsim.Config{AutoAllow: true})
	onEach(t, func(t *testing.T, framework string) {
		p := start(t, framework, account(sim)...)
		if p.sim != "" {
			t.Errorf("a simulator was started at %s", p.sim)
		}
		b := newBrowser()
		b.agent += " MicroMessenger/8.0.50"
		if me := b.tap(t, b.open(t, p.url+"/me")); me.url.String() != p.url+"/me" || !strings.Contains(me.body, sim.Users()[0].OpenID) {
			t.Errorf("/me: %d %v\n%s", me.status, me.url, me.body)
		}
	})
}

func TestMiniProgram(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		var js struct{ Code string }
		if got := b.open(t, p.sim+"/wxsim/js_code"); json.Unmarshal([]byte(got.body), &js) != nil || js.Code == "" {
			t.Fatalf("the simulator's wx.login: %s", got.body)
		}
		status, login := miniCall(t, http.MethodPost, p.url+"/mini/login", "", `{"code":"`+js.Code+`"}`)
		if status != http.StatusOK || login.Token == "" || login.User.OpenID == "" {
			t.Fatalf("/mini/login: %d %+v", status, login)
		}
		if status, me := miniCall(t, http.MethodGet, p.url+"/mini/me", login.Token, ""); status != http.StatusOK || me.OpenID != login.User.OpenID {
			t.Errorf("/mini/me: %d %+v", status, me)
		}
		if status, me := miniCall(t, http.MethodGet, p.url+"/mini/me", "", ""); status != http.StatusUnauthorized || me.Error != "login_required" {
			t.Errorf("/mini/me without a token: %d %+v", status, me)
		}
		if status, answer := miniCall(t, http.MethodPost, p.url+"/mini/login", "", `{"code":"`+js.Code+`"}`); status != http.StatusUnauthorized || answer.Error != "invalid_code" {
			t.Errorf("/mini/login with a used code: %d %+v", status, answer)
		}
		if status, answer := miniCall(t, http.MethodPost, p.url+"/mini/logout", login.Token, ""); status != http.StatusNoContent {
			t.Errorf("/mini/logout: %d %+v", status, answer)
		}
		p.stop(t)
		if strings.Contains(p.output.String(), js.Code) || strings.Contains(p.output.String(), login.Token) {
			t.Errorf("the log has a code or a token:\n%s", p.output)
		}
	})
}

// A miniAnswer is what the three routes of the mini program answer.
type miniAnswer struct {
	Token, Error, OpenID string
	User                 struct{ OpenID string }
}

// miniCall is a wx.request of a mini program that is answered in JSON.
func miniCall(t *testing.T, method, address, token, body string) (status int, answer miniAnswer) {
	t.Helper()
	got := miniRequest(t, method, address, token, body)
	if got.body != "" {
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
			t.Fatalf("%s: %v in %q", address, err, got.body)
		}
	}
	return got.status, answer
}

// miniRequest is a wx.request.
func miniRequest(t *testing.T, method, address, token, body string) view {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return newBrowser().do(t, req)
}

func TestPageSignature(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		b.consent(t, b.open(t, p.url+"/me"), "allow")
		got := b.fetch(t, p.url+"/api/jssdk?url="+url.QueryEscape(p.url+"/me?a=1"))
		var config struct{ AppID, NonceStr, Signature string }
		if json.Unmarshal([]byte(got.body), &config) != nil || got.status != http.StatusOK || config.AppID == "" || config.NonceStr == "" || len(config.Signature) != 40 {
			t.Errorf("/api/jssdk: %d %s", got.status, got.body)
		}
		for _, page := range []string{"", "https://example.com/", p.url + ".example.com/", p.url} {
			if got := b.fetch(t, p.url+"/api/jssdk?url="+url.QueryEscape(page)); got.status != http.StatusBadRequest {
				t.Errorf("/api/jssdk for %q: %d %s", page, got.status, got.body)
			}
		}
	})
}

func TestPush(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	onEach(t, func(t *testing.T, framework string) {
		console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43)}
		p, b := start(t, framework, "PUSH_TOKEN="+console.Token, "PUSH_AES_KEY="+console.EncodingAESKey,
			"WECHAT_MINI_APPID="+sim.MiniAppID(), "WECHAT_MINI_SECRET="+sim.MiniSecret()), newBrowser()

		parts := []string{console.Token, "1700000000", "nonce"}
		slices.Sort(parts)
		sum := sha1.Sum([]byte(strings.Join(parts, "")))
		query := url.Values{"timestamp": {"1700000000"}, "nonce": {"nonce"}, "echostr": {"hello"}, "signature": {hex.EncodeToString(sum[:])}}
		if got := b.open(t, p.url+"/push?"+query.Encode()); got.status != http.StatusOK || got.body != "hello" {
			t.Errorf("WeChat's check of the address: %d %s", got.status, got.body)
		}
		query.Set("nonce", "other")
		if got := b.open(t, p.url+"/push?"+query.Encode()); got.status != http.StatusForbidden {
			t.Errorf("a forged check: %d %s", got.status, got.body)
		}

		for _, event := range [][]byte{
			sim.MediaCheckEvent(wxsim.PushJSON, "oUser", "trace1", "risky"),
			sim.AuthorizationEvent(wxsim.PushJSON, "user_authorization_revoke", "oUser"),
		} {
			res, err := sim.Push(t.Context(), p.url+"/push", console, event)
			require.NoError(t, err)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("a message: %s", res.Status)
			}
		}
		console.Token = "guessed"
		res, err := sim.Push(t.Context(), p.url+"/push", console, sim.MediaCheckEvent(wxsim.PushJSON, "oUser", "trace2", "pass"))
		require.NoError(t, err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("a forged message: %s", res.Status)
		}
		p.stop(t)
		for line, want := range map[string]bool{"trace_id=trace1 passed=false": true, "delete the data that was withdrawn": true, "trace2": false, "oUser": false} {
			if strings.Contains(p.output.String(), line) != want {
				t.Errorf("the log has %q: %t, want %t\n%s", line, !want, want, p.output)
			}
		}
	})
}

func TestRefusesToStart(t *testing.T) {
	taken := start(t, "nethttp")
	addr, simAddr := strings.TrimPrefix(taken.url, "http://"), strings.TrimPrefix(taken.sim, "http://")
	for _, framework := range frameworks {
		for _, tt := range []struct {
			name string
			env  []string
			want []string
		}{
			{"several bad variables", []string{"ADDR=nowhere", "WECHAT_SECRET=hidden", "SESSION_KEYS=hidden"}, []string{"ADDR", "WECHAT_APPID", "SESSION_KEYS"}},
			{"the address is taken", []string{"ADDR=" + addr}, []string{"ADDR: another program listens on " + addr}},
			{"the simulator's address is taken", []string{"ADDR=" + freeAddr(t), "WXSIM_ADDR=" + simAddr}, []string{"WXSIM_ADDR: another program listens on " + simAddr}},
			{"a push key that is none", []string{"ADDR=" + freeAddr(t), "WXSIM_ADDR=127.0.0.1:0", "PUSH_TOKEN=token", "PUSH_AES_KEY=hidden"}, []string{"PUSH_AES_KEY"}},
		} {
			t.Run(framework+": "+tt.name, func(t *testing.T) {
				got := refuses(t, framework, tt.env...)
				for _, want := range tt.want {
					if !strings.Contains(got, want) {
						t.Errorf("it says %q, want %q in it", got, want)
					}
				}
				if strings.Contains(got, "hidden") {
					t.Errorf("it shows a secret: %s", got)
				}
			})
		}
	}
}
