package demo_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestLogIn(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()

		b.open(t, p.url+"/").want(t, http.StatusOK, `href="/wechat/login?return_to=%2F"`)
		consent := b.open(t, p.url+"/wechat/login?return_to=%2F")
		consent.wantHost(t, p.sim)
		home := b.consent(t, consent, "allow")
		home.wantAt(t, p.url+"/")
		home.want(t, http.StatusOK, "Hello, 小明")

		var user struct{ OpenID, Nickname, HeadImgURL string }
		if api := b.fetch(t, p.url+"/api/me"); json.Unmarshal([]byte(api.body), &user) != nil || user.OpenID == "" || user.Nickname != "小明" {
			t.Errorf("/api/me: %d %s", api.status, api.body)
		}
		b.open(t, p.url+"/me").want(t, http.StatusOK, user.OpenID, user.Nickname, `src="`+user.HeadImgURL+`"`)
		b.open(t, user.HeadImgURL).want(t, http.StatusOK, "<svg")

		home = b.submit(t, p.url+"/wechat/logout", url.Values{"return_to": {"/"}})
		home.wantAt(t, p.url+"/")
		require.NotContains(t, home.body, "小明")

		p.stop(t)
		require.NotRegexp(t, `code=|state=|wx1[0-9a-f]{74}`, p.output.String())
		for _, line := range []string{"/wechat/logout", "SESSION_KEYS is not set"} {
			require.Contains(t, p.output.String(), line)
		}
	})
}

func TestRefuse(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		page := b.consent(t, b.open(t, p.url+"/me"), "refuse")
		page.want(t, http.StatusForbidden, `href="`+p.url+`/me"`)
		require.Equal(t, "/me", page.url.Path)
		b.fetch(t, p.url+"/api/me").want(t, http.StatusUnauthorized)
	})
}

func TestAskForMore(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		p, b := start(t, framework), newBrowser()
		base := b.open(t, p.url+"/base")
		base.wantAt(t, p.url+"/base")
		base.want(t, http.StatusOK, `"openid":"o`)
		require.NotContains(t, base.body, "小明")
		b.open(t, p.url+"/").want(t, http.StatusOK, "signed in silently")
		consent := b.tap(t, b.open(t, p.url+"/me"))
		consent.wantHost(t, p.sim)
		me := b.consent(t, consent, "allow")
		me.wantAt(t, p.url+"/me")
		me.want(t, http.StatusOK, "小明")
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
		page.wantAt(t, p.url+"/me")
		page.want(t, http.StatusUnauthorized, `data-page="ask"`, "To greet you.", `href="https://example.com/privacy"`,
			"The Shop")
		me := b.consent(t, page, "allow")
		me.wantAt(t, p.url+"/me")
		me.want(t, http.StatusOK, "小明")
		p, b = start(t, framework, "ASK_AT_ONCE=1"), newBrowser()
		b.open(t, p.url+"/me").wantHost(t, p.sim)
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
		newBrowser().fetch(t, p.url+"/pay").want(t, http.StatusUnauthorized, "fresh=300")
	})
}

