package adaptertest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

func TestThereAreManyAttacksAndTargets(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range attackFamilies() {
		require.GreaterOrEqual(t, len(f.attacks), 5, f.name)
		for _, attack := range f.attacks {
			require.False(t, seen[attack], f.name)
			seen[attack] = true
		}
	}
	t.Logf("%d attacks, %d legitimate targets", len(seen), len(legitimateTargets()))
	require.GreaterOrEqual(t, len(seen), 500)
	require.GreaterOrEqual(t, len(legitimateTargets()), 60)
}

// staysHome looks at an address that a browser is sent to. It is stricter than any browser: behind
// scheme, host and slash no printable byte but a backslash leads elsewhere, and that is not there.
func staysHome(location string) error {
	rest, ok := strings.CutPrefix(location, PublicURL+"/")
	if !ok {
		return errors.New("it does not begin with PublicURL and a slash")
	}
	if i := strings.IndexFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }); i >= 0 {
		return fmt.Errorf("it holds %q", rest[i:i+1])
	}
	at, err := webtest.Resolve(&url.URL{Scheme: "https", Host: Host, Path: "/wechat/login", RawPath: "/wechat/login"}, location)
	if err != nil || at.Scheme != "https" || at.Host != Host {
		return fmt.Errorf("a browser goes to %v, %w", at, err)
	}
	return nil
}

func TestReturnTo(t *testing.T) {
	for _, frame := range Frames() {
		t.Run(frame.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(t, frame, Cookies())
				b := w.SignedIn()
				ways := []struct {
					name string
					send func(target string) *webtest.Visit
				}{
					{"the login handler", func(target string) *webtest.Visit {
						return b.Do(webtest.Request{URL: PublicURL + "/wechat/login?return_to=" + url.QueryEscape(target)})
					}},
					{"a form's logout", func(target string) *webtest.Visit {
						return w.Browser().Do(webtest.Request{Method: http.MethodPost, URL: PublicURL + "/logout", Form: url.Values{"return_to": {target}}.Encode()})
					}},
					{"a logout with a query", func(target string) *webtest.Visit {
						return w.Browser().Do(webtest.Request{Method: http.MethodPost, URL: PublicURL + "/logout?return_to=" + url.QueryEscape(target)})
					}},
				}
				for _, way := range ways {
					for _, f := range attackFamilies() {
						for _, attack := range f.attacks {
							v := way.send(attack)
							if attack == "" && v.Status == http.StatusOK {
								continue // a logout without return_to
							}
							if err := staysHome(v.Location()); err != nil || v.Status/100 != 3 {
								t.Errorf("%s, %s: %q leads to %q, status %d: %v", way.name, f.name, attack, v.Location(), v.Status, err)
							}
							if f.refused && v.Location() != PublicURL+"/" {
								t.Errorf("%s, %s: %q is not refused but leads to %q", way.name, f.name, attack, v.Location())
							}
						}
					}
					for _, l := range legitimateTargets() {
						v := way.send(l.target)
						want := PublicURL + l.target
						if l.want != "" {
							want = PublicURL + l.want
						}
						if v.Location() != want || staysHome(v.Location()) != nil {
							t.Errorf("%s: %q became %q, want %q", way.name, l.target, v.Location(), want)
						}
					}
				}
			})
		})
	}
}

// TestReturnToOfALogin begins as nobody: return_to travels through WeChat and is looked at when
// it is back.
func TestReturnToOfALogin(t *testing.T) {
	for i, frame := range Frames() {
		t.Run(frame.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(t, frame, Cookies())
				login := func(target string) string {
					b := w.Browser()
					v := b.OpenUntil(PublicURL+"/wechat/login?return_to="+url.QueryEscape(target), func(next *url.URL) bool {
						return next.Host == Host && !strings.HasPrefix(next.Path, "/wechat/login") || next.Host != Host && next.Host != openHost
					})
					return v.Location()
				}
				for _, f := range attackFamilies() {
					for j, attack := range f.attacks {
						if j%5 != i {
							continue // a fifth at each adapter: the engine is the same
						}
						require.NoError(t, staysHome(login(attack)), f.name)
					}
				}
				for j, l := range legitimateTargets() {
					want := PublicURL + l.target
					if l.want != "" {
						want = PublicURL + l.want
					}
					if strings.HasPrefix(l.target, "/wechat/login") || j%5 != i {
						continue
					}
					require.Equal(t, want, login(l.target), l.target)
				}
			})
		})
	}
}

func TestReturnToSeveralTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t, NetHTTP(), Cookies())
		b := w.SignedIn()
		for query, want := range map[string]string{
			"return_to=/a&return_to=//evil.com": "/a",
			"return_to=//evil.com&return_to=/a": "/",
			"return_to=&return_to=//evil.com":   "/",
			"return_to[]=//evil.com":            "/",
			"return_to%00=//evil.com":           "/",
			"Return_To=//evil.com":              "/",
			"return_to=%2":                      "/",
			"return_to=/a;return_to=//evil.com": "/a;return_to=//evil.com",
			"return_to=/%26return_to=//evil":    "/&return_to=//evil",
			"return_to=/a#return_to=//evil.com": "/a",
			"next=//evil.com":                   "/",
			"return_to=//evil.com&scope=x":      "/",
			"%72eturn_to=//evil.com":            "/",
			"redirect_uri=https://evil.com":     "/",
		} {
			v := b.Do(webtest.Request{URL: PublicURL + "/wechat/login?" + query})
			require.Equal(t, PublicURL+want, v.Location(), query)
		}
	})
}

// TestRequestLines sends attacks as the path of a request itself, to a login that comes back to
// the very page that was asked for.
func TestRequestLines(t *testing.T) {
	lines := []string{
		"http://evil.com", "http://evil.com/", "http://evil.com/me?a=1", "HTTPS://EVIL.COM//evil.com", "http://evil.com:80//me", "http://user:pass@evil.com/me",
		"http://evil.com?a=1", "https://evil.com/wechat/login?return_to=//evil.com", "https://shop.example.com/me", "https://shop.example.com//evil.com", "ftp://evil.com/x",
		"http:evil.com", "http:/evil.com", "https:///evil.com", "javascript:alert(1)", "*",
	}
	for _, f := range attackFamilies() {
		for _, attack := range f.attacks {
			_, err := url.ParseRequestURI(attack)
			plain := strings.IndexFunc(attack, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
			if strings.HasPrefix(attack, "/") && plain && err == nil && len(attack) < 2000 {
				lines = append(lines, attack) // net/http refuses the others by itself
			}
		}
	}
	require.GreaterOrEqual(t, len(lines), 200)
	const browser = " HTTP/1.1\r\nHost: evil.com\r\nX-Forwarded-Host: evil.com\r\nX-Forwarded-Proto: http\r\nAccept: text/html\r\nUser-Agent: " + webtest.WeChatAndroid + "\r\n"
	for _, frame := range Frames() {
		t.Run(frame.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(t, frame, Cookies())
				w.DeployOneLine(nil)
				for _, line := range lines {
					begun := w.Raw("GET " + line + browser)
					toWeChat, err := url.Parse(begun.Location())
					if err != nil || begun.Status != http.StatusFound || toWeChat.Host != openHost {
						t.Errorf("GET %s is answered %d %q", line, begun.Status, begun.Location())
						continue
					}
					q := toWeChat.Query()
					back := q.Get("redirect_uri")
					if err := staysHome(back); err != nil {
						t.Errorf("GET %s: WeChat is asked to come back to %q: %v", line, back, err)
						continue
					}
					separator := "?"
					if strings.Contains(back, "?") {
						separator = "&"
					}
					code := w.Sim.NewCode(q.Get("appid"), w.Sim.Users()[0].OpenID, q.Get("scope"))
					cookies := begun.SetCookies()
					i := slices.IndexFunc(cookies, AttemptCookie)
					done := w.Raw("GET " + strings.TrimPrefix(back, PublicURL) + separator + "code=" + code + "&state=" + q.Get("state") + browser +
						"Cookie: " + cookies[i].Name + "=" + cookies[i].Value + "\r\n")
					if err := staysHome(done.Location()); err != nil || done.Status != http.StatusFound || !slices.ContainsFunc(done.SetCookies(), SessionCookie) {
						t.Errorf("GET %s ends with %d %q: %v", line, done.Status, done.Location(), err)
					}
				}
			})
		})
	}
}

func TestAcceptedReturnTargets(t *testing.T) {
	accepted, err := AcceptedReturnTargets()
	require.NoError(t, err)
	n := map[string]int{}
	for _, a := range accepted {
		n[a.Family]++
		if err := staysHome(a.Location); err != nil {
			t.Errorf("%s: %q leads to %q: %v", a.Family, a.ReturnTo, a.Location, err)
		}
	}
	require.Equal(t, len(legitimateTargets()), n["legitimate"])
	for _, f := range attackFamilies() {
		if f.refused && n[f.name] != 0 {
			t.Errorf("%d of %s were let through", n[f.name], f.name)
		}
	}
	require.Greater(t, len(accepted), n["legitimate"], "no attack is left for a browser to look at")
	t.Logf("%d accepted: %v", len(accepted), n)
}
