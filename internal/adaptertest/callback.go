package adaptertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// callbackCases are about what comes back from WeChat, or from somebody who pretends to be it.
func callbackCases() Group {
	return Group{"Callback", slices.Concat(queryCases(), stateCases(), replayCases(), otherCallbackCases())}
}

// forgedState has the form of our states, and was not made by us.
var forgedState = "wx1" + strings.Repeat("0f", 37)

// queryCases open callbacks whose query was tampered with, in the browser that began the login.
func queryCases() []Case {
	type outcome func(t *World, v *webtest.Visit)
	refused := func(status int, kind oauth.Kind) outcome {
		return func(t *World, v *webtest.Visit) { t.WantRefusal(v, status, kind) }
	}
	restarted := func(t *World, v *webtest.Visit) { t.WantRestart(v) }
	goesOn := func(to string) outcome {
		return func(t *World, v *webtest.Visit) {
			t.wantSame(v.Next, PublicURL+to, "goes on to")
		}
	}
	var cases []Case
	for _, c := range []struct {
		name, query string // CODE and STATE stand for good ones
		exchanges   int
		want        outcome
	}{
		{"neither code nor state: the login begins anew", "", 0, restarted},
		{"a state without a code: the user refused", "state=STATE", 0, refused(403, oauth.KindDenied)},
		{"an empty code: the user refused", "code=&state=STATE", 0, refused(403, oauth.KindDenied)},
		{"authdeny: the user refused", "code=authdeny&state=STATE", 0, refused(403, oauth.KindDenied)},
		{"AUTHDENY: the user refused", "code=AUTHDENY&state=STATE", 0, refused(403, oauth.KindDenied)},
		{"code[] is no code", "code[]=CODE&state=STATE", 0, refused(403, oauth.KindDenied)},
		{"a code without a state is the app's own", "code=CODE", 0, restarted},
		{"state[] is no state", "code=CODE&state[]=STATE", 0, restarted},
		{"two codes", "code=CODE&code=CODE&state=STATE", 0, refused(400, oauth.KindState)},
		{"two states", "code=CODE&state=STATE&state=STATE", 0, refused(400, oauth.KindState)},
		{"a code with a line break", "code=CODE%0d%0aSet-Cookie:+a=b&state=STATE", 0, refused(400, oauth.KindState)},
		{"a code with NUL", "code=CODE%00&state=STATE", 0, refused(400, oauth.KindState)},
		{"a code with a space", "code=CODE+x&state=STATE", 0, refused(400, oauth.KindState)},
		{"a code in Chinese", "code=%E4%BD%A0&state=STATE", 0, refused(400, oauth.KindState)},
		{"a code of 10 kB", "code=" + strings.Repeat("x", 10<<10) + "&state=STATE", 0, refused(400, oauth.KindState)},
		{
			"a code that brings parameters of its own", "code=CODE%26appid=wxevil%26grant_type=x&state=STATE", 1,
			restarted,
		},
		{"a code with a hash", "code=CODE%23x&state=STATE", 1, restarted},
		{"a code that WeChat never gave", "code=0NeverGivenByWeChat0000000000000&state=STATE", 1, restarted},
		{"a state with something behind it is the app's own", "code=CODE&state=STATE0", 0, restarted},
		{"a state with a line break is the app's own", "code=CODE&state=STATE%0a", 0, restarted},
		{"half a state is the app's own", "code=CODE&state=wx1abcdef", 0, restarted},
		{"a state of 10 kB is the app's own", "code=CODE&state=wx1" + strings.Repeat("0", 10<<10), 0, restarted},
		{"a state in capitals is the app's own", "code=CODE&state=UPPER", 0, restarted},
		{"a state that begins in capitals is the app's own", "code=CODE&state=WXUPPER", 0, restarted},
		{"a state spelt with escapes is read", "code=CODE&state=STATE&x=%77x1", 1, goesOn("/me?a=1&x=%77x1")},
		{"a made-up state of our form", "code=CODE&state=" + forgedState, 0, refused(400, oauth.KindState)},
		{
			"an appid beside the code changes nothing", "code=CODE&appid=wxevil&state=STATE", 1,
			goesOn("/me?a=1&appid=wxevil"),
		},
		{
			"a state of the app's own beside ours stays", "state=mine&code=CODE&state=STATE", 1,
			goesOn("/me?a=1&state=mine"),
		},
		{"a message in the query is not shown", "state=STATE&errmsg=%3Cscript%3Ealert(1)%3C/script%3E", 0, func(t *World, v *webtest.Visit) {
			t.WantRefusal(v, 403, oauth.KindDenied)
			t.wantNoText(v, "alert(1)")
		}},
	} {
		cases = append(cases, Case{Name: c.name, Test: func(t *World) {
			b, a := t.begun("/me?a=1")
			code := a.Code(0)
			upper := strings.ToUpper(a.State[len("wx1"):])
			query := strings.NewReplacer("CODE", code, "STATE", a.State, "WXUPPER", "WX1"+upper, "UPPER",
				"wx1"+upper).Replace(c.query)
			c.want(t, b.Do(webtest.Request{URL: a.With(query)}))
			t.WantCallsOf(exchangePath, c.exchanges)
			for _, call := range t.Sim.Log() {
				if call.Path == exchangePath && (call.Query.Get("appid") != t.Sim.AppID() || len(call.Query) != 4) {
					t.Errorf("the exchange was sent %v", call.Query)
				}
			}
			if c.exchanges == 0 && len(t.Shown()) > 0 {
				t.Error("a page was shown")
			}
		}})
	}
	return cases
}