func TestHandover(t *testing.T) {
	sim := simulate(t, wxsim.Config{})
	onEach(t, func(t *testing.T, framework string) {
		p := start(t, framework, append(account(sim), "WECHAT_MINI_APPID="+sim.MiniAppID(), "WECHAT_MINI_SECRET="+sim.MiniSecret())...)
		var js struct{ Code string }
		_ = json.Unmarshal([]byte(newBrowser().open(t, sim.URL+"/wxsim/js_code").body), &js) // or the login fails
		_, login := miniCall(t, http.MethodPost, p.url+"/mini/login", "", `{"code":"`+js.Code+`"}`)
		handover := func(token, page string) view {
			return miniRequest(t, http.MethodPost, p.url+"/mini/handover", token, `{"page":"`+page+`"}`)
		}
		for page, want := range map[string]int{"//evil.com": 400, "https://evil.com/": 400, "": 400, "/me": 200} {
			handover(login.Token, page).want(t, want)
		}
		handover("", "/me").want(t, http.StatusUnauthorized)
		var answer struct{ URL string }
		require.NoError(t, json.Unmarshal([]byte(handover(login.Token, "/api/me").body), &answer))
		view := newBrowser()
		view.agent += " MicroMessenger/8.0.50 miniProgram/" + sim.MiniAppID()
		view.open(t, answer.URL).want(t, http.StatusOK, `"via":"handover"`, login.User.OpenID)
		p = start(t, framework, account(sim)...)
		handover(login.Token, "/me").want(t, http.StatusNotFound) // without a mini program
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
			b.open(t, p.url+path).want(t, want)
		}
		b.submit(t, p.url+"/me", nil).want(t, http.StatusUnauthorized)
		b.send(t, http.MethodHead, p.url+"/me", nil).want(t, http.StatusUnauthorized)
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
			b.open(t, p.url+"/me").want(t, http.StatusUnauthorized, "data:image/png;base64,")
			b.agent += " MicroMessenger/8.0.50"
			b.tap(t, b.open(t, p.url+"/me")).wantHost(t, p.sim)
		})
		t.Run("with a website app", func(t *testing.T) {
			p, b := start(t, framework, "ANY_BROWSER=0", "WECHAT_WEBSITE_APPID=wxsite", "WECHAT_WEBSITE_SECRET=secret"), newBrowser()
			page := b.open(t, p.url+"/me")
			page.want(t, http.StatusOK, "data:image/png;base64,")
			require.Equal(t, "/connect/qrconnect", page.url.Path)
		})
	})
}

// Whoever has no phone is told where one is.
func TestDeskNamesAPhone(t *testing.T) {
	p := start(t, "gin", "DESK=1")
	require.Contains(t, p.output.String(), "Phone   "+p.sim+"/#phone ")
	p.stop(t)
}

func TestWeChatElsewhere(t *testing.T) {
	sim := simulate(t, wxsim.Config{AutoAllow: true})
	onEach(t, func(t *testing.T, framework string) {
		p := start(t, framework, account(sim)...)
		require.Empty(t, p.sim, "a simulator was started")
		b := newBrowser()
		b.agent += " MicroMessenger/8.0.50"
		me := b.tap(t, b.open(t, p.url+"/me"))
		me.wantAt(t, p.url+"/me")
		me.want(t, http.StatusOK, sim.Users()[0].OpenID)
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
		require.NotContains(t, p.output.String(), js.Code)
		require.NotContains(t, p.output.String(), login.Token)
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
			b.fetch(t, p.url+"/api/jssdk?url="+url.QueryEscape(page)).want(t, http.StatusBadRequest)
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
		b.open(t, p.url+"/push?"+query.Encode()).want(t, http.StatusForbidden)

		for _, event := range [][]byte{
			sim.MediaCheckEvent(wxsim.PushJSON, "oUser", "trace1", "risky"),
			sim.AuthorizationEvent(wxsim.PushJSON, "user_authorization_revoke", "oUser"),
		} {
			push(t, p, sim, console, event).want(t, http.StatusOK)
		}
		console.Token = "guessed"
		push(t, p, sim, console, sim.MediaCheckEvent(wxsim.PushJSON, "oUser", "trace2", "pass")).want(t,
			http.StatusForbidden)
		p.stop(t)
		for line, want := range map[string]bool{"trace_id=trace1 passed=false": true, "delete the data that was withdrawn": true, "trace2": false, "oUser": false} {
			require.Equal(t, want, strings.Contains(p.output.String(), line), "%q in the log:\n%s", line, p.output)
		}
	})
}

// push lets WeChat send a message to a program.
func push(t *testing.T, p *program, sim *wxsim.Server, console wxsim.PushConfig, event []byte) view {
	t.Helper()
	res, err := sim.Push(t.Context(), p.url+"/push", console, event)
	return seen(t, res, err)
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
					require.Contains(t, got, want)
				}
				require.NotContains(t, got, "hidden")
			})
		}
	}
}
