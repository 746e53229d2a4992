package adaptertest

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// desk switches desktop login on.
func desk(cfg *oauth.Config) { cfg.Desk = &oauth.Desk{} }

// deskCases are about a desktop that a phone signs in.
func deskCases() Group {
	return Group{"Desk", slices.Concat(deskFlowCases(), deskAttackCases(), deskFaultCases())}
}

func deskFlowCases() []Case {
	return []Case{
		{Name: "a phone signs a desktop in: scan, choose the number, done", Config: desk, Test: func(t *World) {
			var told *http.Request
			t.Deploy(func(cfg *oauth.Config) {
				cfg.OnLogin = member(&told)
			})
			desktop, phone := t.Desktop(), t.Browser()
			code := t.ShowCode(desktop, "/me?a=1")
			t.WantState(desktop, "waiting", "scanned") // at once
			form := t.Scan(phone, code)
			if !strings.Contains(form.Body, "Chrome") || !strings.Contains(form.Body, "Linux") ||
				!strings.Contains(form.Body, Host) {
				t.Errorf("the phone does not say what asks:\n%s", form.Body)
			}
			t.WantState(desktop, "scanned", "waiting")
			t.WantData(t.Answer(phone, code, "number="+code.Number), http.StatusOK, "desk-done")
			t.WantState(desktop, "ready", "scanned")
			t.Events()
			v := desktop.Open(PublicURL + "/me?a=1")
			t.WantUser(v, 0)
			u := userOf(v)
			if u.Via != "desk" || u.MemberID != "m-1" || u.Nickname == "" || v.Page() != PublicURL+"/me?a=1" ||
				v.Redirects() != 1 {
				t.Errorf("%s shows %+v after %d redirects", v.Page(), u, v.Redirects())
			}
			if told == nil || told.UserAgent() != webtest.DesktopChrome || told.URL.Path != "/me" {
				t.Errorf("OnLogin was told of %v", told)
			}
			t.wantSame(desktop.Cookie("wxd-"), "", "the cookie of a code that is used")
			t.wantEvent(core.EventLoginFinished, "desk")
			t.WantCalls(1, 1) // the phone's own login
			t.WantSignedIn(phone, 0)
		}},
		{Name: "a desk's session has no tokens, and ends when Desk.MaxAge says", Config: func(cfg *oauth.Config) {
			cfg.Desk = &oauth.Desk{MaxAge: time.Hour}
		}, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.Browser()
			t.SignInByPhone(desktop, phone, "/me")
			t.WantStatus(desktop.Open(PublicURL+"/token"), http.StatusOK)
			if tokens := t.Tokens(); len(tokens) != 1 || tokens[0].Token != "" || tokens[0].Err == nil {
				t.Errorf("AccessToken gave %+v", tokens)
			}
			time.Sleep(59 * time.Minute)
			t.WantSignedIn(desktop, 0)
			time.Sleep(time.Minute)
			t.WantNobody(desktop)
			t.WantSignedIn(phone, 0)
		}},
		{Name: "what is no page load of a desktop gets 401, no code and no cookie", Config: desk, Test: func(t *World) {
			for _, kind := range webtest.Kinds() {
				if kind.Page {
					continue
				}
				b := t.Desktop()
				v := b.Do(webtest.Request{URL: PublicURL + "/me", Kind: kind})
				if v.Status != http.StatusUnauthorized || strings.Contains(v.Body, "desk-number") ||
					len(v.SetCookies()) > 0 {
					t.Errorf("%s: %d, %d cookies, %s", kind.Name, v.Status, len(v.SetCookies()), v.Body)
				}
			}
			b := t.Desktop()
			for _, method := range []string{http.MethodPost, http.MethodHead} {
				if v := b.Do(webtest.Request{Method: method, URL: PublicURL +
					"/me"}); v.Status != http.StatusUnauthorized || len(v.SetCookies()) > 0 {
					t.Errorf("%s: %d, %d cookies", method, v.Status, len(v.SetCookies()))
				}
			}
		}},
		{Name: "two tabs share a code, and whichever is scanned signs the browser in", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.Browser()
			one, other := t.ShowCode(desktop, "/me"), t.ShowCode(desktop, "/me?tab=2")
			t.wantSame(other.Link, one.Link, "the second tab's code")
			if base := t.ShowCode(desktop, "/base"); base.Link == one.Link { // a page that needs less has its own
				t.Error("a page that needs no profile asks for one")
			}
			t.Confirm(phone, one)
			t.WantUser(desktop.Open(PublicURL+"/me?tab=2"), 0)
			t.WantUser(desktop.Open(PublicURL+"/me"), 0)
		}},
		{Name: "a tab whose browser was signed in by another one is told so", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.Browser()
			t.SignInByPhone(desktop, phone, "/me")
			session := desktop.Jar.Copy()
			desktop.Jar = &webtest.Jar{}
			t.ShowCode(desktop, "/me") // a request that was under way
			for _, c := range session.All() {
				plant(desktop, c)
			}
			t.WantState(desktop, "ready", "waiting")
		}},
		{Name: "a code that nobody scans is renewed after two minutes, and stays good for its five", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.SignedIn()
			old := t.ShowCode(desktop, "/me")
			time.Sleep(time.Minute)
			t.wantSame(t.ShowCode(desktop, "/me"), old, "a young code")
			time.Sleep(time.Minute + time.Second)
			if young := t.ShowCode(desktop, "/me"); young.Link == old.Link {
				t.Fatal("a code was not renewed")
			}
			t.Scan(phone, old)
			t.WantState(desktop, "scanned", "waiting")
			t.wantSame(t.ShowCode(desktop, "/me"), old, "the code that was scanned")
			time.Sleep(2 * time.Minute)
			t.wantSame(t.ShowCode(desktop, "/me"), old, "the same, two minutes later")
			t.Answer(phone, old, "number="+old.Number)
			t.WantUser(desktop.Open(PublicURL+"/me"), 0)
		}},
		{Name: "LoginPath on a desktop shows a code and goes on to return_to", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.Browser()
			code := t.ShowCode(desktop, "/wechat/login?return_to=%2Fme%3Fa%3D1%23x")
			t.Confirm(phone, code)
			v := desktop.Open(PublicURL + "/wechat/login?return_to=%2Fme%3Fa%3D1%23x")
			t.WantUser(v, 0)
			t.wantAddress(v, PublicURL+"/me?a=1#x")
		}},
		{Name: "a page that needs more shows a code again, and the session stays until then", Config: desk, Test: func(t *World) {
			desktop, phone := t.Desktop(), t.Browser()
			code := t.ShowCode(desktop, "/base")
			t.Scan(phone, code)
			t.WantCallsOf(userInfoPath, 0)
			t.Answer(phone, code, "number="+code.Number)
			t.WantUser(desktop.Open(PublicURL+"/base"), 0)
			t.ShowCode(desktop, "/me")
			t.WantSignedIn(desktop, 0)
			t.SignInByPhone(desktop, phone, "/me")
		}},
		{Name: "a desktop that changes its user gets a new session, and the old one ends", Config: desk, Test: func(t *World) {
			desktop := t.Desktop()
			t.SignInByPhone(desktop, t.Browser(), "/base")
			copied := desktop.Jar.Copy()
			code := t.ShowCode(desktop, "/me")
			phone := t.BrowserOf(t.Sim.Users()[1])
			t.Confirm(phone, code)
			t.WantUser(desktop.Open(PublicURL+"/me"), 1)
			t.WantEnded(copied)
		}},
		{Name: "the same form sent twice, also at once, gets the same answer", Config: desk, Test: func(t *World) {
			for answer, want := range map[string]string{"number": "desk-done", "refuse": "desk-refused"} {
				_, phone, code := t.codeShown()
				t.Scan(phone, code)
				form := answer + "=" + code.Number
				t.atOnce(2, func() { t.WantData(t.Answer(phone, code, form), http.StatusOK, want) })
				t.WantData(t.Answer(phone, code, "number=10"), http.StatusOK, want)
				t.WantData(phone.Open(code.Link), http.StatusOK, want)
			}
		}},
		{Name: "the code holds what Desk.QR says", Test: func(t *World) {
			t.Deploy(func(cfg *oauth.Config) {
				cfg.Desk = &oauth.Desk{QR: qrOf("http://weixin.qq.com/q/02", nil)}
			})
			v := t.Desktop().Open(PublicURL + "/me")
			t.WantData(v, http.StatusUnauthorized, "desk")
			if !regexp.MustCompile(`id="desk-link" href="http://weixin.qq.com/q/02[A-Za-z0-9_-]{32}"`).
				MatchString(v.Body) {
				t.Errorf("the page is\n%s", v.Body)
			}
			t.Deploy(func(cfg *oauth.Config) { cfg.Desk = &oauth.Desk{QR: qrOf("", core.ErrQuota)} })
			if v := t.Desktop().Open(PublicURL + "/me"); v.Status < 500 || strings.Contains(v.Body, "desk-number") {
				t.Errorf("without a code it answers %d", v.Status)
			}
		}},
		{Name: "after ten minutes the page waits for a click", Config: desk, Test: func(t *World) {
			desktop := t.Desktop()
			left := func() int {
				m := regexp.MustCompile(`data-until="(\d+)"`).FindStringSubmatch(desktop.Open(PublicURL + "/me").Body)
				if m == nil {
					t.Fatal("no code")
				}
				n, _ := strconv.Atoi(m[1])
				return n
			}
			t.wantSame(left(), 600, "seconds at first")
			for range 4 {
				time.Sleep(2*time.Minute + time.Second)
				left()
			}
			if n := left(); n > 120 {
				t.Errorf("%d seconds after eight minutes", n)
			}
			time.Sleep(2*time.Minute + time.Second)
			t.wantSame(left(), 600, "seconds after a click")
		}},
	}
}

