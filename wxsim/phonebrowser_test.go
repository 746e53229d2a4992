package wxsim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// An app that wants WeChat: it starts a login, and remembers by a Secure cookie who came back.
func phoneApp(t *testing.T, sim *wxsim.Server) *httptest.Server {
	t.Helper()
	var app *httptest.Server
	app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("__Host-session")
		switch {
		case r.Method == http.MethodPost:
			fmt.Fprintf(w, "Origin %s, own %t", r.Header.Get("Origin"), r.Header.Get("Origin") == app.URL)
		case err == nil:
			fmt.Fprintf(w, "%s has %s at %s", r.UserAgent(), c.Value, r.Host)
		case r.FormValue("code") != "":
			http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "code" + r.FormValue("state"), Path: "/", Secure: true, HttpOnly: true})
			http.Redirect(w, r, "/me", http.StatusFound)
		default:
			http.Redirect(w, r, sim.URL+"/connect/oauth2/authorize"+query("appid", sim.AppID(), "redirect_uri", app.URL+"/back", "response_type", "code", "scope", "snsapi_base", "state", "s1"), http.StatusFound)
		}
	}))
	t.Cleanup(app.Close)
	return app
}

func TestThePhoneOpensProgramsOfThisMachineAsWeChat(t *testing.T) {
	sim := started(t, wxsim.Config{})
	app := phoneApp(t, sim)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	read := func(resp *http.Response, err error) (string, *url.URL) {
		t.Helper()
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body), resp.Request.URL
	}
	open := func(address, more string) (string, *url.URL) {
		t.Helper()
		return read(browser.Get(sim.URL + "/wxsim/phone?open=" + url.QueryEscape(address) + more))
	}

	body, at := open(app.URL+"/page?a=1#part", "")
	require.Contains(t, body, "MicroMessenger")
	require.Contains(t, body, "has codes1 at "+strings.TrimPrefix(app.URL, "http://"))
	require.NotEqual(t, strings.TrimPrefix(app.URL, "http://"), at.Host)
	require.Equal(t, "/me", at.Path)
	// The desktop's browser, which is the same one, has no cookie of the phone's.
	for _, c := range jar.Cookies(at) {
		require.NotEqual(t, "__Host-session", c.Name, "the desktop has the phone's session")
	}
	r, err := http.NewRequest(http.MethodPost, at.String(), nil)
	require.NoError(t, err)
	r.Header.Set("Origin", "http://"+at.Host)
	if body, _ := read(browser.Do(r)); !strings.HasSuffix(body, "own true") {
		t.Errorf("a form's %s", body)
	}
	if body, _ := open(app.URL, "&webview=wxmini"); !strings.Contains(body, "miniProgram/wxmini") {
		t.Errorf("a web-view is %q", body)
	}
	for _, address := range []string{"http://example.com/", "http://169.254.169.254/", "file:///etc/passwd", "x", "//evil"} {
		if body, at := open(address, ""); at.Path != "/wxsim/phone" || !strings.Contains(body, "手机只打开本机") && !strings.Contains(body, "不是 http") {
			t.Errorf("%s was opened: %s", address, body)
		}
	}
	if body, at := open(sim.URL+"/q/x", ""); at.Path != "/q/x" || !strings.Contains(body, "已过期") {
		t.Errorf("a code of the simulator leads to %s", at)
	}
	// A page of another site fills the phone with no windows.
	r, err = http.NewRequest(http.MethodGet, sim.URL+"/wxsim/phone?open="+url.QueryEscape(app.URL), nil)
	require.NoError(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	for mode, want := range map[string]bool{"no-cors": false, "cors": false, "navigate": true} {
		r.Header.Set("Sec-Fetch-Mode", mode)
		if body, _ := read(browser.Do(r)); strings.Contains(body, "MicroMessenger") != want {
			t.Errorf("%s opens the phone: %t, want %t: %s", mode, !want, want, body)
		}
	}
	// A name that only leads to this machine is somebody else's.
	for _, address := range []string{sim.URL + "/wxsim/phone?open=" + url.QueryEscape(app.URL), at.String()} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		require.NoError(t, err)
		r.Host = "rebound.example:80"
		body, _ := read(browser.Do(r))
		require.NotContains(t, body, "MicroMessenger", address)
	}
}