// stateCases open callbacks whose state was not made for this browser, this app or this moment.
// Nobody is signed in by them, and the code of the callback is never sent to WeChat.
func stateCases() []Case {
	foreign := func(name string, address func(t *World, b *webtest.Browser) string, want func(t *World, v *webtest.Visit)) Case {
		return Case{Name: name, Test: func(t *World) {
			b := t.BrowserOf(t.Sim.Users()[1])
			callback := address(t, b)
			before := t.APICalls()
			want(t, b.Do(webtest.Request{URL: callback}))
			t.WantAPICalls(before)
			t.WantNobody(b)
			t.WantNotShown()
		}}
	}
	restart := (*World).WantRestart
	refuse := func(t *World, v *webtest.Visit) { t.WantRefusal(v, 400, oauth.KindState) }
	return []Case{
		foreign("the callback of an attacker's browser logs nobody in", func(t *World, _ *webtest.Browser) string {
			return t.Begin(t.Browser(), PublicURL+"/me").Callback(0)
		}, restart),
		foreign("the same, in a browser with an attempt of its own", func(t *World, b *webtest.Browser) string {
			t.Begin(b, PublicURL+"/me")
			return t.Begin(t.Browser(), PublicURL+"/me").Callback(0)
		}, restart),
		foreign("a cookie of another tab is no good, also under the right name",
			func(t *World, b *webtest.Browser) string {
				t.Begin(b, PublicURL+"/me")
				mine := slices.IndexFunc(b.Jar.All(), AttemptCookie)
				theirs := t.Browser()
				a := t.Begin(theirs, PublicURL+"/me")
				name := held(theirs, AttemptCookie).Name
				c := *b.Jar.All()[mine]
				c.Name = name
				plant(b, &c)
				return a.Callback(0)
			}, restart),
		foreign("a cookie that was sealed for another state, under this one's name",
			func(t *World, b *webtest.Browser) string {
				other := t.Begin(t.Browser(), PublicURL+"/me")
				a := t.Begin(b, PublicURL+"/me")
				c := *held(b, AttemptCookie)
				codecs, err := sessionstore.NewCodecs(t.Config.Keys, "wxoauth attempt "+t.Config.AppID)
				t.NoError(err)
				seal := func(state string) {
					if c.Value, err = securecookie.EncodeMulti(c.Name, []byte(state), codecs...); err != nil {
						t.Fatal(err)
					}
				}
				// That the right state sealed this way logs in shows that this is how it is sealed.
				seal(a.State)
				proof := t.BrowserOf(t.Sim.Users()[1])
				plant(proof, &c)
				t.WantUser(proof.Open(a.Callback(1)), 1)
				t.Shown()
				seal(other.State)
				plant(b, &c)
				time.Sleep(time.Minute) // the outcome of the proof is forgotten
				return a.Callback(1)
			}, restart),
		foreign("a browser that lost its cookies", func(t *World, b *webtest.Browser) string {
			a := t.Begin(b, PublicURL+"/me")
			b.Jar.Lose(webtest.AnyCookie)
			return a.Callback(1)
		}, restart),
		foreign("a state older than ten minutes", func(t *World, b *webtest.Browser) string {
			a := t.Begin(b, PublicURL+"/me")
			time.Sleep(10*time.Minute + time.Second)
			return a.Callback(1)
		}, restart),
		foreign("a state older than ten minutes in a browser that kept the cookie longer",
			func(t *World, b *webtest.Browser) string {
				a := t.Begin(b, PublicURL+"/me")
				kept := b.Jar.All()
				time.Sleep(10*time.Minute + time.Second)
				for _, c := range kept {
					c.MaxAge = 3600
				}
				b.Jar.Set(&url.URL{Scheme: "https", Host: Host, Path: "/"}, kept)
				return a.Callback(1)
			}, restart),
		foreign("a state of an app with another appid", func(t *World, b *webtest.Browser) string {
			t.Deploy(func(cfg *oauth.Config) { cfg.AppID = "wx0123456789abcdef" })
			a := t.Begin(b, PublicURL+"/me")
			callback := a.With("code=0CodeOfAnotherApp0000000000000000&state=" + a.State)
			t.Deploy(nil)
			return callback
		}, refuse),
		foreign("a state of an app with another key", func(t *World, b *webtest.Browser) string {
			t.Deploy(func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('7')} })
			a := t.Begin(b, PublicURL+"/me")
			t.Deploy(nil)
			return a.Callback(1)
		}, refuse),
		foreign("a state with any character changed", func(t *World, b *webtest.Browser) string {
			a := t.Begin(b, PublicURL+"/me")
			for i := len("wx1"); i < len(a.State); i++ {
				changed := []byte(a.State)
				if changed[i]++; changed[i] == 'g' || changed[i] == ':' {
					changed[i] = '0'
				}
				t.WantRefusal(b.Do(webtest.Request{URL: a.With("code=" + a.Code(1) + "&state=" + string(changed))}),
					400, oauth.KindState)
			}
			return a.With("code=" + a.Code(1) + "&state=" + forgedState)
		}, refuse),
	}
}

