package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

// refusedTargets are values of return_to that lead to another site where they are believed. The
// library goes to "/" instead.
func refusedTargets() (targets []string) {
	for _, pattern := range []string{
		"http://HOST/", "HTTP:HOST", "http:/HOST", "http:///HOST", `http:\\HOST`, "http://HOST#/", "ftp://HOST/", "javascript:location='http://HOST'",
		"//HOST", "///HOST", "////HOST/..", "//HOST?", "//HOST/%2e%2e", "//user@HOST", "//127.0.0.1@HOST",
		`/\HOST`, `\/HOST`, `\\HOST`, `/\/HOST`, `//\HOST`, "/\t/HOST", "/\n/HOST", "/\r\n/HOST", "\t//HOST", "\x01//HOST", " //HOST", "/\x00/HOST",
		"/%2fHOST", "/%2F%2fHOST", "%2f%2fHOST", "/%5cHOST", "/%5C%5cHOST", "/%09/HOST", "/%0a/HOST", "/%00//HOST", `/a/../\HOST`, "/./%5cHOST",
		"@HOST", ".HOST", ":80@HOST", "HOST", "",
	} {
		targets = append(targets, strings.ReplaceAll(pattern, "HOST", "evil.com"))
	}
	return append(targets, "/wechat/login", "/x/../wechat/login?return_to=//evil.com")
}

// Browsers read an address more kindly than the specifications do, so a real one judges.
func TestNoReturnToLeadsAway(t *testing.T) {
	app := startWith(t, "nethttp", simulate(t))
	tb := newProfile(t, wechatAgent)
	stays := func(address string) bool { return address == app || strings.HasPrefix(address, app+"/") }

	tb.open("http://evil.com/")
	if tb.text("h1") != "the trap caught evil.com" || stays(tb.url()) {
		t.Fatalf("at %s: %q; want the trap, or this test sees nothing", tb.url(), tb.text("h1"))
	}
	tb.open(app + "/me")
	tb.click(allow)
	tb.at(app+"/me", "小明")

	accepted, err := adaptertest.AcceptedReturnTargets()
	require.NoError(t, err)
	follow := func(returnTo string) (visited []string) {
		before := len(tb.asked(""))
		tb.open(app + "/wechat/login?return_to=" + url.QueryEscape(returnTo))
		visited = append(tb.asked("")[before:], tb.url())
		if i := slices.IndexFunc(visited, func(address string) bool { return !stays(address) }); i >= 0 {
			t.Errorf("return_to %q leads to %q", returnTo, visited[i])
		}
		return visited
	}
	for _, a := range accepted {
		if visited := follow(a.ReturnTo); len(visited) < 3 {
			t.Errorf("return_to %q: visited %q; want a redirect", a.ReturnTo, visited)
		}
	}
	for _, returnTo := range refusedTargets() {
		if visited := follow(returnTo); visited[len(visited)-1] != app+"/" {
			t.Errorf("return_to %q leads to %q; want /", returnTo, visited)
		}
	}
}
