package adaptertest

import (
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// cookieCases bring cookies that the library did not set, or did not set for this.
func cookieCases() Group {
	return Group{"Cookies", []Case{
		{Name: "a session's cookie with any bit flipped is nobody's", Test: func(t *World) {
			name, value := t.session(t.Browser())
			for i := range len(value) {
				for bit := range 8 {
					if bit != i%8 && i > 16 && i < len(value)-64 {
						continue // all bits at both ends, one of each byte between
					}
					changed := []byte(value)
					changed[i] ^= 1 << bit
					t.wantAnonymous(name + "=" + string(changed))
				}
			}
		}},
		{Name: "a session's cookie cut at any length is nobody's", Test: func(t *World) {
			name, value := t.session(t.Browser())
			for i := range len(value) {
				t.wantAnonymous(name + "=" + value[:i])
			}
			for i := 1; i < len(value); i += 7 {
				t.wantAnonymous(name + "=" + value[i:])
			}
		}},
		{Name: "a session's cookie with something added is nobody's", Test: func(t *World) {
			name, value := t.session(t.Browser())
			for _, more := range []string{
				"A", "AA", "AAA", "AAAA", "=", "==", ".", "-", "_", "%", "|", "+", "/", "é", value,
			} {
				t.wantAnonymous(name + "=" + value + more)
				t.wantAnonymous(name + "=" + more + value)
			}
		}},
		{Name: "no made-up value is a session", Test: func(t *World) {
			name, value := t.session(t.Browser())
			size := len(value)
			for _, made := range []string{
				"", "*", "null", "{}", "true", "0", "wx:s:*", "../../etc/passwd", "\r\nDEL x", "%0d%0aFLUSHALL",
				"session", `""`, `"` + value + `x"`,
				strings.Repeat("A", size), strings.Repeat("*", size), strings.Repeat("=", size),
				strings.Repeat("é", size/2), strings.Repeat("\x80", size),
				strings.Repeat("A", 64<<10), value[:size/2] + "*" + value[size/2+1:], value[:size-1] + "*",
				strings.ToUpper(value), strings.ToLower(value),
			} {
				t.wantAnonymous(name + "=" + made)
			}
		}},
		{Name: "a cookie under another name is not looked at", Test: func(t *World) {
			name, value := t.session(t.Browser())
			for _, other := range []string{
				strings.ToLower(name), strings.ToUpper(name), strings.TrimPrefix(name, "__Host-"),
				"__Secure-" + strings.TrimPrefix(name, "__Host-"),
				name + "x", name[:len(name)-1], "x" + name, " " + name[1:], "__Host-wx-000000", "session",
			} {
				t.wantAnonymous(other + "=" + value)
			}
		}},
		{Name: "a name that only Unicode blanks make another one is another one", Test: func(t *World) {
			name, value := t.session(t.Browser())
			_, planted := t.session(t.BrowserOf(t.Sim.Users()[1]))
			for _, blank := range unicodeBlanks {
				for _, other := range []string{
					blank + name, name + blank, " " + blank + name, blank + blank + name + blank,
				} {
					t.wantAnonymous(other + "=" + planted)
					t.WantUser(t.get(other+"="+planted+"; "+name+"="+value), 0)
					t.WantUser(t.get(name+"="+value+"; "+other+"="+planted), 0)
				}
			}
		}},
		{Name: "a look-alike of an attempt's cookie is none", Test: func(t *World) {
			b, callback := t.calledBack("/me")
			held := held(b, AttemptCookie)
			for _, blank := range unicodeBlanks {
				header := http.Header{"Cookie": {blank + held.Name + "=" + held.Value}}
				t.WantRestart(t.Browser().Do(webtest.Request{URL: callback, Header: header}))
			}
			t.WantCalls(0, 0)
			t.WantUser(b.Open(callback), 0)
		}},
		{Name: "values moved between the purposes of cookies are worth nothing", Test: func(t *World) {
			b, attempt := t.begun("/me")
			held := held(b, AttemptCookie)
			name, value := t.session(t.Browser())
			t.wantAnonymous(name + "=" + held.Value)
			t.wantAnonymous(name + "=" + attempt.State)
			t.wantAnonymous(name + "=" + t.Config.AppID)

			callback := attempt.Callback(0)
			for _, wrong := range []string{value, attempt.State, "", "x"} {
				stranger := t.BrowserOf(t.Sim.Users()[1])
				calls := t.APICalls()
				v := stranger.Do(webtest.Request{
					URL: callback, Header: http.Header{"Cookie": {held.Name + "=" + wrong}},
				})
				t.WantRestart(v)
				t.WantAPICalls(calls)
			}
		}},
		{Name: "an attempt's cookie with any byte changed or cut is worth nothing", Test: func(t *World) {
			b, attempt := t.begun("/me")
			callback := attempt.Callback(0)
			held := held(b, AttemptCookie)
			for i := range len(held.Value) {
				changed := []byte(held.Value)
				changed[i] ^= 1 << (i % 7)
				for _, value := range []string{string(changed), held.Value[:i]} {
					v := b.Do(webtest.Request{URL: callback, Header: http.Header{"Cookie": {held.Name + "=" + value}}})
					if v.Err == nil { // net/http does not send every byte
						t.WantRestart(v)
					}
				}
			}
			t.WantCalls(0, 0)
			t.WantUser(b.Open(callback), 0)
		}},
		{Name: "a store of the app's own that embeds ours decides about each visit", Test: func(t *World) {
			denied := map[string]bool{}
			t.Deploy(func(cfg *oauth.Config) {
				ours, err := sessionstore.NewCookie(cfg.Keys...)
				t.NoError(err)
				cfg.Store = denying{ours, denied}
			})
			b := t.Browser()
			name, value := t.session(b)
			t.WantSignedIn(b, 0)
			denied[value] = true
			t.wantAnonymous(name + "=" + value)
			t.WantPage(b.Open(PublicURL+"/me"), "/me") // with a session that is not denied
		}},
		{Name: "a mini program's token is no session of the web", Test: func(t *World) {
			name, _ := t.session(t.Browser())
			token := t.deployMini()
			t.Deploy(nil)
			t.wantAnonymous(name + "=" + token)
		}},
		{Name: "a cookie of an unknown key is nobody's; a retired key's is until it is taken away", Test: func(t *World) {
			if t.Store.OnServer {
				t.rotateOnServer()
				return
			}
			b := t.Browser()
			name, value := t.session(b)
			keys := func(keys ...[]byte) { t.Deploy(func(cfg *oauth.Config) { cfg.Keys = keys }) }
			for _, open := range [][][]byte{{Key('1')}, {Key('1'), Key('2')}, {Key('2'), Key('1')}} {
				keys(open...)
				t.WantSignedIn(b, 0)
			}
			// Sealed by the new key, which the first deploy's replicas open as well.
			newer := t.SignedIn()
			keys(Key('1'), Key('2'))
			t.WantSignedIn(newer, 0)
			keys(Key('2'))
			t.WantSignedIn(newer, 0)
			t.wantAnonymous(name + "=" + value)
			keys(Key('3'), Key('4'))
			t.WantNobody(newer)
			t.WantPage(newer.Open(PublicURL+"/me"), "/me")
		}},
		{Name: "a session of another appid is nobody's", Test: func(t *World) {
			_, value := t.session(t.Browser())
			t.Deploy(func(cfg *oauth.Config) { cfg.AppID = "wx0123456789abcdef" })
			b := t.Browser()
			t.Begin(b, PublicURL+"/me")
			attempt := held(b, AttemptCookie).Name
			name := strings.Replace(attempt[:len(attempt)-9], "wxa-", "wx-", 1)
			t.wantAnonymous(name + "=" + value)
		}},
		{Name: "a planted session does not become the victim's", Test: func(t *World) {
			attacker, victim := t.BrowserOf(t.Sim.Users()[1]), t.Browser()
			callback := t.Begin(victim, PublicURL+"/me").Callback(0)
			name, value := t.session(attacker)
			plant(victim, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true})
			t.WantUser(victim.Open(callback), 0)
			if _, now := t.session(victim); now == value {
				t.Error("the victim kept the planted value")
			}
			v := t.get(name + "=" + value)
			if u := userOf(v); u != nil && u.OpenID != t.Sim.Users()[1].OpenID {
				t.Errorf("the attacker sees %+v", u)
			}
			if t.Store.OnServer && v.Status != http.StatusUnauthorized {
				t.Errorf("the planted session lives on: %d", v.Status)
			}
		}},
		{Name: "a planted value that was never a session does not become one", Test: func(t *World) {
			name, ended := t.session(t.BrowserOf(t.Sim.Users()[1]))
			logOutWith(t, name+"="+ended)
			for _, planted := range []string{ended, strings.Repeat("A", len(ended)), "planted"} {
				victim := t.Browser()
				plant(victim, &http.Cookie{Name: name, Value: planted, Path: "/", Secure: true})
				if planted == ended && !t.Store.OnServer {
					continue // a cookie that was copied before a logout stays good there
				}
				t.WantUser(victim.Open(PublicURL+"/me"), 0)
				t.wantAnonymous(name + "=" + planted)
			}
		}},
		{Name: "a session that was logged out is nobody's", Test: func(t *World) {
			if !t.Store.OnServer {
				return // only the browser can forget it
			}
			b := t.Browser()
			name, value := t.session(b)
			logOut(b)
			t.wantAnonymous(name + "=" + value)
		}},
		{Name: "of two cookies of one name one counts, and they are never mixed", Test: func(t *World) {
			name, first := t.session(t.Browser())
			_, second := t.session(t.BrowserOf(t.Sim.Users()[1]))
			for _, header := range []string{
				name + "=" + first + "; " + name + "=" + second, name + "=" + first + "; a=b; " + name + "=x",
			} {
				t.WantUser(t.get(header), 0)
			}
			t.wantAnonymous(name + "=x; " + name + "=" + first) // of a __Host- cookie there is no second
		}},
		{Name: "over http the good one of several cookies of one name counts", Config: overHTTP, Test: func(t *World) {
			b := t.plainBrowser(0)
			shop := &url.URL{Scheme: "http", Host: Host, Path: "/"}
			attempts := 0
			b.Refuses = func(c *http.Cookie) bool { // a stale twin of each comes first, as its path is longer
				if c.Path == "/" {
					twin := *c
					twin.Value, twin.Path = "stale"+c.Value, "/me"
					b.Jar.Set(shop, []*http.Cookie{&twin})
					attempts++
				}
				return false
			}
			t.WantUser(b.Open(httpURL+"/me"), 0)
			t.WantUser(b.Open(httpURL+"/me"), 0)
			if attempts == 0 || t.Sim.Calls(authorizePath) != 1 {
				t.Errorf("%d cookies were set, and WeChat was visited %d times", attempts, t.Sim.Calls(authorizePath))
			}
			b.Refuses = nil
			b.Do(webtest.Request{
				Method: http.MethodPost, URL: httpURL + "/logout", Kind: webtest.Fetch(),
				Header: http.Header{"Origin": {httpURL}},
			})
			if v := b.Do(webtest.Request{
				URL: httpURL + "/me", Kind: webtest.Fetch(),
			}); v.Status != http.StatusUnauthorized {
				t.Errorf("after the logout: %d %s", v.Status, v.Body)
			}
		}},
		{Name: "over http a handful of cookies of one name is looked at", Config: overHTTP, Test: func(t *World) {
			b := t.plainBrowser(0)
			if v := b.Open(httpURL + "/me"); userOf(v) == nil {
				t.Fatalf("not signed in: %d %s", v.Status, v.Body)
			}
			c := held(b, SessionCookie)
			stale := c.Name + "=" + strings.Repeat("A", len(c.Value)) + "; "
			for n, status := range map[int]int{0: 200, 3: 200, 4: 401, 300: 401} {
				header := http.Header{"Cookie": {strings.Repeat(stale, n) + c.Name + "=" + c.Value}}
				if v := t.plainBrowser(1).Do(webtest.Request{
					URL: httpURL + "/me", Kind: webtest.Fetch(), Header: header,
				}); v.Status != status {
					t.Errorf("after %d stale cookies: %d, want %d", n, v.Status, status)
				}
			}
		}},
		{Name: "two Cookie headers are read as one", Test: func(t *World) {
			name, value := t.session(t.Browser())
			v := t.Browser().Do(webtest.Request{
				URL: PublicURL + "/me", Kind: webtest.Fetch(),
				Header: http.Header{"Cookie": {"a=b", name + "=" + value}},
			})
			t.WantUser(v, 0)
		}},
		{Name: "an expired session is nobody's, also in a browser that kept it", Config: func(cfg *oauth.Config) {
			cfg.MaxAge = time.Hour
		}, Test: func(t *World) {
			name, value := t.session(t.Browser())
			time.Sleep(time.Hour - time.Second)
			t.WantUser(t.get(name+"="+value), 0)
			time.Sleep(time.Second)
			t.wantAnonymous(name + "=" + value)
		}},
		{Name: "a shorter MaxAge counts for older sessions, too", Test: func(t *World) {
			name, value := t.session(t.Browser())
			time.Sleep(time.Hour)
			t.Deploy(func(cfg *oauth.Config) { cfg.MaxAge = time.Hour })
			t.wantAnonymous(name + "=" + value)
		}},
		{Name: "a session of another version or of the future is nobody's", Test: func(t *World) {
			if t.Store.OnServer {
				return // nobody but the server writes there
			}
			name, value := t.session(t.Browser())
			codecs, err := sessionstore.NewCodecs(t.Config.Keys, name)
			t.NoError(err)
			values, expiry, err := sessionstore.Open(codecs, name, value)
			if err != nil || len(values) != 1 {
				t.Fatal(values, err)
			}
			reseal := func(change func(record []byte) []byte) string {
				changed := map[any]any{}
				for k, v := range values {
					changed[k] = change(slices.Clone(v.([]byte)))
				}
				sealed, err := sessionstore.Seal(codecs, name, changed, expiry)
				t.NoError(err)
				return name + "=" + sealed
			}
			t.WantUser(t.get(reseal(func(r []byte) []byte { return r })), 0)
			for what, change := range map[string]func([]byte) []byte{
				"another purpose":  func(r []byte) []byte { r[0]++; return r },
				"an older version": func(r []byte) []byte { r[1]--; return r },
				"a newer version":  func(r []byte) []byte { r[1]++; return r },
				"the future": func(r []byte) []byte {
					binary.BigEndian.PutUint32(r[4:], uint32(time.Now().Add(time.Hour).Unix()))
					return r
				},
				"the past": func(r []byte) []byte {
					binary.BigEndian.PutUint32(r[4:], uint32(time.Now().Add(-31*day).Unix()))
					return r
				},
				"cut":      func(r []byte) []byte { return r[:len(r)/2] },
				"one byte": func(r []byte) []byte { return r[:1] },
				"too long": func(r []byte) []byte { return append(r, make([]byte, 1000)...) },
			} {
				if v := t.get(reseal(change)); v.Status != http.StatusUnauthorized {
					t.Errorf("%s: %d %s", what, v.Status, v.Body)
				}
			}
		}},
		{Name: "a tampered cookie is left alone until the next login replaces it", Test: func(t *World) {
			b := t.Browser()
			name, value := t.session(b)
			plant(b, &http.Cookie{Name: name, Value: value[:len(value)-4] + "AAAA", Path: "/", Secure: true})
			for _, v := range []*webtest.Visit{
				fetch(b, "/me"), b.Do(webtest.Request{URL: PublicURL + "/"}),
				b.Do(webtest.Request{URL: PublicURL + "/me"}),
			} {
				t.wantSessionLeft(v)
			}
			t.wantLogged("level=DEBUG")
			t.SignIn(b)
		}},
		{Name: "an ordinary user's cookie takes less than 1,000 bytes", Test: func(t *World) {
			u := t.Sim.AddUser(wxsim.User{
				Nickname: "一个名字不算短的人", Country: "中国", Province: "内蒙古自治区", City: "呼和浩特市", Language: "zh_CN", Sex: 1,
				HeadImgURL: "https://thirdwx.qlogo.cn/mmopen/vi_32/" + strings.Repeat("x", 90) + "/132",
			})
			b := t.BrowserOf(u)
			if got := userOf(b.Open(PublicURL + "/me")); got == nil || got.Nickname != u.Nickname ||
				got.City != u.City || got.HeadImgURL != u.HeadImgURL {
				t.Fatalf("the page saw %+v", got)
			}
			for _, c := range b.Jar.All() {
				if size := len(c.Name) + len("=") + len(c.Value); SessionCookie(c) && size > 1000 {
					t.Errorf("cookie %s takes %d bytes", c.Name, size)
				}
			}
		}},
		{Name: "a user who does not fit loses what is least needed, and is signed in", Test: func(t *World) {
			u := t.Sim.AddUser(wxsim.User{
				Nickname: strings.Repeat("长", 300), Country: strings.Repeat("c", 200),
				Province: strings.Repeat("p", 200), City: strings.Repeat("c", 200),
				HeadImgURL: "https://thirdwx.qlogo.cn/mmopen/vi_32/" + strings.Repeat("x", 600) + "/132",
				Privilege:  []string{strings.Repeat("v", 300)},
			})
			b := t.BrowserOf(u)
			b.Open(PublicURL + "/me")
			if name, value := t.session(b); len(name)+len("=")+len(value) > 1250 {
				t.Errorf("cookie %s takes %d bytes", name, len(name)+len("=")+len(value))
			}
			got := userOf(b.Open(PublicURL + "/me"))
			if got == nil || got.OpenID != u.OpenID || got.UnionID != u.UnionID ||
				got.Nickname != strings.Repeat("长", 64) || got.HeadImgURL != "" {
				t.Errorf("the page saw %+v", got)
			}
			time.Sleep(3 * time.Hour)
			if token := t.token(b); token.Err != nil { // the refresh token stayed
				t.Errorf("AccessToken: %v", token.Err)
			}
		}},
	}}
}