// replayCases open a callback again that has done its work.
func replayCases() []Case {
	var cases []Case
	for _, wait := range []time.Duration{0, 5 * time.Second, 40 * time.Second, 11 * time.Minute} {
		cases = append(cases,
			Case{Name: "a replay after " + wait.String() +
				" in the same browser goes on to the page", Test: func(t *World) {
				b, callback := t.calledBack("/me?a=1")
				t.WantUser(b.Open(callback), 0)
				time.Sleep(wait)
				v := b.Open(callback)
				t.WantPage(v, "/me?a=1")
				t.WantRedirects(v, 1)
				t.WantCalls(1, 1)
			}},
			Case{Name: "a replay after " + wait.String() +
				" in another browser begins that browser's own login", Test: func(t *World) {
				a := t.Begin(t.Browser(), PublicURL+"/me?a=1")
				callback := a.Callback(0)
				t.WantUser(a.browser.Open(callback), 0)
				time.Sleep(wait)
				other := t.BrowserOf(t.Sim.Users()[1])
				v := other.Open(callback)
				t.WantPage(v, "/me?a=1")
				t.WantUser(v, 1)
				t.WantCalls(2, 2)
			}},
			Case{Name: "a replay after " + wait.String() +
				" in a browser that lost all its cookies logs in again", Test: func(t *World) {
				b, callback := t.calledBack("/me?a=1")
				t.WantUser(b.Open(callback), 0)
				time.Sleep(wait)
				b.Jar.Lose(func(c *http.Cookie) bool {
					return strings.Contains(c.Name, "wx-") || strings.Contains(c.Name, "wxa-")
				})
				v := b.Open(callback)
				t.WantPage(v, "/me?a=1")
				t.WantCalls(2, 2)
			}},
			Case{Name: "a reload after " + wait.String() +
				" of a callback whose answer was lost signs in", Test: func(t *World) {
				b, callback := t.calledBack("/me?a=1")
				before := b.Jar.Copy()
				t.WantUser(b.Open(callback), 0)
				b.Jar = before
				time.Sleep(wait)
				t.WantPage(b.Open(callback), "/me?a=1")
				t.WantSignedIn(b, 0)
				if wait < 30*time.Second {
					t.WantCalls(1, 1)
				}
				if n := t.exchangesOf(callback); n != 1 { // a state works once, also for who keeps its cookie
					t.Errorf("the code was sent to WeChat %d times", n)
				}
			}},
		)
	}
	return cases
}

