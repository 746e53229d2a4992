package main

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/examples/internal/demo"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/wxsim"
)

func TestStoppingWaitsForMessagesThatWereAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * 365 * 24 * time.Hour) // bubbles begin in 2000, when timestamps had nine digits
		sim := wxsim.New(wxsim.Config{})
		console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: "0123456789012345678901234567890123456789012"}
		s, err := readSettings(getenv(map[string]string{"WECHAT_MINI_APPID": sim.MiniAppID(), "WECHAT_MINI_SECRET": sim.MiniSecret()}))
		require.NoError(t, err)
		b, err := newBackend(s)
		require.NoError(t, err)
		var finished atomic.Bool
		b.push, err = push.New(push.Config{
			Token: console.Token, EncodingAESKey: console.EncodingAESKey, AppID: sim.MiniAppID(),
			OnAny: func(context.Context, *push.Message) (*push.Reply, error) {
				time.Sleep(10 * time.Second) // longer than WeChat waits
				finished.Store(true)
				return nil, nil
			},
		})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ln, served := webtest.NewListener(), make(chan error, 1)
		go func() { served <- demo.Serve(ctx, ln, b.routes(), func() {}, b.push) }()

		r, err := sim.NewPush(t.Context(), "http://shop.example.com/push", console, sim.AuthorizationEvent(wxsim.PushJSON, "user_info_modified", "oUser"))
		require.NoError(t, err)
		client := &http.Client{Transport: &http.Transport{DialContext: ln.Dial, DisableKeepAlives: true}}
		res, err := client.Do(r)
		require.NoError(t, err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || finished.Load() {
			t.Errorf("WeChat is answered %s, the message handled: %t", res.Status, finished.Load())
		}
		stop()
		if err := <-served; err != nil || !finished.Load() {
			t.Errorf("serve = %v, the message handled: %t", err, finished.Load())
		}
	})
}

func TestSettings(t *testing.T) {
	const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	for _, tt := range []struct {
		name string
		vars map[string]string
		want string // the beginning of the error; empty: none
	}{
		{"nothing, so WeChat is simulated", nil, ""},
		{"all of them", map[string]string{
			"ADDR": "0.0.0.0:80", "PUBLIC_URL": "https://shop.example.com/", "SESSION_KEYS": key + ", " + key,
			"WECHAT_MINI_APPID": "wx1", "WECHAT_MINI_SECRET": "hidden", "WECHAT_API_URL": "http://relay:9000",
			"PUSH_TOKEN": "token", "PUSH_AES_KEY": "0123456789012345678901234567890123456789012",
		}, ""},
		{"an account without messages", map[string]string{"WECHAT_MINI_APPID": "wx1", "WECHAT_MINI_SECRET": "hidden"}, ""},
		{"an appid without a secret", map[string]string{"WECHAT_MINI_APPID": "wx1"}, "WECHAT_MINI_APPID, WECHAT_MINI_SECRET"},
		{"a secret without an appid", map[string]string{"WECHAT_MINI_SECRET": "hidden"}, "WECHAT_MINI_APPID, WECHAT_MINI_SECRET"},
		{"a WeChat elsewhere without an account", map[string]string{"WECHAT_API_URL": "http://relay:9000"}, "WECHAT_MINI_APPID, WECHAT_MINI_SECRET"},
		{"a public URL that is none", map[string]string{"PUBLIC_URL": "shop.example.com"}, "PUBLIC_URL is not"},
		{"no public URL for all addresses", map[string]string{"ADDR": ":8080", "SESSION_KEYS": key}, "PUBLIC_URL is needed"},
		{"no keys for all addresses", map[string]string{"ADDR": ":8080", "PUBLIC_URL": "https://shop.example.com"}, "SESSION_KEYS is needed"},
		{"keys that are no base64", map[string]string{"SESSION_KEYS": "hidden!"}, "SESSION_KEYS is not"},
		{"a key that is short", map[string]string{"SESSION_KEYS": "hidden++", "WECHAT_MINI_APPID": "wx1", "WECHAT_MINI_SECRET": "hidden"}, "WECHAT_MINI_APPID, WECHAT_MINI_SECRET, WECHAT_API_URL, SESSION_KEYS"},
		{"a push token without its key", map[string]string{"WECHAT_MINI_APPID": "wx1", "WECHAT_MINI_SECRET": "hidden", "PUSH_TOKEN": "hidden"}, "PUSH_TOKEN, PUSH_AES_KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := readSettings(getenv(tt.vars))
			if err == nil && !s.simulated() {
				_, err = newBackend(s)
			}
			text := ""
			if err != nil {
				text = err.Error()
			}
			if (text == "") != (tt.want == "") || !strings.HasPrefix(text, tt.want) || strings.Contains(text, "hidden") {
				t.Errorf("error %q, want one that begins with %q", text, tt.want)
			}
		})
	}
}
