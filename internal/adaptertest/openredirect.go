package adaptertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/oauth"
)

// A family of return_to values, or request lines, that could lead a browser off the site.
type family struct {
	name    string
	refused bool // each of them is replaced by "/"; others may go on to a page of the site
	attacks []string
}

// attackFamilies are the ways to leave a site that is careless about its redirects.
func attackFamilies() []family {
	hosts := []string{"evil.com", "evil.com:8443", "user:pass@evil.com", "[::1]", "EVIL.COM%2f"}
	each := func(patterns ...string) (attacks []string) {
		for _, pattern := range patterns {
			for _, host := range hosts {
				attacks = append(attacks, strings.ReplaceAll(pattern, "HOST", host))
			}
		}
		return attacks
	}
	one := func(patterns ...string) (attacks []string) {
		for _, pattern := range patterns {
			attacks = append(attacks, strings.ReplaceAll(pattern, "HOST", "evil.com"))
		}
		return attacks
	}
	between := func(bytes []string, patterns ...string) (attacks []string) {
		for _, b := range bytes {
			for _, pattern := range patterns {
				attacks = append(attacks,
					strings.ReplaceAll(strings.ReplaceAll(pattern, "BYTE", b), "HOST", "evil.com"))
			}
		}
		return attacks
	}
	var controls, escapedControls []string
	for b := range 0x20 {
		controls = append(controls, string(rune(b)))
		escapedControls = append(escapedControls, fmt.Sprintf("%%%02x", b))
	}
	controls, escapedControls = append(controls, "\x7f"), append(escapedControls, "%7F")
	return []family{
		{
			"a whole address", true,
			each("https://HOST/", "http://HOST", "HTTPS://HOST", "https:HOST", "https:/HOST", "https:///HOST",
				`https:\\HOST`, "ftp://HOST", "wss://HOST/"),
		},
		{
			"slashes that begin a host", true,
			each("//HOST", "///HOST", "////HOST/", "//HOST/..", "//HOST?", "//HOST#", "///./HOST"),
		},
		{
			"backslashes", true,
			each(`/\HOST`, `\/HOST`, `\\HOST`, `/\/HOST`, `//\HOST`, `\//HOST`, `/\\HOST`, `\\\HOST`),
		},
		{"control bytes", true, between(controls, "BYTE//HOST", "/BYTE/HOST", "/BYTE\\HOST")},
		{"control bytes in escapes", true, between(escapedControls, "/BYTE/HOST", "BYTE//HOST")},
		{
			"spaces and marks that nobody sees", false,
			between([]string{
				" ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u2028", "\u2029", "\u00ad", "\u202e",
			}, "BYTE//HOST", "/BYTE/HOST", "/BYTE"),
		},
		{
			"slashes in escapes", false,
			each("/%2fHOST", "/%2F%2fHOST", "%2f%2fHOST", "/%2f/HOST", "%2fHOST", "/./%2fHOST", "/a/..%2f%2fHOST"),
		},
		{
			"backslashes in escapes", true,
			each("/%5cHOST", "/%5C%5cHOST", "%5c%5cHOST", "/%2f%5cHOST", "/%5c/HOST", "/a/..%5cHOST"),
		},
		{
			"escapes of escapes", false,
			one("/%252fHOST", "/%252f%252fHOST", "/%255cHOST", "/%2525252fHOST", "/%25%32%66HOST", "/%%32%66HOST",
				"/%25%35%63HOST", "/%250d%250aX:y"),
		},
		{
			"escapes that are none, or overlong", true,
			one("/%", "/%2", "/%zz/HOST", "/%c0%afHOST", "/%e0%80%afHOST", "/%f0%80%80%afHOST", "/%ff/HOST",
				"/%u2215HOST", "/\xc0\xafHOST", "/\xff/HOST", "\xff//HOST", "/?\xff", "/#\xff", "/%C1%9CHOST"),
		},
		{
			"dots", false,
			each("/..//HOST", "/.//HOST", "/a/..//HOST", "/./..//HOST", "/%2e%2e//HOST", "/%2e//HOST", "/a/../..//HOST",
				`/a/../\HOST`, `/.\HOST`, `/..\HOST`, "/a/..%2f/HOST", "/%2e%2e%2f%2fHOST"),
		},
		{
			"names, ports and hosts stuck to ours", false,
			one("@HOST", ".HOST", "-HOST", ":80@HOST", ":@HOST/", ";@HOST", "&@HOST", "%40HOST", ".HOST/..", "/@HOST",
				"/:@HOST", "/:80", "//shop.example.com@HOST", "//shop.example.com.HOST", "//shop.example.com",
				"https://shop.example.com/", "https://shop.example.com@HOST/"),
		},
		{
			"other schemes", false,
			one("javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://HOST/%0aalert(1)", "java\tscript:alert(1)",
				"\x01javascript:alert(1)", "javascript&colon;alert(1)", "/javascript:alert(1)",
				"data:text/html,<script>alert(1)</script>", "data:;base64,PHNjcmlwdD4=", "vbscript:x",
				"file:///etc/passwd", "blob:https://HOST/x", "weixin://dl/business/?t=x",
				"intent://HOST#Intent;scheme=https;end", "about:blank", "view-source:https://HOST", "mailto:a@HOST",
				"tel:110", "x:y"),
		},
		{
			"letters that look like slashes", false,
			between([]string{"／", "⁄", "∕", "⧸", "╱", "＼", "∖", "﹨"}, "/BYTEHOST", "BYTEBYTEHOST", "/BYTEBYTEHOST"),
		},
		{
			"header lines", false,
			one("/\r\nLocation: https://HOST/", "/\nSet-Cookie: a=b", "/\rX: y", "/a\r\n\r\n<script>alert(1)</script>",
				"/%0d%0aLocation:%20https://HOST", "/%0aSet-Cookie:a=b", "/嘊嘍Location: https://HOST",
				"/\u010d\u010aX: y", "/\u0085X: y", "/a?b=\r\nX: y", "/a#\r\nX: y", "/a?%0d%0aX:y"),
		},
		{
			"the login handler itself", true,
			one("/wechat/login", "/wechat/login/", "//wechat/login", "/wechat//login", "/./wechat/login",
				"/x/../wechat/login", "/wechat/%6cogin", "/wechat%2flogin", "/%77echat/login", "/wechat/login/.",
				"/wechat/login/x/..", "/wechat/login?return_to=/wechat/login", "/wechat/login#x", "/wechat/./login?",
				"/../wechat/login", "/%2e/wechat/login"),
		},
		{
			"an address behind a question mark or a hash", false,
			each("/?//HOST", "/#//HOST", "/?@HOST", "/#@HOST", `/?\HOST`, `/#\HOST`, "/?https://HOST",
				"/a?b#https://HOST"),
		},
		{
			"semicolons and quotes", false,
			one("/;//HOST", "/..;//HOST", "/;@HOST", "/;/HOST", `/"><script>alert(1)</script>`,
				"/'onmouseover='alert(1)", "/<HOST>", "/{{HOST}}", "/${HOST}", "/`HOST`", "/|HOST", "/^HOST"),
		},
		{
			"what is no path", true,
			one("", "HOST", "me", "?", "#", "?//HOST", "#//HOST", ".", "..", "./HOST", "../HOST", "*", "%", "null",
				"undefined", "[object Object]", "~/x", "$HOST"),
		},
		{
			"what is too long", true,
			one("/"+strings.Repeat("a", 2048), "//HOST/"+strings.Repeat("a", 2048), "/"+strings.Repeat("名", 683),
				"/?"+strings.Repeat("a", 4096), "/#"+strings.Repeat("a", 2047)),
		},
	}
}

