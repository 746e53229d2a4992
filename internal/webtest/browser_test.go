package webtest

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAddressesAreResolvedAsInBrowsers(t *testing.T) {
	for _, tt := range []struct{ base, location, want string }{
		{"https://a.com/x/y?q#f", "/z", "https://a.com/z#f"},
		{"https://a.com/x/y?q#f", "/z#g", "https://a.com/z#g"},
		{"https://a.com/x/y?q", "z", "https://a.com/x/z"},
		{"https://a.com/x/y?q", "?p", "https://a.com/x/y?p"},
		{"https://a.com/x/y?q", "", "https://a.com/x/y?q"},
		{"https://a.com/x/y", "../z/./", "https://a.com/z/"},
		{"https://a.com/x/y", "/%2e%2e/z", "https://a.com/z"},
		{"https://a.com/", "//b.com/z", "https://b.com/z"},
		{"https://a.com/", `/\b.com/z`, "https://b.com/z"},
		{"https://a.com/", `\\b.com`, "https://b.com/"},
		{"https://a.com/", "/\t/b.com", "https://b.com/"},
		{"https://a.com/", "///b.com", "https://b.com/"},
		{"https://a.com/", "https:b", "https://a.com/b"},
		{"https://a.com/", "http:b.com", "http://b.com/"},
		{"https://a.com/", "HTTPS://A.com:443/z", "https://a.com/z"},
		{"https://a.com/", "https://a.com@b.com/z", "https://b.com/z"},
		{"https://a.com/", "https://b.com\\@a.com/z", "https://b.com/@a.com/z"},
		{"https://a.com/", " /z\n", "https://a.com/z"},
		{"https://a.com/", "/a//b", "https://a.com/a//b"},
		{"https://a.com/", "/z?a=\\b", `https://a.com/z?a=\b`},
		{"https://a.com/", "javascript:alert(1)", "javascript:alert(1)"},
	} {
		base, err := Resolve(&url.URL{Scheme: "https", Path: "/"}, tt.base)
		require.NoError(t, err)
		if got, err := Resolve(base, tt.location); err != nil || Show(got) != tt.want {
			t.Errorf("%q from %s leads to %q, %v; want %s", tt.location, tt.base, Show(got), err, tt.want)
		}
	}
}

func TestJarFollowsTheRules(t *testing.T) {
	for _, tt := range []struct {
		name, from, cookie, to string
		crossSite, navigation  bool
		want                   bool // the cookie is sent
	}{
		{name: "to the same host", from: "https://a.com/x", cookie: "c=1", to: "https://a.com/y", want: true},
		{name: "to another host", from: "https://a.com/", cookie: "c=1", to: "https://b.com/"},
		{name: "to a subdomain", from: "https://a.com/", cookie: "c=1", to: "https://x.a.com/"},
		{name: "to a subdomain with Domain", from: "https://a.com/", cookie: "c=1; Domain=a.com", to: "https://x.a.com/", want: true},
		{name: "for somebody else's domain", from: "https://a.com/", cookie: "c=1; Domain=b.com", to: "https://b.com/"},
		{name: "to another path", from: "https://a.com/", cookie: "c=1; Path=/x", to: "https://a.com/y"},
		{name: "to a path that begins the same", from: "https://a.com/", cookie: "c=1; Path=/x", to: "https://a.com/xy"},
		{name: "below the path", from: "https://a.com/", cookie: "c=1; Path=/x", to: "https://a.com/x/y", want: true},
		{name: "to the folder it was set in", from: "https://a.com/x/y", cookie: "c=1", to: "https://a.com/z"},
		{name: "Secure to http", from: "https://a.com/", cookie: "c=1; Secure", to: "http://a.com/"},
		{name: "Secure from http", from: "http://a.com/", cookie: "c=1; Secure", to: "https://a.com/"},
		{name: "__Host- as it must be", from: "https://a.com/", cookie: "__Host-c=1; Secure; Path=/", to: "https://a.com/", want: true},
		{name: "__Host- with a Domain", from: "https://a.com/", cookie: "__Host-c=1; Secure; Path=/; Domain=a.com", to: "https://a.com/"},
		{name: "__Host- with a path", from: "https://a.com/", cookie: "__Host-c=1; Secure; Path=/x", to: "https://a.com/x"},
		{name: "__Host- without Secure", from: "https://a.com/", cookie: "__Host-c=1; Path=/", to: "https://a.com/"},
		{name: "Lax from another site's link", from: "https://a.com/", cookie: "c=1; SameSite=Lax", to: "https://a.com/", crossSite: true, navigation: true, want: true},
		{name: "Lax from another site's frame", from: "https://a.com/", cookie: "c=1; SameSite=Lax", to: "https://a.com/", crossSite: true},
		{name: "nothing said, from another site's frame", from: "https://a.com/", cookie: "c=1", to: "https://a.com/", crossSite: true},
		{name: "Strict from another site's link", from: "https://a.com/", cookie: "c=1; SameSite=Strict", to: "https://a.com/", crossSite: true, navigation: true},
		{name: "None from another site's frame", from: "https://a.com/", cookie: "c=1; SameSite=None; Secure", to: "https://a.com/", crossSite: true, want: true},
		{name: "None without Secure", from: "https://a.com/", cookie: "c=1; SameSite=None", to: "https://a.com/"},
		{name: "of 4,096 bytes", from: "https://a.com/", cookie: "c=" + strings.Repeat("x", 4095), to: "https://a.com/", want: true},
		{name: "of 4,097 bytes", from: "https://a.com/", cookie: "c=" + strings.Repeat("x", 4096), to: "https://a.com/"},
		{name: "cleared", from: "https://a.com/", cookie: "c=1; Max-Age=0", to: "https://a.com/"},
		{name: "expired", from: "https://a.com/", cookie: "c=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", to: "https://a.com/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			jar := &Jar{}
			c, err := http.ParseSetCookie(tt.cookie)
			require.NoError(t, err)
			from, to := address(t, tt.from), address(t, tt.to)
			jar.Set(from, []*http.Cookie{c})
			require.Equal(t, tt.want, len(jar.Get(to, tt.crossSite, tt.navigation)) == 1)
		})
	}
}

func TestJarOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jar, u := &Jar{}, address(t, "https://a.com/")
		jar.Set(u, []*http.Cookie{{Name: "a", Value: "1", MaxAge: 60, Path: "/"}, {Name: "b", Value: "1", Path: "/"}})
		jar.Set(u, []*http.Cookie{{Name: "b", Value: "2", Path: "/"}})
		time.Sleep(59 * time.Second)
		if got := jar.Get(u, false, true); len(got) != 2 || got[1].Value != "2" {
			t.Errorf("cookies %v, want both, the second replaced", got)
		}
		time.Sleep(time.Second)
		if got := jar.Get(u, false, true); len(got) != 1 || got[0].Name != "b" {
			t.Errorf("cookies %v, want b only", got)
		}
		jar.Set(address(t, "http://a.com/"), []*http.Cookie{{Name: "b", Value: "3", Path: "/"}})
		jar.Lose(func(c *http.Cookie) bool { return c.Name == "b" })
		require.Empty(t, jar.All())
	})
}

func TestBrowserOnNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(slog.DiscardHandler)
		t.Cleanup(n.Close)
		n.Serve("a.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/start":
				http.SetCookie(w, &http.Cookie{Name: "c", Value: "1", Path: "/"})
				http.Redirect(w, r, "//b.com/hop", http.StatusSeeOther)
			case "/loop":
				http.Redirect(w, r, "/loop", http.StatusFound)
			case "/cut":
				panic(http.ErrAbortHandler)
			case "/slow":
				select {
				case <-time.After(time.Hour):
				case <-r.Context().Done():
				}
			default:
				_, _ = io.WriteString(w, r.RequestURI+" "+r.Header.Get("Cookie")+" "+r.Method)
			}
		}))
		n.Serve("b.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie") != "" || r.Method != http.MethodGet {
				t.Errorf("b.com was sent %s with %q", r.Method, r.Header.Get("Cookie"))
			}
			w.Header().Set("Location", "https://a.com//end?q")
			w.WriteHeader(http.StatusFound)
		}))
		b := NewBrowser(n, nil)
		if v := b.Walk(Request{Method: http.MethodPost, URL: "https://a.com/start#f", Form: "x=1"}, nil); v.Body != "//end?q c=1 GET" || v.Address() != "https://a.com//end?q#f" || v.Redirects() != 2 {
			t.Errorf("ended at %s with %q:\n\t%s", v.Address(), v.Body, v.Trail())
		}
		if v := b.OpenUntil("https://a.com/start", func(next *url.URL) bool { return next.Host == "b.com" }); v.Next != "https://b.com/hop" || v.Status != http.StatusSeeOther {
			t.Errorf("stopped at %q with %d", v.Next, v.Status)
		}
		if v := b.Open("https://a.com/loop"); v.Err != ErrTooManyRedirects { //nolint:errorlint // it is that very error
			t.Errorf("the loop ended with %v", v.Err)
		}
		if v := b.Do(Request{URL: "https://a.com/cut", Once: true}); v.Status != 0 || v.Err == nil {
			t.Errorf("the cut connection ended with %d, %v", v.Status, v.Err)
		}
		began := time.Now()
		if v := b.Do(Request{URL: "https://a.com/slow", GiveUp: time.Minute}); v.Err == nil || time.Since(began) != time.Minute {
			t.Errorf("gave up after %v with %v", time.Since(began), v.Err)
		}
		require.Error(t, b.Open("https://nowhere.com/").Err, "an unknown host was found")
		b.Loses = AnyCookie
		require.Equal(t, "/x  GET", b.Open("https://a.com/x").Body)
	})
}

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := Resolve(&url.URL{Scheme: "https", Path: "/"}, text)
	require.NoError(t, err)
	return u
}
