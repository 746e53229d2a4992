package docs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
	"github.com/wxoauth/wxoauth/wxsim"
)

// region simulator

func TestLogin(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	app := startApp(sim.AppID(), sim.Secret(), sim.URL)
	defer app.Close()

	sim.Fail("/sns/oauth2/access_token", wxsim.Code(45011), 1)
	if got := open(t, app.URL+"/login"); strings.Contains(got, "小明") {
		t.Errorf("while WeChat refuses, the page says %q", got)
	}
	if got := open(t, app.URL+"/login"); !strings.Contains(got, "小明") {
		t.Errorf("the page says %q", got)
	}
}

// endregion

// startApp is a program of somebody who uses none of ours. /login leads to WeChat and back.
func startApp(appID, secret, wechat string) *httptest.Server {
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		query := "appid=" + appID + "&redirect_uri=" + url.QueryEscape(app.URL+"/back") + "&response_type=code&scope=snsapi_userinfo&state=s"
		http.SetCookie(w, &http.Cookie{Name: "state", Value: "s"})
		w.Header().Set("Location", wechat+"/connect/oauth2/authorize?"+query+"#wechat_redirect")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/back", func(w http.ResponseWriter, r *http.Request) {
		if state, err := r.Cookie("state"); err != nil || state.Value != r.FormValue("state") {
			http.Error(w, "begun in another browser", http.StatusBadRequest)
			return
		}
		var token, user map[string]any
		ask(wechat+"/sns/oauth2/access_token?appid="+appID+"&secret="+secret+"&code="+r.FormValue("code")+"&grant_type=authorization_code", &token)
		access, _ := token["access_token"].(string)
		openID, _ := token["openid"].(string)
		ask(wechat+"/sns/userinfo?access_token="+access+"&openid="+openID, &user)
		name, ok := user["nickname"].(string)
		if !ok {
			http.Error(w, "WeChat refuses", http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, "hello "+name)
	})
	return app
}

// ask leaves answer empty where there is none.
func ask(address string, answer any) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Get(address); err == nil {
		_ = json.NewDecoder(resp.Body).Decode(answer)
		_ = resp.Body.Close()
	}
}

// open returns the page that a browser with cookies ends up at.
func open(t *testing.T, address string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(page)
}

// phpUnit is as much of PHPUnit as the example of the page needs.
const phpUnit = `<?php
namespace PHPUnit\Framework;
class TestCase {
    function assertStringContainsString($part, $text) { str_contains($text, $part) or throw new \Exception($text); }
    function assertStringNotContainsString($part, $text) { str_contains($text, $part) and throw new \Exception($text); }
}
register_shutdown_function(function () {
    foreach (preg_grep('/^test/', get_class_methods('LoginTest')) as $test) (new \LoginTest)->$test();
});
`

// optional are the languages that make test installs where it can, and how to see that they are there.
var optional = map[string][]string{"java": {"javac", "-version"}, "php": {"php", "-r", "curl_init();"}}

// The examples in other languages are run as they stand on the page.
func TestSimulatorInOtherLanguages(t *testing.T) {
	phpunit := filepath.Join(t.TempDir(), "phpunit.php")
	require.NoError(t, os.WriteFile(phpunit, []byte(phpUnit), 0o600))
	run := map[string][]string{
		"js": {"node"}, "python": {"python3"}, "bash": {"bash"}, "java": {"java"},
		"php": {"php", "-d", "auto_prepend_file=" + phpunit},
	}
	for _, b := range markdown.Read(t, "docs/simulator.md").Blocks() {
		command, ok := run[b.Language]
		if !ok || !strings.Contains(b.Code, "APP_URL") {
			continue
		}
		delete(run, b.Language)
		t.Run(b.Language, func(t *testing.T) {
			if check, ok := optional[b.Language]; ok && exec.CommandContext(t.Context(), check[0], check[1:]...).Run() != nil {
				t.Skipf("there is no %s", b.Language)
			}
			sim := wxsim.New(wxsim.Config{AutoAllow: true})
			require.NoError(t, sim.Start())
			defer sim.Close()
			app := startApp(sim.AppID(), sim.Secret(), sim.URL)
			defer app.Close()
			file := filepath.Join(t.TempDir(), "test."+strings.Replace(b.Language, "js", "mjs", 1))
			require.NoError(t, os.WriteFile(file, []byte(b.Code), 0o600))
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], file)...)
			cmd.Env = append(cmd.Environ(), "WXSIM_URL="+sim.URL, "APP_URL="+app.URL)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if n := sim.Calls("/sns/oauth2/access_token"); n != 2 {
				t.Errorf("it logged in %d times, want 2", n)
			}
		})
	}
	if len(run) > 0 {
		t.Errorf("the page has no example for %v", run)
	}
}

// What the page shows of files is in them.
func TestSimulatorShowsFiles(t *testing.T) {
	files := map[string]string{"net.Socket.prototype.connect = ": "clients/npm/to-wxsim.cjs", "aliases: [api.weixin": "cmd/wxsim/compose.yaml"}
	for _, b := range markdown.Read(t, "docs/simulator.md").Blocks() {
		for mark, name := range files {
			if !strings.Contains(b.Code, mark) {
				continue
			}
			file := withoutComments(markdown.Read(t, name).Text)
			if !strings.Contains(file, strings.TrimSpace(b.Code)) {
				t.Errorf("%s does not hold\n%s", name, b.Code)
			}
			delete(files, mark)
		}
	}
	if len(files) > 0 {
		t.Errorf("the page shows nothing of %v", files)
	}
}
