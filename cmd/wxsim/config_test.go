package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// written is the name of a new file with this text.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "wxsim.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func parsed(t *testing.T, args ...string) options {
	t.Helper()
	opts, err := parseFlags(args, io.Discard, io.Discard)
	require.NoError(t, err)
	return opts
}

func TestTheFileNamesAWholeWeChat(t *testing.T) {
	opts := parsed(t, "-config", "testdata/wxsim.yaml", "-lax=false")
	cfg := opts.cfg
	if cfg.Addr != "127.0.0.1:9099" || cfg.Lax || !cfg.RotateRefreshTokens || len(cfg.Limits) == 0 || len(opts.faults) != 1 {
		t.Errorf("config %+v, faults %v", cfg, opts.faults)
	}
	var kinds []wxsim.Kind
	for _, a := range cfg.Apps {
		kinds = append(kinds, a.Kind)
	}
	if !slices.Equal(kinds, []wxsim.Kind{wxsim.OfficialAccount, wxsim.OfficialAccount, wxsim.WebsiteApp, wxsim.MiniProgram, wxsim.Platform}) {
		t.Errorf("apps %s", kinds)
	}
	push := cfg.Apps[0].Push
	if push == nil || push.Mode != wxsim.PushSafe || push.Format != wxsim.PushXML || cfg.Apps[0].RedirectDomains[0] != "shop.example.com" {
		t.Errorf("app %+v, push %+v", cfg.Apps[0], push)
	}
	if len(cfg.Users) != 2 || cfg.Users[0].OpenIDs["wx2222222222222222"] != "oMing2" || cfg.Users[0].Follows[0] != "wx1111111111111111" || cfg.Users[1].Phone != "13800138001" {
		t.Errorf("users %+v", cfg.Users)
	}
	sim := wxsim.New(cfg)
	require.Equal(t, "wx1111111111111111", sim.AppID())
	require.Equal(t, "小明", sim.Users()[0].Nickname)
}

func TestABadFileNamesLineAndField(t *testing.T) {
	for text, want := range map[string]string{
		"users:\n  - nickname: a\n    nick: b\n":    "line 3: users[0].nick is unknown",
		"users:\n  - nickname: a\n    phone: [1]\n": "wxsim.yaml:3: users[0].phone: unexpected array",
		"switches:\n  lax: 3\n":                     "wxsim.yaml:2: switches.lax: unexpected number",
		"switches:\n  fast: true\n":                 "wxsim.yaml:2: switches.fast is no switch",
		"users: 3\n":                                "wxsim.yaml:1: users: unexpected number",
		"mini_programs:\n  - appid: wxa\n  - appid: wxb\n  - appid: wxa\n":                    "wxsim.yaml:4: mini_programs[2].appid is taken",
		"users:\n  - openid: o\n\n  - openid: o\n":                                            "wxsim.yaml:4: users[1].openid is taken",
		"users:\n  - openid: o\n    follows: [wxnobody]\n":                                    "wxsim.yaml:3: users[0].follows[0] is the appid of no app",
		"official_accounts:\n  - appid: wxa\n    push:\n      url: ftp://x\n      token: t\n": "wxsim.yaml:4: official_accounts[0].push.url is not",
		"official_accounts:\n  - push: {url: http://a/, token: t, mode: loud}\n":              "line 2: official_accounts[0].push.mode must be one of safe, compat, plain",
		"limits:\n  /sns/userinfo: {per_minute: 3}\n  /sns/nothing: {per_minute: 3}\n":        "wxsim.yaml:3: limits./sns/nothing is no path",
		"faults:\n  - {path: /sns/auth, kind: html}\n  - {path: /sns/auth, kind: nonsense}\n": `wxsim.yaml:3: faults[1].kind "nonsense" is no kind of fault`,
		"cors: [localhost]\n": "wxsim.yaml:1: cors[0] is not an origin",
		"hosts: [a.b, a.b:1]": "wxsim.yaml:1: hosts[1] is not a host name",
		"addr: a\naddr: b\n":  "line 2: addr comes twice",
		"a: [\n":              "line 1",
		"users: &x [*x]\n":    "line 1: nested too deep",
	} {
		_, err := parseFlags([]string{"-config", written(t, text)}, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "wxsim: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "users: []\n"} {
		require.Len(t, parsed(t, "-config", written(t, empty)).cfg.Users, 3, empty)
	}
	if _, err := parseFlags([]string{"-config", "nowhere.yaml"}, io.Discard, io.Discard); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestEachFlagHasAVariable(t *testing.T) {
	t.Setenv("WXSIM_ADDR", "127.0.0.1:9001")
	t.Setenv("WXSIM_WEBSITE_APPID", "wxwebsite")
	t.Setenv("WXSIM_OLD_PROFILES", "true")
	t.Setenv("WXSIM_CORS", "http://localhost:5173")
	t.Setenv("WXSIM_HOSTS", "wxsim.example.com,localhost")
	cfg := parsed(t, "-addr", "127.0.0.1:9002").cfg
	if cfg.Addr != "127.0.0.1:9002" || cfg.WebsiteAppID != "wxwebsite" || !cfg.OldProfiles || cfg.CORSOrigins[0] != "http://localhost:5173" || len(cfg.Hosts) != 2 {
		t.Errorf("config %+v", cfg)
	}
	t.Setenv("WXSIM_USERS", "many")
	if _, err := parseFlags(nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "WXSIM_USERS") {
		t.Errorf("a bad variable: %v", err)
	}
}

// serve runs the program until the test stops it, and returns where it serves.
func serve(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), in, io.Discard)
		_ = in.CloseWithError(err)
		done <- err
	}()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run = %v", err)
		}
	}
	printed := make([]byte, 4096)
	n, err := out.Read(printed)
	require.NoError(t, err)
	m := regexp.MustCompile(`WECHAT_OPEN_URL=(\S+)`).FindSubmatch(printed[:n])
	require.NotNil(t, m, printed[:n])
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return string(m[1]), stop
}

func TestTheStateSurvivesARestart(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	apps := func(url string) string {
		t.Helper()
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(url + "/wxsim/api/apps")
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	url, stop := serve(t, "-state", state)
	before := apps(url)
	stop()
	url, stop = serve(t, "-state", state)
	require.Equal(t, before, apps(url))
	stop()
	require.NoError(t, os.WriteFile(state, []byte("{"), 0o600))
	for _, bad := range []string{state, filepath.Join(t.TempDir(), "no", "folder", "state.json")} {
		if err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-state", bad}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-state") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
