package docs_test

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// hello is some page of an app.
func hello(c *gin.Context) {
	user, _ := wxoauth.User(c)
	if user == nil {
		c.String(http.StatusOK, "Hello, stranger")
		return
	}
	c.String(http.StatusOK, "Hello, %s", user.Nickname)
}

func TestRecipeGuardGroup(t *testing.T) {
	shop := openShop(t)
	r, cfg, home, cart := gin.New(), shop.config(), hello, hello
	routes := func() error {
		// region guard-group-gin
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		r.GET("/", auth.Optional(), home) // for everybody; knows who is signed in
		shop := r.Group("/shop", auth.Middleware())
		shop.GET("/cart", cart)
		r.GET("/wechat/login", auth.Login()) // a group of gin sees registered paths only
		r.POST("/wechat/logout", auth.Logout())
		// endregion
		return nil
	}
	require.NoError(t, routes())
	want(t, shop.open(r, "/"), http.StatusOK, "Hello, stranger")
	b := shop.browser()
	want(t, b.Open(adaptertest.PublicURL+"/shop/cart"), http.StatusOK, "Hello, 小明")
	want(t, b.Open(adaptertest.PublicURL+"/"), http.StatusOK, "Hello, 小明")
	want(t, shop.open(r, "/wechat/login?return_to=/shop/cart"), http.StatusOK, "Hello, 小明")
}

func TestRecipeAskForMoreLater(t *testing.T) {
	shop, auth := openAuth(t)
	r, profile := gin.New(), hello
	menu := func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "openid %s, name %q", user.OpenID, user.Nickname)
	}

	// region ask-for-more
	r.GET("/menu", auth.Require(wxoauth.ScopeBase), menu)           // silent: WeChat shows no page
	r.GET("/profile", auth.Require(wxoauth.ScopeUserInfo), profile) // asks the user, once
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	want(t, b.Open(adaptertest.PublicURL+"/menu"), http.StatusOK, `openid oXiaoMing, name ""`)
	want(t, b.Open(adaptertest.PublicURL+"/profile"), http.StatusOK, "Hello, 小明")
	want(t, b.Open(adaptertest.PublicURL+"/menu"), http.StatusOK, `name "小明"`)
	require.Equal(t, 2, shop.Calls("/sns/oauth2/access_token"))
}

func TestRecipeSinglePageApp(t *testing.T) {
	shop, auth := openAuth(t)
	r, dir := gin.New(), t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/index.html", []byte("the app's page"), 0o600))
	t.Chdir(dir)

	// region single-page-app
	r.StaticFile("/", "index.html") // the page itself is for everybody
	r.GET("/api/me", auth.Middleware(), func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.JSON(http.StatusOK, user)
	})
	r.GET("/wechat/login", auth.Login())
	r.GET("/wxoauth.js", auth.Script())
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	refused := b.Do(webtest.Request{URL: adaptertest.PublicURL + "/api/me", Kind: webtest.Fetch()})
	want(t, refused, http.StatusUnauthorized, "login_required")
	var answer struct {
		LoginURL string `json:"login_url"`
	}
	require.NoError(t, json.Unmarshal([]byte(refused.Body), &answer))
	// What the script of the recipe does.
	login, err := url.Parse(answer.LoginURL)
	require.NoError(t, err)
	query := login.Query()
	query.Set("return_to", "/?tab=2#/cart/7")
	login.RawQuery = query.Encode()
	v := b.Open(login.String())
	want(t, v, http.StatusOK, "the app's page")
	require.Equal(t, adaptertest.PublicURL+"/?tab=2#/cart/7", v.Address())
	me := b.Do(webtest.Request{URL: adaptertest.PublicURL + "/api/me", Kind: webtest.Fetch()})
	want(t, me, http.StatusOK, `"nickname":"小明"`)
}

func TestRecipeDesktopQRCode(t *testing.T) {
	shop := openShop(t)
	t.Setenv("WECHAT_WEBSITE_APPID", shop.WebsiteAppID())
	t.Setenv("WECHAT_WEBSITE_SECRET", shop.WebsiteSecret())
	cfg := shop.config()

	// region desktop-qr
	cfg.Website = &wxoauth.Website{
		AppID:  os.Getenv("WECHAT_WEBSITE_APPID"),
		Secret: wxoauth.Secret(os.Getenv("WECHAT_WEBSITE_SECRET")),
	}
	// endregion

	shop.net.Serve(adaptertest.Host, newApp(cfg))
	desktop := shop.browser()
	desktop.Agent = webtest.DesktopChrome
	want(t, desktop.Open(adaptertest.PublicURL+"/me"), http.StatusOK, "Hello, 小明")
	require.Equal(t, 1, shop.Calls("/connect/qrconnect"))
}

