package docs_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A shop is shop.example.com and a simulated WeChat, on a network without sockets.
type shop struct {
	*wxsim.Server

	net    *webtest.Network
	client *http.Client // on that network
}

// openAuth is a shop whose login is for gin.
func openAuth(t *testing.T) (*shop, *wxoauth.Auth) {
	t.Helper()
	s := openShop(t)
	auth, err := wxoauth.New(s.config())
	require.NoError(t, err)
	return s, auth
}

func openShop(t *testing.T) *shop {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s := &shop{
		Server: wxsim.New(wxsim.Config{AutoAllow: true, Users: []wxsim.User{{OpenID: "oXiaoMing", UnionID: "uXiaoMing", Nickname: "小明"}}}),
		net:    webtest.NewNetwork(slog.Default().Handler()),
	}
	s.client = &http.Client{Transport: s.net.Transport()}
	s.net.Serve("api.weixin.qq.com", s.Server)
	s.net.Serve("open.weixin.qq.com", s.Server)
	t.Cleanup(s.net.Close)
	return s
}

// config is one that works, with everything else left at its default, but that the recipes are spared
// the page that asks first.
func (s *shop) config() oauth.Config {
	return oauth.Config{
		AppID: s.AppID(), Secret: core.Secret(s.Secret()), PublicURL: adaptertest.PublicURL,
		Keys: [][]byte{adaptertest.Key('1')}, HTTPClient: s.client, Logger: slog.New(slog.DiscardHandler), AskAtOnce: true,
	}
}

// open serves app at shop.example.com and opens a page of it in a new browser.
func (s *shop) open(app http.Handler, path string) *webtest.Visit {
	s.net.Serve(adaptertest.Host, app)
	return tap(s.browser(), adaptertest.PublicURL+path)
}

// tap opens a page, and if it asks first, agrees.
func tap(b *webtest.Browser, address string) *webtest.Visit {
	v := b.Open(address)
	if login := v.Link("ask-login"); login != "" {
		v = b.Open(login)
	}
	return v
}

// browser makes one that runs inside WeChat.
func (s *shop) browser() *webtest.Browser { return webtest.NewBrowser(s.net, nil) }

// greets wants the app to log a visitor in and to know the name.
func (s *shop) greets(t *testing.T, app http.Handler) {
	t.Helper()
	want(t, s.open(app, "/me"), http.StatusOK, "Hello, 小明")
}

// want compares how a visit ended.
func want(t *testing.T, v *webtest.Visit, status int, body string) {
	t.Helper()
	if v.Status != status || !strings.Contains(v.Body, body) {
		t.Errorf("the visit ended with %d %q, want %d %q:\n\t%s", v.Status, v.Body, status, body, v.Trail())
	}
}