// Who comes from elsewhere in the network sees nothing of this machine but what was configured.
// The program answers, and only then reads the end of the form.
func TestThePhonePassesOnAnEarlyAnswer(t *testing.T) {
	sim := started(t, wxsim.Config{})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := http.NewResponseController(w)
		_, _ = answer.EnableFullDuplex(), answer.Flush()
		form, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s, %v", form, err)
	}))
	defer app.Close()
	browser := app.Client()
	opened, err := browser.Get(sim.URL + "/wxsim/phone?open=" + url.QueryEscape(app.URL))
	require.NoError(t, err)
	defer opened.Body.Close()

	form, more := io.Pipe()
	defer more.Close() //nolint:errcheck // never fails
	r, err := http.NewRequest(http.MethodPost, opened.Request.URL.String(), form)
	require.NoError(t, err)
	r.ContentLength = int64(len("a=1&b=2"))
	go func() { _, _ = io.WriteString(more, "a=1") }()
	giveUp := time.AfterFunc(10*time.Second, func() { _ = more.CloseWithError(errors.New("no answer came")) })
	defer giveUp.Stop()
	resp, err := browser.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.WriteString(more, "&b=2")
	require.NoError(t, err)
	if body, err := io.ReadAll(resp.Body); string(body) != "a=1&b=2, <nil>" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestThePhoneIsNoWayIntoThisMachine(t *testing.T) {
	sim := wxsim.New(wxsim.Config{RedirectDomains: []string{"shop.example", "dev.example:3000"}})
	_, err := sim.AddApp(wxsim.App{Kind: wxsim.OfficialAccount, Name: "added", RedirectDomains: []string{"added.example", "127.0.0.1:9200"}})
	require.NoError(t, err)
	for _, tt := range []struct {
		name, visitor, address, host, open string
		want                               bool
	}{
		{"at this machine", "127.0.0.1", "127.0.0.1", "127.0.0.1:8081", "http://127.0.0.1:9200/", true},
		{"at this machine, by its address", "192.168.1.5", "192.168.1.5", "192.168.1.5:8081", "http://localhost:9200/", true},
		{"to another machine", "127.0.0.1", "127.0.0.1", "127.0.0.1:8081", "http://192.168.1.1/", false},
		{"from the network", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://127.0.0.1:9200/", false},
		{"from the network, to its address", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://192.168.1.5:9200/", false},
		{"from the network, by a made-up name", "192.168.1.7", "192.168.1.5", "localhost:9200", "http://localhost:9200/", false},
		{"from the network, to what is configured", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://shop.example/", true},
		{"from the network, to another port of it", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://shop.example:9200/", false},
		{"from the network, to the port that is configured", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://dev.example:3000/", true},
		{"from the network, to what the control API has added", "192.168.1.7", "192.168.1.5", "192.168.1.5:8081", "http://127.0.0.1:9200/", false},
		{"at this machine, to what the control API has added", "127.0.0.1", "127.0.0.1", "127.0.0.1:8081", "http://added.example:3000/", true},
		{"at this machine, to another port of what is configured", "127.0.0.1", "127.0.0.1", "127.0.0.1:8081", "http://shop.example:3000/", true},
		{"a web site's name", "127.0.0.1", "127.0.0.1", "rebound.example:8081", "http://shop.example/", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			local := &net.TCPAddr{IP: net.ParseIP(tt.address), Port: 8081}
			r := request(http.MethodGet, "/wxsim/phone", "")
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
			r.RemoteAddr, r.Host = tt.visitor+":4000", tt.host
			target, err := url.Parse(tt.open)
			require.NoError(t, err)
			require.Equal(t, tt.want, sim.MayShow(r, target), tt.open)
		})
	}
}