func TestReadmeDesk(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	cfg.Desk = &wxoauth.Desk{} // the line that the READMEs name
	shop.net.Serve(adaptertest.Host, newApp(cfg))
	desktop := shop.browser()
	desktop.Agent = webtest.DesktopChrome
	want(t, desktop.Open(adaptertest.PublicURL+"/me"), http.StatusUnauthorized, `id="desk-number"`)
}

func TestRecipeSeveralAccounts(t *testing.T) {
	shop := openShop(t)
	other := wxsim.New(wxsim.Config{AppID: "wxclub", Secret: "club's own", AutoAllow: true})
	r, shopConfig, cart, lounge := gin.New(), shop.config(), hello, hello
	clubConfig := shop.config()
	clubConfig.AppID, clubConfig.Secret = other.AppID(), core.Secret(other.Secret())
	clubConfig.APIURL, clubConfig.OpenURL = "https://club.wechat.example", "https://club.wechat.example"
	shop.net.Serve("club.wechat.example", other)
	routes := func() error {
		// region several-accounts
		clubConfig.LoginPath = "/club/login" // each account has one of its own
		shop, err := wxoauth.New(shopConfig)
		if err != nil {
			return err
		}
		club, err := wxoauth.New(clubConfig)
		if err != nil {
			return err
		}
		r.Group("/shop", shop.Middleware()).GET("/cart", cart)
		r.Group("/club", club.Middleware()).GET("/lounge", lounge)
		r.GET("/wechat/login", shop.Login())
		r.GET("/club/login", club.Login())
		// endregion
		return nil
	}
	require.NoError(t, routes())
	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	for range 2 {
		want(t, b.Open(adaptertest.PublicURL+"/shop/cart"), http.StatusOK, "Hello, 小明")
		want(t, b.Open(adaptertest.PublicURL+"/club/lounge"), http.StatusOK, "Hello, "+other.Users()[0].Nickname)
	}
	if n, m := shop.Calls("/sns/userinfo"), other.Calls("/sns/userinfo"); n != 1 || m != 1 {
		t.Errorf("%d and %d logins, want one with each account", n, m)
	}
}

func TestRecipeMiniProgram(t *testing.T) {
	shop := openShop(t)
	t.Setenv("WECHAT_MINI_APPID", shop.MiniAppID())
	t.Setenv("WECHAT_MINI_SECRET", shop.MiniSecret())
	r, keys := gin.New(), shop.config().Keys
	miniConfig := func() wxoauth.MiniConfig {
		// region mini-config
		cfg := wxoauth.MiniConfig{
			AppID:  os.Getenv("WECHAT_MINI_APPID"),
			Secret: wxoauth.Secret(os.Getenv("WECHAT_MINI_SECRET")),
			Keys:   keys,
		}
		// endregion
		cfg.HTTPClient = shop.client
		return cfg
	}
	cfg := miniConfig()
	routes := func() error {
		// region mini-routes
		mini, err := wxoauth.NewMini(cfg)
		if err != nil {
			return err
		}
		r.POST("/mini/login", mini.Login())
		r.POST("/mini/logout", mini.Logout())
		r.GET("/mini/me", mini.Middleware(), func(c *gin.Context) {
			user, _ := wxoauth.User(c)
			c.JSON(http.StatusOK, user)
		})
		// endregion
		r.POST("/mini/phone", mini.Middleware(), phoneNumber)
		return nil
	}
	require.NoError(t, routes())

	post := func(path, token, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w
	}
	user := shop.Users()[0].OpenID
	login := post("/mini/login", "", `{"code":"`+shop.NewJSCode(user)+`"}`)
	var answer struct{ Token string }
	if err := json.Unmarshal(login.Body.Bytes(), &answer); err != nil {
		t.Fatal(err, login.Body)
	}
	req := httptest.NewRequest(http.MethodGet, "/mini/me", nil)
	req.Header.Set("Authorization", "Bearer "+answer.Token)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	require.Contains(t, w.Body.String(), `"unionid":"uXiaoMing"`, w.Code)

	number := `{"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":"86","watermark":{"appid":"` + shop.MiniAppID() + `","timestamp":1}}`
	data, iv, err := shop.EncryptData(user, []byte(number))
	require.NoError(t, err)
	form, _ := json.Marshal(map[string]string{"encryptedData": data, "iv": iv})
	if w := post("/mini/phone", answer.Token, string(form)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "13800138000") {
		t.Errorf("phone: %d %s", w.Code, w.Body)
	}
	shop.NewJSCode(user) // another login: the key that the session holds is stale
	data, iv, err = shop.EncryptData(user, []byte(number))
	require.NoError(t, err)
	form, _ = json.Marshal(map[string]string{"encryptedData": data, "iv": iv})
	if w := post("/mini/phone", answer.Token, string(form)); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "session_expired") {
		t.Errorf("phone under a stale key: %d %s", w.Code, w.Body)
	}
}