// A Code is what a desktop shows.
type Code struct {
	Link   string // what the QR code holds
	Ticket string
	Number string
}

// Desktop is a browser outside WeChat.
func (w *World) Desktop() *webtest.Browser {
	b := w.Browser()
	b.Agent = webtest.DesktopChrome
	return b
}

var (
	codeLink   = regexp.MustCompile(`id="desk-link" href="([^"]+)"`)
	codeNumber = regexp.MustCompile(`<output id="desk-number">(\d\d)</output>`)
	choice     = regexp.MustCompile(`name="number" value="(\d\d)"`)
	whose      = regexp.MustCompile(`name="as" value="([^"]+)"`)
)

// ShowCode loads a page on a desktop and reads the code that it shows.
func (w *World) ShowCode(b *webtest.Browser, path string) Code {
	w.Helper()
	v := b.Open(PublicURL + path)
	w.WantData(v, http.StatusUnauthorized, "desk")
	link, number := codeLink.FindStringSubmatch(v.Body), codeNumber.FindStringSubmatch(v.Body)
	if link == nil || number == nil {
		w.Fatalf("no code on the page:\n%s", v.Body)
	}
	c := Code{Link: html.UnescapeString(link[1]), Number: number[1]}
	_, c.Ticket, _ = strings.Cut(c.Link, "desk=")
	if len(c.Ticket) != 32 || strings.ContainsFunc(c.Ticket, noWord) {
		w.Fatalf("the code holds %s", c.Link)
	}
	return c
}

