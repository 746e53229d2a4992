package demo_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/wxsim"
)

// shared is the environment of every replica of a fleet.
func shared(sim *wxsim.Server, redis *redistest.Server) []string {
	return append([]string{
		"REDIS_URL=redis://" + redis.Addr, "SESSION_KEYS=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)), "ANY_BROWSER=1",
		"WECHAT_MINI_APPID=" + sim.MiniAppID(), "WECHAT_MINI_SECRET=" + sim.MiniSecret(),
	}, account(sim)...)
}

func TestReplicasShareSessionsAndTheAppToken(t *testing.T) {
	sim, redis := simulate(t, wxsim.Config{Users: wxsim.MadeUpUsers(4)}), redistest.Start(t)
	onEach(t, func(t *testing.T, framework string) {
		redis.Do("FLUSHALL")
		sim.Reset()
		first := start(t, framework, shared(sim, redis)...)
		second := start(t, framework, shared(sim, redis)...)
		b := newBrowser()
		b.consent(t, b.open(t, first.url+"/me"), "allow")
		for _, p := range []*program{first, second} {
			if got := b.fetch(t, p.url+"/api/me"); got.status != http.StatusOK {
				t.Errorf("/api/me: %d %s", got.status, got.body)
			}
			if got := b.fetch(t, p.url+"/api/jssdk?url="+url.QueryEscape(p.url+"/me")); got.status != http.StatusOK {
				t.Errorf("/api/jssdk: %d %s", got.status, got.body)
			}
		}
		for path, want := range map[string]int{"/sns/oauth2/access_token": 1, "/cgi-bin/stable_token": 1, "/cgi-bin/ticket/getticket": 1} {
			if got := sim.Calls(path); got != want {
				t.Errorf("%d calls of %s, want %d", got, path, want)
			}
		}

		_, login := miniCall(t, http.MethodPost, first.url+"/mini/login", "", `{"code":"`+sim.NewJSCode(sim.Users()[0].OpenID)+`"}`)
		if status, me := miniCall(t, http.MethodGet, second.url+"/mini/me", login.Token, ""); status != http.StatusOK {
			t.Errorf("/mini/me at the second replica: %d %+v", status, me)
		}

		b.submit(t, first.url+"/wechat/logout", nil)
		miniCall(t, http.MethodPost, first.url+"/mini/logout", login.Token, "")
		redis.Eventually("the logout reaches the second replica", func() bool {
			status, _ := miniCall(t, http.MethodGet, second.url+"/mini/me", login.Token, "")
			return status == http.StatusUnauthorized && b.fetch(t, second.url+"/api/me").status == http.StatusUnauthorized
		})
		first.stop(t)
		second.stop(t)
	})
}

// WeChat sends a message again if the answer to the first got lost, and that to another replica.
func TestReplicasHandleAMessageOnce(t *testing.T) {
	sim, redis := simulate(t, wxsim.Config{Users: wxsim.MadeUpUsers(4)}), redistest.Start(t)
	console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43)}
	env := append(shared(sim, redis), "PUSH_TOKEN="+console.Token, "PUSH_AES_KEY="+console.EncodingAESKey)
	event := sim.MediaCheckEvent(wxsim.PushJSON, "oUser", "trace1", "risky")
	handled := 0
	for _, framework := range frameworks {
		p := start(t, framework, env...)
		res, err := sim.Push(t.Context(), p.url+"/push", console, event)
		require.NoError(t, err)
		answer, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || string(answer) != "success" {
			t.Errorf("%s answers %s %s", framework, res.Status, answer)
		}
		p.stop(t)
		handled += strings.Count(p.output.String(), "trace_id=trace1")
	}
	if handled != 1 {
		t.Errorf("the message was handled %d times", handled)
	}
}

// Who withdraws consent in WeChat is signed out of the mini program and of its web-views, at every
// replica, and nobody else is.
func TestWithdrawnConsentEndsSessions(t *testing.T) {
	sim, redis := simulate(t, wxsim.Config{Users: wxsim.MadeUpUsers(4)}), redistest.Start(t)
	console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43)}
	env := append(shared(sim, redis), "PUSH_TOKEN="+console.Token, "PUSH_AES_KEY="+console.EncodingAESKey)
	for i, framework := range frameworks { // each with users of its own: the same message twice is handled once
		event := []string{"user_authorization_revoke", "user_authorization_cancellation"}[i%2]
		first := start(t, framework, env...)
		second := start(t, framework, env...)
		var tokens, openIDs []string
		for _, user := range sim.Users()[i : i+2] {
			_, login := miniCall(t, http.MethodPost, first.url+"/mini/login", "", `{"code":"`+sim.NewJSCode(user.OpenID)+`"}`)
			tokens, openIDs = append(tokens, login.Token), append(openIDs, login.User.OpenID)
		}
		status := func(token string) int {
			status, _ := miniCall(t, http.MethodGet, second.url+"/mini/me", token, "")
			return status
		}
		for _, token := range tokens {
			if got := status(token); got != http.StatusOK {
				t.Fatalf("%s: /mini/me before: %d", framework, got)
			}
		}
		res, err := sim.Push(t.Context(), first.url+"/push", console, sim.AuthorizationEvent(wxsim.PushJSON, event, openIDs[0]))
		require.NoError(t, err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", framework, res.Status)
		}
		redis.Eventually("the user is signed out", func() bool { return status(tokens[0]) == http.StatusUnauthorized })
		if got := status(tokens[1]); got != http.StatusOK {
			t.Errorf("%s: another user is told %d", framework, got)
		}
		first.stop(t)
		second.stop(t)
	}
}

func TestRedisComesAndGoes(t *testing.T) {
	sim, redis := simulate(t, wxsim.Config{Users: wxsim.MadeUpUsers(4)}), redistest.Prepare(t)
	p, b := start(t, "chi", shared(sim, redis)...), newBrowser()
	if got := b.open(t, p.url+"/"); got.status != http.StatusOK {
		t.Errorf("the public page before Redis: %d", got.status)
	}
	if got := b.consent(t, b.open(t, p.url+"/me"), "allow"); got.status != http.StatusServiceUnavailable {
		t.Errorf("a login before Redis: %d", got.status)
	}
	redis.Restart()
	redis.Eventually("the app finds Redis", func() bool { return b.consent(t, b.open(t, p.url+"/me"), "allow").status == http.StatusOK })
	redis.Kill()
	redis.Eventually("the app misses Redis", func() bool { return b.fetch(t, p.url+"/api/me").status == http.StatusServiceUnavailable })
	if got := b.open(t, p.url+"/me"); got.status != http.StatusServiceUnavailable {
		t.Errorf("/me without Redis: %d", got.status)
	}
	redis.Restart()
	redis.Eventually("nobody is logged out", func() bool { return b.fetch(t, p.url+"/api/me").status == http.StatusOK })
	p.stop(t)
	if !strings.Contains(p.output.String(), "Redis does not answer") {
		t.Errorf("nothing is said about Redis:\n%s", p.output)
	}
}