// A legitimate target must survive; the browser goes to want, or to the very target if want is empty.
type legitimate struct{ target, want string }

// legitimateTargets are return_to values that apps use.
func legitimateTargets() []legitimate {
	long := "/list?" + strings.Repeat("page=1&", 290) // 2,036 bytes
	return []legitimate{
		{"/", ""},
		{"/me", ""},
		{"/me/", ""},
		{"/index.html", ""},
		{"/shop/items/42", ""},
		{"/shop/items/42?color=red&size=xl", ""},
		{"/?", ""},
		{"/?from=menu", ""},
		{"/a?b", ""},
		{"/a?b=", ""},
		{"/a?b=c=d", ""},
		{"/a?b&c&&d", ""},
		{"/a?b[]=1&b[]=2", ""},
		{"/a?b=%20c+d", ""},
		{"/a?b=%zz", ""}, // a query is the app's own
		{"/a?b=%2F%2Fevil.com", ""},
		{"/a?next=https://partner.example/cb?x=1", ""},
		{"/a?next=//partner.example", ""},
		{"/a?b=c:d@e", ""},
		{"/a?b='c'", ""},
		{`/a?b="c"`, "/a?b=%22c%22"},
		{`/a?b={"c":[1,2]}`, "/a?b=%7B%22c%22:[1,2]%7D"},
		{`/a?path=C:\dir`, "/a?path=C:%5Cdir"},
		{"/a?b=c d", "/a?b=c%20d"},
		{"/a?名=值", "/a?%E5%90%8D=%E5%80%BC"},
		{"/a?code=1&state=2", ""},
		{"/a?return_to=/b", ""},
		{"/#top", ""},
		{"/#", ""},
		{"/#/", ""},
		{"/#/orders/7?tab=2", ""},
		{"/#!/orders/7", ""},
		{"/app#/a/b?c=d&e=f", ""},
		{"/app?x=1#/a/b", ""},
		{"/app?#/a", ""},
		{"/app#/名/表", "/app#/%E5%90%8D/%E8%A1%A8"},
		{"/app#a#b", "/app#a%23b"},
		{"/app#//a", ""},
		{"/app#:~:text=x", ""},
		{"/app#" + strings.Repeat("x", 512), ""},
		{"/名/表", "/%E5%90%8D/%E8%A1%A8"},
		{"/%E5%90%8D/%E8%A1%A8", ""},
		{"/%e5%90%8d", ""},
		{"/😀", "/%F0%9F%98%80"},
		{"/a b", "/a%20b"},
		{"/a%20b", ""},
		{"/a+b", ""},
		{"/a%2Fb", ""},
		{"/a%2fb%3Fc%23d", ""},
		{"/100%25", ""},
		{"/a%25b", ""},
		{"/@name", ""},
		{"/~name", ""},
		{"/a:b", ""},
		{"/a;v=1/b", ""},
		{"/a,b", ""},
		{"/a!$&'()*+,;=:@-._~", ""},
		{"/a[1]", ""},
		{"/{id}", "/%7Bid%7D"},
		{"/a|b^c`d", "/a%7Cb%5Ec%60d"},
		{"/a//b", ""},
		{"/a/./b", ""},
		{"/a/../b", ""},
		{"/a/..", ""},
		{"/.", ""},
		{"/..", ""},
		{"/.well-known/x", ""},
		{"/...", ""},
		{"/http://partner.example/", ""},
		{"/wechat", ""},
		{"/wechat/", ""},
		{"/wechat/login-help", ""},
		{"/wechat/login.html", ""},
		{"/wechat/login/help", ""},
		{"/wechat/Login", ""},
		{"/my/wechat/login", ""},
		{"/login?return_to=%2Fwechat%2Flogin", ""},
		{long, ""},
		{"/?" + strings.Repeat("名", 682), "/?" + strings.Repeat("%E5%90%8D", 682)},
	}
}

