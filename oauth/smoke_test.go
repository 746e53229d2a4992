package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/wxsim"
)

func TestSmoke(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	defer sim.Close()
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	defer srv.Close()
	mw := wxoauth.Middleware(wxoauth.Config{AppID: sim.AppID(), Secret: wxoauth.Secret(sim.Secret()), PublicURL: srv.URL, Keys: [][]byte{make([]byte, 32)}, APIURL: sim.URL, OpenURL: sim.URL})
	mux.Handle("/", mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := wxoauth.User(r)
		fmt.Fprintf(w, "%s %+v", r.URL, *u)
	})))
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	for i := range 3 {
		req, _ := http.NewRequest(http.MethodGet, srv.URL+"/me?a=1&code=own&x=%E4%BD%A0", nil)
		req.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8")
		req.Header.Set("Accept", "text/html")
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2000)
		n, _ := res.Body.Read(b)
		t.Log(i, res.Status, res.Request.URL, string(b[:n]), sim.Calls("/sns/oauth2/access_token"), sim.Calls("/sns/userinfo"), res.Header)
		for _, ck := range jar.Cookies(req.URL) {
			t.Log(len(ck.Name)+1+len(ck.Value), ck.Name)
		}
	}
}
