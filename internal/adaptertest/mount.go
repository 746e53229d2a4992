package adaptertest

import (
	"net/http"
	"strings"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
)

// mountCases are about what a login needs beside the guarded pages.
func mountCases() Group {
	files := func(cfg *oauth.Config) {
		cfg.VerifyFile = "MP_verify_a1B2c3D4e5F6g7H8.txt"
		cfg.VerifyFiles = map[string]string{"WW_verify_x.txt": "of-the-work", "/business.txt": "of-the-business"}
	}
	const unserved = "which nothing is known to answer"
	return Group{"Mount", []Case{
		{Name: "Mount registers login, logout, verify files and the script, for everybody", Test: func(t *World) {
			t.deployMounted(true, files)
			b := t.Browser()
			for path, want := range map[string]string{
				"/MP_verify_a1B2c3D4e5F6g7H8.txt": "a1B2c3D4e5F6g7H8", "/WW_verify_x.txt": "of-the-work",
				"/business.txt": "of-the-business",
			} {
				v := b.Do(webtest.Request{URL: PublicURL + path})
				if v.Status != http.StatusOK || v.Body != want ||
					!strings.HasPrefix(v.Header.Get("Content-Type"), "text/plain") {
					t.Errorf("%s: %d %q", path, v.Status, v.Body)
				}
				t.WantStatus(b.Do(webtest.Request{
					Method: http.MethodPost, URL: PublicURL + path,
				}), http.StatusMethodNotAllowed)
			}
			v := b.Do(webtest.Request{URL: PublicURL + "/wxoauth.js", Kind: webtest.KindNamed("a script")})
			if v.Status != http.StatusOK || !strings.HasPrefix(v.Header.Get("Content-Type"), "text/javascript") {
				t.Errorf("the script: %d %.80s", v.Status, v.Body)
			}
			t.WantPage(b.Open(PublicURL+"/wechat/login?return_to=/me"), "/me")
			t.WantStatus(b.Do(webtest.Request{
				Method: http.MethodPost, URL: PublicURL + "/wechat/logout", Kind: webtest.Fetch(),
			}), http.StatusNoContent)
			t.WantLoginRequired(fetch(b, "/me"))
			t.wantUnlogged(unserved)
		}},
		{Name: "the verify files are answered by engine-level middleware, too", OneLine: true, Config: files, Test: func(t *World) {
			for path, want := range map[string]string{
				"/WW_verify_x.txt": "of-the-work", "/business.txt": "of-the-business",
			} {
				if v := t.Browser().Do(webtest.Request{URL: PublicURL + path}); v.Status != http.StatusOK ||
					v.Body != want {
					t.Errorf("%s: %d %q", path, v.Status, v.Body)
				}
			}
			t.WantStatus(t.Browser().Do(webtest.Request{URL: PublicURL + "/x/business.txt"}), http.StatusFound)
		}},
		{Name: "the log says once that nothing answers a script's login_url", Test: func(t *World) {
			t.deployMounted(false, nil)
			for range 3 {
				t.WantLoginRequired(fetch(t.Browser(), "/me"))
			}
			if log := t.log.String(); strings.Count(log, unserved) != 1 || strings.Count(log, "level=WARN") != 1 {
				t.Errorf("the log says\n%s", log)
			}
		}},
		{Name: "engine-level middleware answers it, and the log says nothing", OneLine: true, Test: func(t *World) {
			t.WantLoginRequired(fetch(t.Browser(), "/me"))
			t.wantUnlogged(unserved)
		}},
		{Name: "SignOut ends the session in a handler of the app's own", Test: func(t *World) {
			b := t.Browser()
			signOut := webtest.Request{Method: http.MethodPost, URL: PublicURL + "/signout", Kind: webtest.Fetch()}
			t.WantStatus(b.Do(signOut), http.StatusOK) // nobody
			t.SignIn(b)
			copied := b.Jar.Copy()
			t.WantStatus(b.Do(signOut), http.StatusOK)
			t.WantNobody(b)
			t.WantEnded(copied)
			for _, told := range t.Tokens() {
				if told.Err != nil {
					t.Errorf("SignOut: %v", told.Err)
				}
			}
		}},
		{Name: "SignOut while the store is away is an error, and the session lives on", Test: func(t *World) {
			down := t.deployBreakable()
			b := t.SignedIn()
			down.Store(true)
			b.Do(webtest.Request{Method: http.MethodPost, URL: PublicURL + "/signout", Kind: webtest.Fetch()})
			if told := t.Tokens(); len(told) != 1 || told[0].Err == nil {
				t.Errorf("SignOut: %+v", told)
			}
			down.Store(false)
			t.WantSignedIn(b, 0)
		}},
	}}
}

// deployMounted deploys the frame's Mounted program.
func (w *World) deployMounted(mount bool, change func(*oauth.Config)) {
	w.Helper()
	h, err := w.Frame.Mounted(w.config(change), w, mount)
	w.NoError(err)
	w.Net.Serve(Host, h)
}
