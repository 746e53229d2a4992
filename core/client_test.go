package core

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewClientReportsAllFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  ClientConfig
		want string
	}{
		{"nothing set", ClientConfig{}, "core: ClientConfig.AppID is missing\ncore: ClientConfig.Secret is missing"},
		{"everything wrong", ClientConfig{APIURL: "ftp://canary"}, "core: ClientConfig.AppID is missing\ncore: ClientConfig.Secret is missing\ncore: ClientConfig.APIURL is not an http(s) URL"},
		{"no secret", ClientConfig{AppID: testAppID}, "core: ClientConfig.Secret is missing"},
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

func TestOddAccountsAreWarnings(t *testing.T) {
	for _, tt := range []struct {
		name, appID, secret, apiURL, want string
	}{
		{"as WeChat has them", testAppID, testSecret, "", ""},
		{"the AppID of a WeCom app", "ww0123456789abcdef", testSecret, "", "AppID is not of WeChat's form"},
		{"the original id", "gh_0123456789ab", testSecret, "", "AppID is not of WeChat's form"},
		{"a short AppID", testAppID[:17], testSecret, defaultAPIURL + "/", "AppID is not of WeChat's form"},
		{"capitals", "WX0123456789ABCDEF", testSecret, "", "AppID is not of WeChat's form"},
		{"half a secret", testAppID, testSecret[:16], "", "Secret is not of WeChat's form"},
		{"swapped", testSecret, testAppID, "", "look swapped"},
		{"the secret twice", testSecret, testSecret, "", "look swapped"},
		{"a simulator", "wx1", "s", "http://127.0.0.1:8081", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var logs bytes.Buffer
			_, err := NewClient(ClientConfig{
				AppID: tt.appID, Secret: Secret(tt.secret), APIURL: tt.apiURL, Logger: slog.New(slog.NewTextHandler(&logs, nil)),
			})
			if err != nil || (tt.want == "") != (logs.Len() == 0) || !strings.Contains(logs.String(), tt.want) {
				t.Errorf("NewClient: %v, log %q; want %q", err, &logs, tt.want)
			}
			if strings.Contains(logs.String(), testSecret[:16]) || strings.Count(logs.String(), "level=WARN") > 1 {
				t.Errorf("the log shows the secret, or warns twice: %s", &logs)
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
		if (err == nil) != ok || (err != nil && err.Error() != "APIURL is not an http(s) URL") {
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
	expectCall(t, c, Request{Path: "/sns/auth", NoToken: true})
	require.Equal(t, "http://relay.example/wx/sns/auth", got)
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
	require.Equal(t, time.Hour, own.Timeout)
	require.NotNil(t, own.CheckRedirect)
}
