package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two programs had a login before this library came. It is still theirs, over plain http too:
// their cookies are not what this module would have them be.
func TestAdoption(t *testing.T) {
	for _, name := range []string{"gin", "chi"} {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t)
			for _, version := range []string{"before", "after"} {
				addr := freeAddress(t)
				key := make([]byte, 32)
				_, _ = rand.Read(key)
				start(t, buildAdopted(t, name, version), append(addressed(sim),
					"ADDR="+addr, "PUBLIC_URL=http://"+addr, "SESSION_KEY="+base64.StdEncoding.EncodeToString(key),
					"NOTEBOOK_SECRET=0123456789abcdef0123456789abcdef", "CLUB_DB="+filepath.Join(t.TempDir(), "club.db"), "CLUB_ADMIN=root",
				)...)
				own := "http://" + strings.Replace(addr, "127.0.0.1", "lan.test", 1)
				tb := newProfile(t, desktopAgent)
				tb.logInByPassword(own)
				if name == "gin" {
					tb.usesTokens(own)
				}
				tb.click(`form[action="/logout"] button`)
				require.Contains(t, tb.text("form"), "Log in", version)
				if version == "after" {
					map[string]func(*testing.T, string){"gin": bindsWeChat, "chi": bansWeChat}[name](t, "http://"+addr)
				}
			}
		})
	}
}

// buildAdopted builds an adopted program, or what it was before.
func buildAdopted(t *testing.T, name, version string) string {
	t.Helper()
	if chromium == nil {
		t.Skip("there is no browser")
	}
	source, err := filepath.Abs("../examples/adopt/" + name)
	require.NoError(t, err)
	run := func(dir string, args ...string) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	dir := source
	if version == "before" {
		dir = t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
		_ = os.Remove(filepath.Join(dir, "wechat_test.go"))
		run(dir, "git", "apply", "--unidiff-zero", "-R", "adoption.diff")
		run(dir, "go", "mod", "edit", "-droprequire=github.com/wxoauth/wxoauth", "-dropreplace=github.com/wxoauth/wxoauth")
	}
	run(dir, "go", "build", "-o", filepath.Join(binaries, name+"-"+version), ".")
	return name + "-" + version
}

func (tb *tab) logInByPassword(site string) {
	tb.t.Helper()
	tb.open(site + "/")
	eval[bool](tb, `!!(document.querySelector("[name=name]").value = "alice")`)
	eval[bool](tb, `!!(document.querySelector("[name=password]").value = "wonderland")`)
	tb.click(`form[action="/login"] button`)
	tb.at(site+"/", "Hello, alice")
}

// usesTokens does what the notebook's phone app and its page do.
func (tb *tab) usesTokens(site string) {
	tb.t.Helper()
	got := eval[string](tb, `(async () => {
		const {token} = await (await fetch("/api/token", {method: "POST"})).json();
		const notes = await (await fetch("/api/notes", {headers: {Authorization: "Bearer " + token}})).json();
		return notes.notes + " " + (await fetch("/api/notes")).status + " " + (await fetch("/api/none")).status;
	})()`)
	if want := "first note of alice 401 404"; got != want {
		tb.t.Errorf("the phone app sees %q, want %q", got, want)
	}
	tb.open(site + "/some/page")
	tb.at(site+"/some/page", "Hello, alice")
}

// enterWeChat follows a link to WeChat and allows what it asks.
func (tb *tab) enterWeChat(link string) {
	tb.t.Helper()
	tb.click(link)
	if eval[bool](tb, `!!document.querySelector("#ask-login")`) {
		tb.click("#ask-login")
	}
	tb.click(allow)
}

// Who is signed in by password binds WeChat, and then logs in with either.
func bindsWeChat(t *testing.T, site string) {
	t.Helper()
	tb := newProfile(t, desktopAgent)
	tb.logInByPassword(site)
	tb.enterWeChat("#bind")
	require.Equal(t, site+"/account/wechat Bind WeChat?", strings.TrimSuffix(tb.url(), "#")+" "+tb.text("h1"))
	tb.click("form button")
	tb.at(site+"/", "Hello, alice")

	phone := newProfile(t, wechatAgent)
	phone.open(site + "/")
	phone.enterWeChat("#wechat")
	phone.at(site+"/", "Hello, alice")
	if got := eval[string](phone, `fetch("/wechat/token").then(r => r.json()).then(a => fetch("/api/notes", {headers: {Authorization: "Bearer " + a.token}})).then(r => r.text())`); !strings.Contains(got, "first note of alice") {
		t.Errorf("with a JWT by WeChat: %s", got)
	}
}

// A member by WeChat is banned: the session ends at once, and a new login is refused.
func bansWeChat(t *testing.T, site string) {
	t.Helper()
	tb := newProfile(t, wechatAgent)
	tb.open(site + "/")
	tb.enterWeChat("#wechat")
	tb.at(site+"/", "Hello, 小明")
	tb.click("#lounge")
	require.Equal(t, "The lounge of 小明", tb.text("body"))
	if status := eval[int](tb, `fetch("/ban", {method: "POST", body: new URLSearchParams({admin: "root", name: "小明"})}).then(r => r.status)`); status != 204 {
		t.Fatalf("the ban was answered %d", status)
	}
	require.Equal(t, 403, tb.open(site+"/lounge"))
	again := newProfile(t, wechatAgent)
	again.open(site + "/")
	again.click("#wechat")
	if eval[bool](again, `!!document.querySelector("#ask-login")`) {
		again.click("#ask-login")
	}
	require.Equal(t, 403, again.click(allow))
}
