package adaptertest

import (
	"encoding/json"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
)

// miniCases are a mini program's: a token in a header instead of a cookie.
func miniCases() Group {
	token := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	return Group{"Mini programs", []Case{
		{Name: "a code of wx.login is worth a token, which opens the guarded pages until the logout", Test: func(t *World) {
			value := t.deployMini()
			b := t.Browser()
			me := webtest.Request{URL: PublicURL + "/mini/of/me", Kind: webtest.Fetch(), Header: token(value)}
			if u := userOf(b.Do(me)); u == nil || u.OpenID != t.Sim.OpenID(t.Sim.MiniAppID(), t.Sim.Users()[0]) {
				t.Errorf("the page saw %+v", u)
			}
			t.WantStatus(b.Do(webtest.Request{
				Method: http.MethodPost, URL: PublicURL + "/mini/logout", Kind: webtest.Fetch(), Header: token(value),
			}), http.StatusNoContent)
			if t.Store.OnServer {
				t.WantStatus(b.Do(me), http.StatusUnauthorized)
			}
		}},
		{Name: "without a good token nothing gets through", Test: func(t *World) {
			value := t.deployMini()
			for _, header := range []http.Header{
				nil,
				{"Authorization": {value}},
				token(""), token("x"), token(value[1:]), token(value + "x"),
				{"Authorization": {"Basic " + value}},
			} {
				v := t.Browser().Do(webtest.Request{
					URL: PublicURL + "/mini/of/me", Kind: webtest.Fetch(), Header: header,
				})
				t.WantStatus(v, http.StatusUnauthorized)
			}
			t.WantNotShown()
		}},
	}}
}

// deployMini replaces the app at PublicURL by the frame's Mini program, and logs WeChat's first user
// in there.
func (w *World) deployMini() (token string) {
	w.Helper()
	cfg := w.config(nil)
	h, err := w.Frame.Mini(mpauth.Config{
		AppID: w.Sim.MiniAppID(), Secret: core.Secret(w.Sim.MiniSecret()), Keys: cfg.Keys, Store: cfg.Store,
		HTTPClient: cfg.HTTPClient, Logger: cfg.Logger, Observer: cfg.Observer,
	}, w)
	w.NoError(err)
	w.Net.Serve(Host, h)
	body := `{"code":"` + w.Sim.NewJSCode(w.Sim.Users()[0].OpenID) + `"}`
	v := w.Browser().Do(webtest.Request{
		Method: http.MethodPost, URL: PublicURL + "/mini/login", Kind: webtest.Fetch(), Form: body,
		Header: http.Header{"Content-Type": {"application/json"}},
	})
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(v.Body), &answer); err != nil || answer.Token == "" {
		w.Fatalf("no token: %d %s", v.Status, v.Body)
	}
	return answer.Token
}