// region mini-decrypt

func phoneNumber(c *gin.Context) {
	var form struct{ EncryptedData, IV string }
	if err := c.ShouldBindJSON(&form); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	session, _ := mpauth.SessionFrom(c.Request.Context())
	phone, err := mpauth.Decrypt[mpauth.PhoneData](session.SessionKey, session.AppID, form.EncryptedData, form.IV)
	switch {
	case errors.Is(err, mpauth.ErrSessionKey):
		mpauth.SessionExpired(c.Writer) // it logs in again, and asks WeChat for the data anew: no key opens the old data now
	case err != nil:
		c.Status(http.StatusBadRequest)
	default:
		c.JSON(http.StatusOK, gin.H{"phone": phone.PurePhoneNumber})
	}
}

// endregion

// members is an app's table of members.
type members struct{ ids map[string]string }

func (m members) FindOrMake(_ context.Context, appID, openID, unionID, nickname string) (id string, err error) {
	key := appID + " " + openID
	if m.ids[key] == "" {
		m.ids[key] = strings.Join([]string{"7", nickname, unionID}, "-")
	}
	return m.ids[key], nil
}

func TestRecipeOwnMembers(t *testing.T) {
	shop := openShop(t)
	cfg, db := shop.config(), members{map[string]string{}}

	// region own-members
	cfg.OnLogin = func(ctx context.Context, _ *http.Request, u *core.User) (err error) {
		u.MemberID, err = db.FindOrMake(ctx, u.AppID, u.OpenID, u.UnionID, u.Nickname)
		return err
	}
	// endregion

	r := gin.New()
	r.Use(wxoauth.Middleware(cfg))
	// region own-members-page
	r.GET("/member", func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "Member %s", user.MemberID) // no look-up
	})
	// endregion
	want(t, shop.open(r, "/member"), http.StatusOK, "Member 7-小明-uXiaoMing")
}

func TestRecipeLogOut(t *testing.T) {
	shop, auth := openAuth(t)
	r := gin.New()
	r.GET("/", auth.Optional(), hello)
	r.GET("/me", auth.Middleware(), hello)

	// region log-out
	r.POST("/wechat/logout", auth.Logout())
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	want(t, b.Open(adaptertest.PublicURL+"/me"), http.StatusOK, "Hello, 小明")
	action, fields := logOutForm(t)
	want(t, b.Walk(webtest.Request{
		Method: http.MethodPost, URL: adaptertest.PublicURL + action, Kind: webtest.Navigation(), Form: fields,
	}, nil), http.StatusOK, "Hello, stranger")
}

// A visitor is what an app's own session holds.
type visitor struct{ State, OpenID, Nickname string }

func TestRecipeOwnSessions(t *testing.T) {
	shop := openShop(t)
	client, err := oauth.NewClient(oauth.ClientConfig{
		AppID: shop.AppID(), Secret: core.Secret(shop.Secret()), RedirectURI: adaptertest.PublicURL + "/login", HTTPClient: shop.client,
	})
	require.NoError(t, err)
	var only visitor
	sessionOf := func(*gin.Context) *visitor { return &only }
	r := gin.New()
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "Hello, %s %s", only.OpenID, only.Nickname) })

	// region own-sessions
	r.GET("/login", func(c *gin.Context) {
		visitor, code := sessionOf(c), c.Query("code")
		if code == "" {
			visitor.State = rand.Text() // crypto/rand
		} else if visitor.State == "" || subtle.ConstantTimeCompare([]byte(c.Query("state")), []byte(visitor.State)) != 1 {
			c.AbortWithStatus(http.StatusBadRequest) // a login that this browser did not start
			return
		}
		url, user, err := client.AuthorizeUserInfo(c, oauth.FlowParams{Code: code, State: visitor.State})
		switch {
		case err != nil:
			c.AbortWithStatus(http.StatusBadGateway)
		case url != "":
			c.Redirect(http.StatusFound, url)
		case user.Snapshot:
			c.AbortWithStatus(http.StatusForbidden) // a virtual user
		default:
			visitor.State, visitor.OpenID, visitor.Nickname = "", user.OpenID, user.Nickname
			c.Redirect(http.StatusFound, "/")
		}
	})
	// endregion

	want(t, shop.open(r, "/login"), http.StatusOK, "Hello, oXiaoMing 小明")
	for _, forged := range []string{"/login?code=x", "/login?code=x&state=", "/login?code=x&state=y"} {
		want(t, shop.open(r, forged), http.StatusBadRequest, "")
	}
}