// exchangesOf counts how often WeChat was sent the code of a callback.
func (w *World) exchangesOf(callback string) int {
	n := 0
	for _, call := range w.Sim.Log() {
		if call.Path == exchangePath && call.Query.Get("code") == queryOf(callback).Get("code") {
			n++
		}
	}
	return n
}

func otherCallbackCases() []Case {
	cases := []Case{
		{Name: "a state of the app's own that begins like ours reaches the app, and survives a login", Test: func(t *World) {
			newcomer, known := t.Browser(), t.SignedIn()
			for _, state := range []string{
				"wx1", "wx1abcdef", "wx10123456789abcdef", forgedState[:len(forgedState)-1], forgedState + "0",
				strings.ToUpper(forgedState), "wx1" + strings.ToUpper(forgedState[3:]), "wx1" + strings.Repeat("g", 74),
			} {
				page := "/me?code=mine&state=" + state
				for _, b := range []*webtest.Browser{newcomer, known} {
					t.WantPage(b.Open(PublicURL+page), page)
				}
				t.WantPage(known.Do(webtest.Request{URL: PublicURL + page, Kind: webtest.Fetch()}), page)
				t.WantNobody(t.Browser())
				newcomer = t.Browser()
			}
		}},
		{Name: "a made-up state of our form is refused, whoever is signed in", Test: func(t *World) {
			b := t.SignedIn()
			t.WantRefusal(b.Open(PublicURL+"/me?code=mine&state="+forgedState), 400, oauth.KindState)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a callback in an iframe of the same site logs in", Test: func(t *World) {
			b, a := t.begun("/me")
			t.WantUser(b.Walk(webtest.Request{
				URL: a.Callback(0), Kind: webtest.KindNamed("a page in an iframe"),
			}, nil), 0)
		}},
		{Name: "a callback in an iframe of another site has no cookie and logs nobody in", Test: func(t *World) {
			b, a := t.begun("/me")
			v := b.Do(webtest.Request{
				URL: a.Callback(0), Kind: webtest.KindNamed("a page in an iframe"), CrossSite: true,
			})
			t.wantLoginPage(v, "framed", `href="`+PublicURL+`/me" target="_top"`)
			t.WantCalls(0, 0)
		}},
		{Name: "a code that WeChat refuses is sent once, however often the callback comes", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Code(40029), 1)
			b, callback := t.calledBack("/me")
			kept := b.Jar.Copy()
			for range 20 {
				b.Jar = kept.Copy()
				t.WantRestart(b.Do(webtest.Request{URL: callback}))
			}
			t.WantCalls(1, 0)
		}},
		{Name: "a code of another app restarts", Test: func(t *World) {
			b, a := t.begun("/me")
			code := t.Sim.NewCode(t.Sim.WebsiteAppID(), t.Sim.Users()[0].OpenID, "snsapi_login")
			t.WantRestart(b.Do(webtest.Request{URL: a.With("code=" + code + "&state=" + a.State)}))
			t.WantNobody(b)
		}},
		{Name: "an abandoned login leaves the session alone", Config: base, Test: func(t *World) {
			b := t.SignedIn()
			t.Begin(b, PublicURL+"/profile")
			t.WantSignedIn(b, 0)
			time.Sleep(11 * time.Minute)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a login of somebody else in the same browser switches the account", Test: func(t *World) {
			b := t.Browser()
			first, second := t.Begin(b, PublicURL+"/me"), t.Begin(b, PublicURL+"/me")
			t.WantUser(b.Open(first.Callback(0)), 0)
			old := b.Jar.Copy()
			t.WantUser(b.Open(second.Callback(1)), 1)
			t.WantSignedIn(b, 1)
			t.WantEnded(old)
		}},
		{Name: "a logout during a login: the login is finished, for it came later", Test: func(t *World) {
			b, second := t.begun("/me")
			t.WantUser(b.Open(PublicURL+"/me"), 0)
			t.WantStatus(logOut(b), http.StatusNoContent)
			t.WantNobody(b)
			t.WantStatus(b.Do(webtest.Request{URL: second.Callback(0)}), http.StatusFound)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a snapshot page's virtual user is refused and gets no session", Test: func(t *World) {
			b, a := t.begun("/me")
			v := b.Open(a.Decide(t.Sim.Users()[0], "snapshot"))
			t.WantRefusal(v, 403, oauth.KindSnapshot)
			t.wantSessionLeft(v)
			t.WantNobody(b)
			t.WantCalls(1, 0)
		}},
		{Name: "a snapshot page's virtual user leaves the session alone", Test: func(t *World) {
			b, second := t.begun("/me")
			t.WantUser(b.Open(PublicURL+"/me"), 0)
			t.WantRefusal(b.Open(second.Decide(t.Sim.Users()[0], "snapshot")), 403, oauth.KindSnapshot)
			t.WantSignedIn(b, 0)
		}},
		{Name: "a snapshot page's virtual user passes where that is allowed, and is marked", Config: func(cfg *oauth.Config) {
			cfg.AllowSnapshot = true
		}, Test: func(t *World) {
			b := t.Browser()
			u := userOf(b.Open(t.Begin(b, PublicURL+"/me").Decide(t.Sim.Users()[0], "snapshot")))
			if u == nil || !u.Snapshot || u.OpenID == t.Sim.Users()[0].OpenID {
				t.Errorf("the page saw %+v", u)
			}
		}},
		{Name: "a virtual user's session is nobody's once that is forbidden", Config: func(cfg *oauth.Config) {
			cfg.AllowSnapshot = true
		}, Test: func(t *World) {
			b := t.Browser()
			t.WantStatus(b.Open(t.Begin(b, PublicURL+"/me").Decide(t.Sim.Users()[0], "snapshot")), http.StatusOK)
			t.Deploy(func(cfg *oauth.Config) { cfg.AllowSnapshot = false })
			t.WantNobody(b)
		}},
		{Name: "less was granted than asked: it is saved, the page asks again, nothing restarts", Test: func(t *World) {
			b := t.Browser()
			t.WantRefusal(b.Open(t.Begin(b, PublicURL+"/me").Decide(t.Sim.Users()[0], "base")), 403, oauth.KindDenied)
			t.WantCalls(1, 0)
			t.WantSignedIn(b, 0) // /base needs no more
			if u := userOf(b.Do(webtest.Request{URL: PublicURL + "/base"})); u == nil || u.Scope != "snsapi_base" ||
				u.Nickname != "" {
				t.Errorf("the page saw %+v", u)
			}
			t.WantUser(b.Open(PublicURL+"/me"), 0) // the link of the page: now the user allows
		}},
		{Name: "less was granted than before: the better session stays", Test: func(t *World) {
			b, second := t.begun("/me")
			t.WantUser(b.Open(PublicURL+"/me"), 0)
			t.WantRefusal(b.Open(second.Decide(t.Sim.Users()[0], "base")), 403, oauth.KindDenied)
			v := b.Do(webtest.Request{URL: PublicURL + "/me"})
			t.WantUser(v, 0)
			if u := userOf(v); u.Scope != "snsapi_userinfo" {
				t.Errorf("the session is worth %s", u.Scope)
			}
		}},
		{Name: "WeChat does not say what was granted: it is what was asked", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Field("scope", ""))
			t.WantUser(t.Browser().Open(PublicURL+"/me"), 0)
		}},
		{Name: "of several scopes the highest counts", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Field("scope", `"snsapi_base,snsapi_userinfo"`))
			t.WantUser(t.Browser().Open(PublicURL+"/me"), 0)
		}},
		{Name: "a profile of somebody else makes no session", Test: func(t *World) {
			t.Sim.Fail(userInfoPath, wxsim.Field("openid", `"oSomebodyElse000000000000000"`))
			b := t.Browser()
			t.WantRefusal(b.Open(PublicURL+"/me"), 502, oauth.KindIdentity)
			t.WantNobody(b)
		}},
		{Name: "a user without unionid is signed in", Test: func(t *World) {
			u := t.Sim.AddUser(wxsim.User{Nickname: "无名", NoUnionID: true})
			got := userOf(t.BrowserOf(u).Open(PublicURL + "/me"))
			if got == nil || got.OpenID != u.OpenID || got.UnionID != "" || got.AppID != t.Sim.AppID() {
				t.Errorf("the page saw %+v", got)
			}
		}},
		{Name: "a unionid that comes with the token only is kept", Test: func(t *World) {
			t.Sim.Fail(userInfoPath, wxsim.NoUnionID())
			t.wantUnionID(t.Browser().Open(PublicURL+"/me"), t.Sim.Users()[0].UnionID)
		}},
		{Name: "WeChat's own message is not shown", Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Body(200, "text/plain",
				`{"errcode":40013,"errmsg":"<script>alert(1)</script> secret-of-wechat"}`))
			v := t.Browser().Open(PublicURL + "/me")
			t.WantRefusal(v, 500, oauth.KindConfig)
			t.wantNoText(v, "alert(1)", "secret-of-wechat")
		}},
		{Name: "a callback after the key was rotated logs in", Test: func(t *World) {
			b, a := t.begun("/me")
			t.Deploy(func(cfg *oauth.Config) { cfg.Keys = [][]byte{Key('2'), Key('1')} })
			t.WantUser(b.Open(a.Callback(0)), 0)
			t.WantCalls(1, 1)
		}},
	}
	for _, method := range []string{
		http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete,
	} {
		cases = append(cases, Case{Name: "a callback by " + method +
			" is none: nothing is spent", Test: func(t *World) {
			b, callback := t.calledBack("/me")
			t.WantLoginRequired(b.Do(webtest.Request{Method: method, URL: callback, Kind: webtest.Fetch()}))
			t.WantCalls(0, 0)
			t.WantUser(b.Open(callback), 0)
		}})
	}
	for _, kind := range webtest.Kinds() {
		if kind.Page {
			continue
		}
		cases = append(cases, Case{Name: "a callback by " + kind.Name +
			" is none: nothing is spent", Test: func(t *World) {
			b, callback := t.calledBack("/me")
			t.WantStatus(b.Do(webtest.Request{URL: callback, Kind: kind}), http.StatusUnauthorized)
			t.WantCalls(0, 0)
			t.WantUser(b.Open(callback), 0)
		}})
	}
	return cases
}

// base is the configuration of an app that needs the openid only.
func base(cfg *oauth.Config) { cfg.Scope = oauth.ScopeBase }

// website gives the app one; the world fills it in.
func website(cfg *oauth.Config) { cfg.Website = &oauth.Website{} }

// logOut is a script's logout.
func logOut(b *webtest.Browser) *webtest.Visit {
	return b.Do(webtest.Request{
		Method: http.MethodPost, URL: PublicURL + "/logout", Kind: webtest.Fetch(),
		Header: http.Header{"Origin": {PublicURL}},
	})
}