// A denying store refuses cookies that are on a list: what an app may write that wants to end cookie
// sessions before their time.
type denying struct {
	*sessionstore.CookieStore

	denied map[string]bool
}

func (s denying) New(r *http.Request, name string) (*sessions.Session, error) {
	if s.denied[cookie.Value(r, name)] {
		session := sessions.NewSession(s, name)
		session.IsNew = true
		return session, nil
	}
	return s.CookieStore.New(r, name)
}

// unicodeBlanks are white space to Unicode and to no browser.
var unicodeBlanks = strings.Split("\u0085 \u00a0 \u1680 \u2000 \u2001 \u2002 \u2003 \u2004 \u2005 \u2006 \u2007 \u2008 "+
	"\u2009 \u200a \u2028 \u2029 \u202f \u205f \u3000 \u200b \ufeff", " ")

const httpURL = "http://" + Host

// plainBrowser makes a browser of WeChat's i-th user for an app over http, whose cookies and redirects
// are not those that every answer over https is held to.
func (w *World) plainBrowser(i int) *webtest.Browser {
	b := webtest.NewBrowser(w.Net, nil)
	b.Jar = w.BrowserOf(w.Sim.Users()[i]).Jar
	return b
}

// overHTTP makes the app one whose cookies have no prefix.
func overHTTP(cfg *oauth.Config) { cfg.PublicURL, cfg.InsecureHTTP = httpURL, true }

