package adaptertest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

// tabCases are about several pages of one browser, and many browsers of one app.
func tabCases() Group {
	return Group{"Tabs", []Case{
		{Name: "five tabs in all 120 orders each land on their own page", Test: func(t *World) {
			permutations(5, func(order []int) {
				b := t.Browser()
				var tabs []*Attempt
				for i := range 5 {
					tabs = append(tabs, t.Begin(b, fmt.Sprintf(PublicURL+"/me?tab=%d", i)))
				}
				for _, i := range order {
					t.WantPage(b.Open(tabs[i].Callback(0)), fmt.Sprintf("/me?tab=%d", i))
				}
				t.WantSignedIn(b, 0)
			})
			t.WantCalls(5*120, 5*120)
		}},
		{Name: "five tabs that come back at once each land on their own page", Test: func(t *World) {
			b := t.Browser()
			var tabs []*Attempt
			for i := range 5 {
				tabs = append(tabs, t.Begin(b, fmt.Sprintf(PublicURL+"/me?tab=%d", i)))
			}
			var wg sync.WaitGroup
			for i, tab := range tabs {
				wg.Go(func() { t.WantPage(b.Open(tab.Callback(0)), fmt.Sprintf("/me?tab=%d", i)) })
			}
			wg.Wait()
			t.WantSignedIn(b, 0)
		}},
		{Name: "twenty tabs all land, and never carry more than five attempts", Test: func(t *World) {
			b := t.Browser()
			var tabs []*Attempt
			for i := range 20 {
				tabs = append(tabs, t.Begin(b, fmt.Sprintf(PublicURL+"/me?tab=%d", i)))
				t.wantSame(countOf(b, "wxa-"), min(i+1, 5), fmt.Sprintf("attempts after %d tabs", i+1))
				time.Sleep(time.Second)
			}
			// The oldest attempts are gone: before anybody is signed in such a tab starts again.
			v := b.Open(tabs[0].Callback(0))
			t.WantPage(v, "/me?tab=0")
			t.WantRedirects(v, 3)
			for i, tab := range tabs[1:] {
				t.WantPage(b.Open(tab.Callback(0)), fmt.Sprintf("/me?tab=%d", i+1))
			}
		}},
		{Name: "a browser that was given hundreds of attempts is rid of them by and by", Test: func(t *World) {
			b := t.Browser()
			page := t.Begin(b, PublicURL+"/me").Visit.URL
			attempts := func() (held []*http.Cookie) {
				for _, c := range b.Jar.All() {
					if strings.Contains(c.Name, "wxa-") {
						held = append(held, c)
					}
				}
				return held
			}
			own := *attempts()[0]
			for i := range 100 {
				planted := own
				planted.Value = "planted"
				planted.Name = fmt.Sprintf("%s%08x", own.Name[:len(own.Name)-8], i)
				b.Jar.Set(page, []*http.Cookie{&planted})
			}
			for range 12 {
				if n := len(t.Begin(b, PublicURL+"/me").Visit.SetCookies()); n > 11 {
					t.Errorf("an answer sets %d cookies", n)
				}
			}
			if n := len(attempts()); n > 5 {
				t.Errorf("%d attempts are left", n)
			}
		}},
		{Name: "of many attempts the newest five stay", Test: func(t *World) {
			b := t.Browser()
			var tabs []*Attempt
			for range 8 {
				tabs = append(tabs, t.Begin(b, PublicURL+"/me"))
				time.Sleep(time.Second)
			}
			for i, tab := range tabs {
				held := b.Cookie("wxa-") != "" && slices.ContainsFunc(b.Jar.All(), func(c *http.Cookie) bool {
					return c.Name[len(c.Name)-8:] == tab.State[3:11]
				})
				t.wantSame(held, i >= 3, fmt.Sprintf("attempt %d of 8 is held", i+1))
			}
		}},
		{Name: "a hundred browsers at once are never taken for each other", Sim: func(cfg *wxsim.Config) {
			cfg.Users = wxsim.MadeUpUsers(100)
		}, Test: func(t *World) {
			t.Sim.Fail(exchangePath, wxsim.Late(50*time.Millisecond))
			t.InParallel(100, 100, func(i int) {
				b := t.BrowserOf(t.Sim.Users()[i])
				time.Sleep(rand.N(100 * time.Millisecond))
				t.WantUser(b.Open(PublicURL+"/me"), i)
				for range 10 {
					time.Sleep(rand.N(100 * time.Millisecond))
					v := b.Open(PublicURL + "/profile")
					t.WantUser(v, i)
					if u := userOf(v); u.Nickname != t.Sim.Users()[i].Nickname ||
						u.UnionID != t.Sim.Users()[i].UnionID {
						t.Errorf("browser %d saw the profile of %+v", i, u)
					}
				}
			})
			t.WantCalls(100, 100)
		}},
	}}
}

// countOf counts the cookies whose names contain part.
func countOf(b *webtest.Browser, part string) int {
	n := 0
	for _, c := range b.Jar.All() {
		if strings.Contains(c.Name, part) {
			n++
		}
	}
	return n
}

// permutations calls f with all orders of 0 to n-1.
func permutations(n int, f func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var permute func(k int)
	permute = func(k int) {
		if k == n {
			f(slices.Clone(order))
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			permute(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	permute(0)
}
