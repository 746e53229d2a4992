package adaptertest

import "time"

func loginCases() Group {
	return Group{"Login", []Case{
		{Name: "a first visit goes to WeChat and comes back to the very page", Test: func(t *World) {
			b := t.Browser()
			v := b.Open(PublicURL + "/me?a=1&b=%E4%BD%A0#part")
			t.WantUser(v, 0)
			if v.Page() != PublicURL+"/me?a=1&b=%E4%BD%A0" || v.Redirects() != 3 {
				t.Errorf("arrived at %s after %d redirects:\n\t%s", v.Page(), v.Redirects(), v.Trail())
			}
			t.WantCalls(1, 1)
		}},
		{Name: "a thousand pages later WeChat was not asked again and no cookie was set", Test: func(t *World) {
			b := t.Browser()
			t.WantUser(b.Open(PublicURL+"/me"), 0)
			for range 1000 {
				v := b.Open(PublicURL + "/me")
				t.WantUser(v, 0)
				if len(v.Hops) != 1 || len(v.SetCookies()) != 0 {
					t.Fatalf("a page view took %d requests and set %d cookies", len(v.Hops), len(v.SetCookies()))
				}
				time.Sleep(time.Minute)
			}
			t.WantCalls(1, 1)
		}},
	}}
}