// session signs a browser in and returns its session's cookie.
func (w *World) session(b *webtest.Browser) (name, value string) {
	w.Helper()
	if v := b.Open(PublicURL + "/me"); userOf(v) == nil {
		w.Fatalf("not signed in: %d %s", v.Status, v.Body)
	}
	c := held(b, SessionCookie)
	return c.Name, c.Value
}

// get asks for a guarded page with a Cookie header of its own.
func (w *World) get(cookies string) *webtest.Visit {
	w.Helper()
	return webtest.NewBrowser(w.Net, w.inspect).
		Do(webtest.Request{URL: PublicURL + "/me", Kind: webtest.Fetch(), Header: http.Header{"Cookie": {cookies}}})
}

// wantAnonymous fails the case if a Cookie header opens a session.
func (w *World) wantAnonymous(cookies string) {
	w.Helper()
	v := w.get(cookies)
	if v.Err != nil { // net/http does not send every byte
		return
	}
	if v.Status != http.StatusUnauthorized || len(v.SetCookies()) > 0 {
		w.Errorf("with the cookie %.100q: %d %s", cookies, v.Status, v.Body)
	}
}

func logOutWith(w *World, cookies string) {
	b := w.Browser()
	b.Do(webtest.Request{
		Method: http.MethodPost, URL: PublicURL + "/logout", Kind: webtest.Fetch(),
		Header: http.Header{"Cookie": {cookies}},
	})
}

// rotateOnServer is the rotation of keys where records are sealed, and the cookie is an id.
func (w *World) rotateOnServer() {
	w.Helper()
	b := w.SignedIn()
	for _, open := range [][][]byte{{Key('1'), Key('2')}, {Key('2'), Key('1')}} {
		w.Deploy(func(cfg *oauth.Config) { cfg.Keys = open })
		w.WantSignedIn(b, 0)
	}
	w.Deploy(func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('2')} })
	w.WantNobody(b)
	w.WantPage(b.Open(PublicURL+"/me"), "/me")
}
