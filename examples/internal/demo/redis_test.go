package demo_test

import (
	"bytes"
	"encoding/base64"
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
			b.fetch(t, p.url+"/api/me").want(t, http.StatusOK)
			b.fetch(t, p.url+"/api/jssdk?url="+url.QueryEscape(p.url+"/me")).want(t, http.StatusOK)
		}
		for _, path := range []string{"/sns/oauth2/access_token", "/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"} {
			require.Equal(t, 1, sim.Calls(path), path)
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
		answer := push(t, p, sim, console, event)
		answer.want(t, http.StatusOK)
		require.Equal(t, "success", answer.body, framework)
		p.stop(t)
		handled += strings.Count(p.output.String(), "trace_id=trace1")
	}
	require.Equal(t, 1, handled)
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
			require.Equal(t, http.StatusOK, status(token), framework)
		}
		push(t, first, sim, console, sim.AuthorizationEvent(wxsim.PushJSON, event, openIDs[0])).want(t, http.StatusOK)
		redis.Eventually("the user is signed out", func() bool { return status(tokens[0]) == http.StatusUnauthorized })
		require.Equal(t, http.StatusOK, status(tokens[1]), "%s: another user", framework)
		first.stop(t)
		second.stop(t)
	}
}

func TestRedisComesAndGoes(t *testing.T) {
	sim, redis := simulate(t, wxsim.Config{Users: wxsim.MadeUpUsers(4)}), redistest.Prepare(t)
	p, b := start(t, "chi", shared(sim, redis)...), newBrowser()
	b.open(t, p.url+"/").want(t, http.StatusOK)
	b.consent(t, b.open(t, p.url+"/me"), "allow").want(t, http.StatusServiceUnavailable)
	redis.Restart()
	redis.Eventually("the app finds Redis", func() bool { return b.consent(t, b.open(t, p.url+"/me"), "allow").status == http.StatusOK })
	redis.Kill()
	redis.Eventually("the app misses Redis", func() bool { return b.fetch(t, p.url+"/api/me").status == http.StatusServiceUnavailable })
	b.open(t, p.url+"/me").want(t, http.StatusServiceUnavailable)
	redis.Restart()
	redis.Eventually("nobody is logged out", func() bool { return b.fetch(t, p.url+"/api/me").status == http.StatusOK })
	p.stop(t)
	require.Contains(t, p.output.String(), "Redis does not answer")
}
