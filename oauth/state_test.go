package oauth

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/clock"
)

func TestState(t *testing.T) {
	a := testAuth(t)
	for _, scope := range scopeBits {
		for restarts := range maxRestarts + 1 {
			s := a.attempts.issue(login{scope: scope, restarts: restarts}, time.Now())
			got, ok := a.attempts.parse(s.text)
			if !ok || got != s || !got.fresh(time.Now()) {
				t.Errorf("state of %s after %d restarts came back as %+v, %v", scope, restarts, got, ok)
			}
			if len(s.text) > 128 || strings.Trim(s.text, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("WeChat would not carry %q", s.text)
			}
		}
	}
	if first, second := a.attempts.issue(login{scope: ScopeBase}, time.Now()), a.attempts.issue(login{scope: ScopeBase}, time.Now()); first.text == second.text {
		t.Error("two logins share a state")
	}
}

func TestStateIsRefusedAfterAnyChange(t *testing.T) {
	a := testAuth(t)
	good := a.attempts.issue(login{scope: ScopeUserInfo}, time.Now()).text
	for i := range good {
		for _, c := range []byte("0f_A ") {
			if bad := good[:i] + string(c) + good[i+1:]; bad != good {
				if _, ok := a.attempts.parse(bad); ok {
					t.Errorf("accepted with %q at %d", c, i)
				}
			}
		}
	}
	for name, bad := range map[string]string{
		"upper case": strings.ToUpper(good), "upper hex": "wx1" + strings.ToUpper(good[3:]), "appended": good + "0", "appended text": good + "#wechat_redirect",
		"cut": good[:len(good)-1], "empty": "", "prefix alone": "wx1",
	} {
		if _, ok := a.attempts.parse(bad); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	other := testAuth(t, func(cfg *Config) { cfg.AppID = "wx-other" })
	if _, ok := other.attempts.parse(good); ok {
		t.Error("a state of another appid with the same key was accepted")
	}
}

func TestStateLivesTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAuth(t)
		s := a.attempts.issue(login{scope: ScopeBase}, time.Now())
		time.Sleep(stateLife - time.Second)
		require.True(t, s.fresh(time.Now()), "stale within its ten minutes")
		time.Sleep(time.Second)
		require.False(t, s.fresh(time.Now()), "fresh after ten minutes")
		s.issued = time.Now().Add(clock.Skew - time.Second)
		require.True(t, s.fresh(time.Now()), "stale at a replica whose clock is late")
		s.issued = time.Now().Add(clock.Skew)
		require.False(t, s.fresh(time.Now()), "a state from the future is fresh")
	})
}

func FuzzParseState(f *testing.F) {
	attempts, err := newAttempts(Config{AppID: "wx0123456789abcdef", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}})
	require.NoError(f, err)
	const genuine = "wx10e1609ff8ab8de6811d2974e1cb02ad86b035fc505904c527cc96ec27e92bbb7b7e01028fb"
	if _, ok := attempts.parse(genuine); !ok {
		f.Fatal("a state of last year's version is no longer understood")
	}
	f.Add(genuine)
	f.Add("wx1")
	f.Add("wx1" + strings.Repeat("0", stateLen-3))
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := attempts.parse(text); ok && text != genuine {
			t.Errorf("accepted %q", text)
		}
	})
}
