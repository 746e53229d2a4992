package core

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestNewClientReportsAllFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  ClientConfig
		want string
	}{
		{"nothing set", ClientConfig{}, "AppID is missing\nSecret is missing"},
		{"everything wrong", ClientConfig{APIURL: "ftp://canary"}, "AppID is missing\nSecret is missing\nAPIURL is no http(s) URL"},
		{"no secret", ClientConfig{AppID: testAppID}, "Secret is missing"},
		{"a good one", ClientConfig{AppID: testAppID, Secret: testSecret, APIURL: "http://127.0.0.1:8081/relay/"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, make := range map[string]func() error{
				"NewClient":     func() error { _, err := NewClient(tt.cfg); return err },
				"StableTokens":  func() error { _, err := StableTokens(tt.cfg); return err },
				"ClassicTokens": func() error { _, err := ClassicTokens(tt.cfg); return err },
			} {
				if err := errors.Join(make()); (err == nil) != (tt.want == "") || (err != nil && err.Error() != tt.want) {
					t.Errorf("%s = %v, want %q", name, err, tt.want)
				}
			}
		})
	}
}

func TestCheckURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://api.weixin.qq.com":  true,
		"https://api.weixin.qq.com/": true,
		"http://127.0.0.1:8081":      true,
		"http://[::1]:8081/a/b":      true,
		"":                           false,
		"api.weixin.qq.com":          false,
		"//api.weixin.qq.com":        false,
		"/path":                      false,
		"ftp://api.weixin.qq.com":    false,
		"https:///path":              false,
		"https://:443":               false,
		"https://user:canary@host":   false,
		"https://host?canary=1":      false,
		"https://host?":              false,
		"https://host#canary":        false,
		"https://host#":              false,
		"https://ho st":              false,
		"https://host\n":             false,
		"https:opaque":               false,
		"https://host:port":          false,
	} {
		err := CheckURL("APIURL", raw)
		if (err == nil) != ok || (err != nil && err.Error() != "APIURL is no http(s) URL") {
			t.Errorf("CheckURL(%q) = %v", raw, err)
		}
	}
}

func TestAPIURLMayHaveAPath(t *testing.T) {
	var got string
	c := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		got = r.URL.String()
		return answer(200, "", "{}"), nil
	}), func(cfg *ClientConfig) { cfg.APIURL = "http://relay.example/wx/" })
	if _, err := Call[struct{}](t.Context(), c, Request{Path: "/sns/auth", NoToken: true}); err != nil {
		t.Fatal(err)
	}
	if want := "http://relay.example/wx/sns/auth"; got != want {
		t.Errorf("called %s, want %s", got, want)
	}
}

func TestAccountIsKept(t *testing.T) {
	c := newTestClient(t, always("{}"))
	if c.AppID() != testAppID || string(c.Secret()) != testSecret {
		t.Errorf("AppID = %s, %d bytes of secret", c.AppID(), len(c.Secret()))
	}
}

func TestOwnTransportIsBounded(t *testing.T) {
	tr := newTransport()
	if tr.Proxy == nil || tr.MaxResponseHeaderBytes > 1<<20 || tr.ResponseHeaderTimeout > callTime || tr.TLSHandshakeTimeout > callTime || tr.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("transport = %+v", tr)
	}
}

// The user's client belongs to the user: what we need different, we set on a copy.
func TestHTTPClientIsCopied(t *testing.T) {
	var calls int
	own := &http.Client{
		Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			calls++
			res := answer(http.StatusFound, "text/html", "")
			res.Header.Set("Location", "https://elsewhere.example/")
			return res, nil
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the user's CheckRedirect was asked") },
		Timeout:       time.Hour,
	}
	c := newTestClient(t, nil, func(cfg *ClientConfig) { cfg.HTTPClient = own })
	_, err := Call[struct{}](t.Context(), c, read())
	if wire, ok := errors.AsType[*WireError](err); !ok || wire.Status != http.StatusFound || calls != 1 {
		t.Errorf("err = %v after %d calls", err, calls)
	}
	if own.Timeout != time.Hour || own.CheckRedirect == nil {
		t.Errorf("the user's client was changed: %+v", own)
	}
}