// Scan opens a code on a phone, which must show the three numbers.
func (w *World) Scan(b *webtest.Browser, c Code) *webtest.Visit {
	w.Helper()
	v := b.Open(c.Link)
	w.WantData(v, http.StatusOK, "desk-confirm")
	if numbers := w.Choices(v); !slices.Contains(numbers, c.Number) || len(numbers) != 3 {
		w.Fatalf("the phone lets choose %v for %s", numbers, c.Number)
	}
	return v
}

// Choices are the numbers on a confirmation.
func (w *World) Choices(v *webtest.Visit) (numbers []string) {
	for _, m := range choice.FindAllStringSubmatch(v.Body, -1) {
		numbers = append(numbers, m[1])
	}
	return numbers
}

// wrong is a number of a confirmation that the desktop does not show.
func (w *World) wrong(v *webtest.Visit, c Code) string {
	return slices.DeleteFunc(w.Choices(v), func(n string) bool { return n == c.Number })[0]
}

// Answer sends the form of a confirmation, as its page does.
func (w *World) Answer(b *webtest.Browser, c Code, form string) *webtest.Visit {
	return b.Do(webtest.Request{Method: http.MethodPost, URL: c.Link, Form: form, Header: http.Header{
		"Sec-Fetch-Site": {"same-origin"}, "Origin": {PublicURL},
	}})
}

// Confirm scans a code and chooses the right number.
func (w *World) Confirm(phone *webtest.Browser, c Code) {
	w.Helper()
	w.Scan(phone, c)
	w.WantData(w.Answer(phone, c, "number="+c.Number), http.StatusOK, "desk-done")
}

// codeShown is a desktop that shows a code, and a phone beside it.
func (w *World) codeShown() (desktop, phone *webtest.Browser, code Code) {
	w.Helper()
	desktop, phone = w.Desktop(), w.Browser()
	return desktop, phone, w.ShowCode(desktop, "/me")
}

// SignInByPhone takes a desktop and a phone through the whole login.
func (w *World) SignInByPhone(desktop, phone *webtest.Browser, path string) {
	w.Helper()
	code := w.ShowCode(desktop, path)
	w.Confirm(phone, code)
	v := desktop.Open(PublicURL + path)
	if u := userOf(v); u == nil || u.Via != "desk" {
		w.Fatalf("the desktop is not signed in: %d %s\n\t%s", v.Status, v.Body, v.Trail())
	}
}

// Poll asks what the script of a desktop's page asks; status 0 means that no state came.
func (w *World) Poll(b *webtest.Browser, seen string) (state string, status int) {
	v := b.Do(webtest.Request{URL: PublicURL + "/wechat/login?desk=wait&seen=" + seen, Kind: webtest.Fetch()})
	var told struct{ State string }
	if v.Status == http.StatusOK {
		if err := json.Unmarshal([]byte(v.Body), &told); err != nil {
			w.Errorf("the poll is answered %q", v.Body)
		}
	}
	if len(v.SetCookies()) > 0 {
		w.Errorf("a poll sets %v", v.SetCookies())
	}
	return told.State, v.Status
}

// WantState fails the case unless a poll that has seen another state is told this one.
func (w *World) WantState(b *webtest.Browser, want, seen string) {
	w.Helper()
	if state, status := w.Poll(b, seen); state != want || status != http.StatusOK {
		w.Fatalf("the desktop is told %q with status %d, want %q", state, status, want)
	}
}

// WantData fails the case unless v ended at that page of the library.
func (w *World) WantData(v *webtest.Visit, status int, name string) {
	w.Helper()
	if v.Status != status || !strings.Contains(v.Body, `<body data-page="`+name+`"`) {
		_, body, _ := strings.Cut(v.Body, "<main>")
		w.Fatalf("want the page %s with status %d, got %d %v %s\n\t%s", name, status, v.Status, v.Err, body, v.Trail())
	}
}