// A ReturnTarget is a return_to that the library lets through, and where it redirects to then.
type ReturnTarget struct {
	Family   string `json:"family"`
	ReturnTo string `json:"return_to"`
	Location string `json:"location"`
}

// AcceptedReturnTargets asks the library about all attacks and all legitimate targets. It gives
// those that are not replaced by "/", for a real browser to judge: each Location must stay on
// [PublicURL].
func AcceptedReturnTargets() ([]ReturnTarget, error) {
	auth, err := oauth.New(oauth.Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: PublicURL, Keys: [][]byte{Key('1')}, AskAtOnce: true,
	})
	if err != nil {
		return nil, err
	}
	families := attackFamilies()
	good := family{name: "legitimate"}
	for _, l := range legitimateTargets() {
		good.attacks = append(good.attacks, l.target)
	}
	var accepted []ReturnTarget
	for _, f := range append(families, good) {
		for _, target := range f.attacks {
			r := httptest.NewRequest(http.MethodPost, "/logout",
				strings.NewReader(url.Values{"return_to": {target}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer := httptest.NewRecorder()
			auth.LogoutHandler().ServeHTTP(answer, r)
			if location := answer.Header().Get("Location"); location != "" &&
				(location != PublicURL+"/" || target == "/") {
				accepted = append(accepted, ReturnTarget{f.name, target, location})
			}
		}
	}
	return accepted, nil
}
