package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTargetTravelsThroughWeChat(t *testing.T) {
	state := statePrefix + strings.Repeat("0", stateLen-len(statePrefix))
	for _, tt := range []struct{ name, uri, outward string }{
		{"a plain page", "/me", "/me"},
		{"a query in its order", "/list?b=2&a=1&b=3", "/list?b=2&a=1&b=3"},
		{"an empty query", "/list?", "/list"},
		{"escapes stay as they are", "/a%20b%2Fc?q=%E4%BD%A0+x&%6b=v", "/a%20b%2Fc?q=%E4%BD%A0+x&%6b=v"},
		{"raw Chinese is escaped", "/你?q=好", "/%E4%BD%A0?q=%E5%A5%BD"},
		{"quotes, brackets and backslashes are escaped", `/a\b"<>?x={}|^` + "`", "/a%5Cb%22%3C%3E?x=%7B%7D%7C%5E%60"},
		{"the app's own code and state travel under another name", "/cb?code=c&state=s", "/cb?wx_code=c&wx_state=s"},
		{"and so do those that have that name already", "/cb?wx_code=c&wx_wx_state=s", "/cb?wx_wx_code=c&wx_wx_wx_state=s"},
		{"names that only look alike stay", "/cb?code[]=c&xstate=s&Code=x", "/cb?code[]=c&xstate=s&Code=x"},
		{"broken escapes stay", "/cb?%zz=1&a=%", "/cb?%zz=1&a=%"},
		{"two slashes", "//evil.com/x", "//evil.com/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := parseAddress(tt.uri).page.outward().String()
			require.Equal(t, tt.outward, out)
			sep := "?"
			if strings.Contains(out, "?") {
				sep = "&"
			}
			start := parseAddress(tt.uri).page.String()
			require.Equal(t, start, parseAddress(out+sep+"code=CODE&state="+state).page.String())
		})
	}
}

func TestTargetIgnoresTheHostOfARequestLine(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://evil.com/app/x?y=1", nil)
	r.RequestURI = "http://evil.com/app/x?y=1"
	for _, path := range []string{"/app/x", "/x"} { // the latter behind StripPrefix
		r.URL.Path = path
		require.Equal(t, "/app/x?y=1", parseTarget(requestURI(r)).String())
	}
}

func TestSafeReturn(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"/", "/"},
		{"/a/b.html?x=1&y=%20#/route?z=1", "/a/b.html?x=1&y=%20#/route?z=1"},
		{"/a b/你#你", "/a%20b/%E4%BD%A0#%E4%BD%A0"},
		{"/a/../b", "/a/../b"},
		{"/search?u=https://other.example/", "/search?u=https://other.example/"},
		{"/a#" + strings.Repeat("x", maxFragment), "/a#" + strings.Repeat("x", maxFragment)},
		{"/a#" + strings.Repeat("x", maxFragment+1), "/a"},
		{"/wechat/login2", "/wechat/login2"},
	} {
		if got, ok := safeReturn(tt.raw, "/wechat/login"); !ok || got != tt.want {
			t.Errorf("safeReturn(%q) = %q, %v; want %q", tt.raw, got, ok, tt.want)
		}
	}
	for _, raw := range []string{
		"", "a", "//evil.com", "///evil.com", "/\\evil.com", "\\\\evil.com", "https://evil.com", "javascript:alert(1)", "/%2fevil.com", "/%5cevil.com",
		"/a/../\\evil.com", "/\tevil", "/a\r\nSet-Cookie: x", "/%0d%0a", "/%00", "/%zz", "/%", "/\xff", "/%ff", " /a", "/a\x7f",
		"/wechat/login", "/wechat/login/", "/wechat/x/../login?return_to=/", "/wechat%2flogin", "/.//../\\x", "/" + strings.Repeat("a", maxReturnTo),
	} {
		if got, ok := safeReturn(raw, "/wechat/login"); ok {
			t.Errorf("safeReturn(%q) let through %q", raw, got)
		}
	}
}

func FuzzSafeReturn(f *testing.F) {
	for _, seed := range []string{"/", "//evil.com", "/\\evil.com", "/%2fevil.com", "/a#b", "/.%2e/%2e./x?y#z"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://shop.example.com")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := safeReturn(raw, "/wechat/login")
		if !ok {
			return
		}
		if strings.ContainsFunc(got, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }) {
			t.Errorf("safeReturn(%q) = %q holds a byte that has no place in a Location", raw, got)
		}
		u, err := base.Parse(got) // as if it stood alone, which is worse than what we send
		if err == nil && (u.Host != base.Host || u.Scheme != base.Scheme) {
			t.Errorf("safeReturn(%q) = %q leads to %s", raw, got, u.Host)
		}
	})
}
