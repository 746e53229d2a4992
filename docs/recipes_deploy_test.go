package docs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/rueidis" //nolint:depguard // a recipe shows how an app connects its Redis
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/observe/wxotel"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

func TestRecipeRotateKeys(t *testing.T) {
	shop := openShop(t)
	before, next, cfg := adaptertest.Key('1'), adaptertest.Key('2'), shop.config()
	b := shop.browser()
	var deploys []oauth.Config
	deploy := func() { deploys = append(deploys, cfg) }
	deploy()

	// region rotate-keys
	cfg.Keys = [][]byte{before, next} // first deploy: every replica learns to open the new key
	// endregion
	deploy()
	// region rotate-keys
	cfg.Keys = [][]byte{next, before} // second deploy: new logins are sealed with it
	// endregion
	deploy()
	// region rotate-keys
	cfg.Keys = [][]byte{next} // third deploy, after MaxAge (30 days): nobody holds the old one
	// endregion
	deploy()

	for i, cfg := range deploys {
		shop.net.Serve(adaptertest.Host, newApp(cfg))
		if i == len(deploys)-1 {
			b = shop.browser() // MaxAge has passed
		}
		want(t, b.Open(adaptertest.PublicURL+"/me"), http.StatusOK, "Hello, 小明")
	}
	require.Equal(t, 2, shop.Calls("/sns/oauth2/access_token"))
}

func TestRecipeRedis(t *testing.T) {
	shop := openShop(t)
	t.Setenv("REDIS_ADDR", redistest.Start(t).Addr)
	cfg, messages, wechat := shop.config(), push.Config{}, core.ClientConfig{AppID: shop.AppID(), Secret: core.Secret(shop.Secret()), HTTPClient: shop.client}
	configure := func() error {
		// region redis
		redis, err := rueidis.NewClient(rueidis.ClientOption{
			InitAddress:       []string{os.Getenv("REDIS_ADDR")},
			ForceSingleClient: true, // there is a client even while Redis is down; leave it out for a cluster
			// A Redis that hangs is noticed within a second.
			Dialer:           net.Dialer{KeepAlive: 200 * time.Millisecond},
			ConnWriteTimeout: 600 * time.Millisecond,
			ConnLifetime:     time.Minute, // its name is looked up again, as after a failover
		})
		if redis == nil {
			return err // an option is wrong. With a client, err only says that Redis does not answer yet
		}
		cfg.Store, err = redisstore.New(redis, redisstore.Config{Keys: cfg.Keys}) // of the Config: sessions
		if err != nil {
			return err
		}
		messages.Seen, err = redisstore.NewSeen(redis, redisstore.SeenConfig{}) // of a push.Config: which messages were handled
		if err != nil {
			return err
		}
		wechat.Cache = rediscache.New(redis, "wx:") // of a core.ClientConfig: app access token, JS-SDK ticket
		// endregion
		t.Cleanup(redis.Close)
		return nil
	}
	require.NoError(t, configure())
	shop.greets(t, newApp(cfg))
	for range 2 { // two replicas
		client, err := core.NewClient(wechat)
		require.NoError(t, err)
		if _, _, err := client.AccessToken(t.Context()); err != nil {
			t.Error(err)
		}
	}
	require.Equal(t, 1, shop.Calls("/cgi-bin/stable_token"))
	reserved, _, err := messages.Seen.Reserve(t.Context(), strings.Repeat("0", 64), time.Minute)
	if !reserved || err != nil {
		t.Errorf("Reserve = %v, %v", reserved, err)
	}
}

// An app that starts while its Redis is away serves what needs none, and is honest about the rest.
func TestRecipeRedisOfAFleet(t *testing.T) {
	shop := openShop(t)
	nobody, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Setenv("REDIS_ADDR", nobody.Addr().String())
	_ = nobody.Close()
	cfg, messages := shop.config(), push.Config{}
	wechat := core.ClientConfig{AppID: shop.AppID(), Secret: core.Secret(shop.Secret()), HTTPClient: shop.client, Logger: cfg.Logger}
	configure := func() error {
		// region redis-fleet
		client, err := rueidis.NewClient(rueidis.ClientOption{
			InitAddress:       []string{os.Getenv("REDIS_ADDR")},
			Username:          "app",
			Password:          os.Getenv("REDIS_PASSWORD"),
			TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
			ForceSingleClient: true, // there is a client even while Redis is down; leave it out for a cluster
			// A Redis that hangs is noticed within a second.
			Dialer:           net.Dialer{KeepAlive: 200 * time.Millisecond},
			ConnWriteTimeout: 600 * time.Millisecond,
			ConnLifetime:     time.Minute, // its name is looked up again, as after a failover
		})
		if client == nil {
			return err // an option is wrong. With a client, err only says that Redis does not answer yet
		}
		cfg.Store, err = redisstore.New(client, redisstore.Config{Keys: cfg.Keys, Prefix: "shop:"}) // of the Config: sessions
		if err != nil {
			return err
		}
		messages.Seen, err = redisstore.NewSeen(client, redisstore.SeenConfig{Prefix: "shop:"}) // of a push.Config: which messages were handled
		if err != nil {
			return err
		}
		wechat.Cache = rediscache.New(client, "shop:") // of a core.ClientConfig: app access token, JS-SDK ticket
		// endregion
		t.Cleanup(client.Close)
		return nil
	}
	require.NoError(t, configure())
	auth, err := wxoauth.New(cfg)
	require.NoError(t, err)
	r := gin.New()
	r.GET("/", auth.Optional(), hello)
	r.GET("/me", auth.Middleware(), hello)
	want(t, shop.open(r, "/"), http.StatusOK, "Hello, stranger")
	want(t, shop.open(r, "/me"), http.StatusServiceUnavailable, "")
	require.Equal(t, 0, shop.Calls("/sns/oauth2/access_token"))
	client, err := core.NewClient(wechat)
	require.NoError(t, err)
	if _, _, err := client.AccessToken(t.Context()); err != nil {
		t.Errorf("the app token wants a Redis: %v", err)
	}
	if _, _, err := messages.Seen.Reserve(t.Context(), strings.Repeat("0", 64), time.Minute); err == nil {
		t.Error("no error from a Redis that is away")
	}
}

func TestRecipeCORS(t *testing.T) {
	shop := openShop(t)
	cfg, r := shop.config(), gin.New()

	// region cors
	r.Use(func(c *gin.Context) { // before the login: a preflight carries no cookie
		c.Header("Access-Control-Allow-Origin", "https://app.example.com")
		c.Header("Access-Control-Allow-Credentials", "true")
		c.Header("Access-Control-Allow-Headers", "Content-Type")
		if c.Request.Method == http.MethodOptions {
			c.AbortWithStatus(http.StatusNoContent)
		}
	})
	r.Use(wxoauth.Middleware(cfg))
	// endregion

	r.GET("/api/me", hello)
	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	preflight := b.Do(webtest.Request{Method: http.MethodOptions, URL: adaptertest.PublicURL + "/api/me", Kind: webtest.Fetch()})
	want(t, preflight, http.StatusNoContent, "")
	refused := b.Do(webtest.Request{URL: adaptertest.PublicURL + "/api/me", Kind: webtest.Fetch()})
	want(t, refused, http.StatusUnauthorized, "login_required")
	if refused.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
		t.Error("the script may not read the 401, and cannot know where to log in")
	}
}

func TestRecipeAssets(t *testing.T) {
	shop, auth := openAuth(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/app.css", []byte("body{}"), 0o600))
	r, me := gin.New(), hello

	// region assets
	r.Static("/assets", dir) // no login, and shared caches may keep them
	guarded := r.Group("/", auth.Middleware())
	guarded.GET("/me", me)
	// endregion

	v := shop.open(r, "/assets/app.css")
	want(t, v, http.StatusOK, "body{}")
	require.Empty(t, v.Header.Get("Cache-Control"))
	want(t, shop.open(r, "/me"), http.StatusOK, "Hello, 小明")
}

func TestRecipeVerifyFile(t *testing.T) {
	shop := openShop(t)
	cfg, r := shop.config(), gin.New()
	routes := func() error {
		// region verify-file
		cfg.VerifyFile = "MP_verify_aB3dE5fG7hJ9kL1m.txt" // as WeChat's console names it
		auth, err := wxoauth.New(cfg)
		if err != nil {
			return err
		}
		auth.Mount(r) // the files, login, logout and the script
		// endregion
		return nil
	}
	require.NoError(t, routes())
	want(t, shop.open(r, "/MP_verify_aB3dE5fG7hJ9kL1m.txt"), http.StatusOK, "aB3dE5fG7hJ9kL1m")
}

func TestRecipeBelowAPath(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()

	// region path
	cfg.PublicURL = "https://shop.example.com/club" // the path is what the proxy strips
	cfg.Name = "club"                               // there are other programs of this AppID on this host
	// endregion

	r := newApp(cfg)
	shop.net.Serve(adaptertest.Host, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { // nginx
		req.RequestURI = strings.TrimPrefix(req.RequestURI, "/club")
		http.StripPrefix("/club", r).ServeHTTP(w, req)
	}))
	v := tap(shop.browser(), adaptertest.PublicURL+"/club/me")
	want(t, v, http.StatusOK, "Hello, 小明")
	require.Equal(t, adaptertest.PublicURL+"/club/me", v.Address())
}

func TestRecipeFastCGI(t *testing.T) {
	shop := openShop(t)
	auth, err := oauth.New(shop.config())
	require.NoError(t, err)
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { auth.Admit(w, r, "") })

	// region fastcgi
	stripped := http.StripPrefix("/club", guarded)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = r.URL.RequestURI() // FastCGI leaves it empty, and StripPrefix changes the URL
		stripped.ServeHTTP(w, r)
	})
	// endregion

	r := httptest.NewRequest(http.MethodGet, "/club/me?a=1", nil)
	r.RequestURI = "" // as net/http/fcgi makes it
	r.Header = http.Header{"Accept": {"text/html"}, "User-Agent": {webtest.WeChatAndroid}}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	to, err := url.Parse(w.Header().Get("Location"))
	if back := to.Query().Get("redirect_uri"); err != nil || back != adaptertest.PublicURL+"/club/me?a=1" {
		t.Errorf("WeChat is told to come back to %q, %v", back, err)
	}
}

func TestRecipeReverseProxy(t *testing.T) {
	shop, auth := openAuth(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cached") != "" {
			w.Header().Set("Cache-Control", "private, max-age=60")
		}
		fmt.Fprintf(w, "%s cookies: %v", r.Header.Get("X-OpenID"), r.Header["Cookie"])
	}))
	t.Cleanup(server.Close)
	backend, err := url.Parse(server.URL)
	require.NoError(t, err)
	r := gin.New()

	// region reverse-proxy
	ours := regexp.MustCompile(`^(__Host-)?wx[a-z]?-`) // without __Host- over http
	upstream := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend)
			r.Out.Header.Del("Cookie") // our session is no business of the backend
			for _, c := range r.In.Cookies() {
				if !ours.MatchString(c.Name) {
					r.Out.AddCookie(c)
				}
			}
			user, _ := core.UserFrom(r.In.Context())
			r.Out.Header.Set("X-OpenID", user.OpenID) // in place of what a browser may have sent
		},
		ModifyResponse: func(res *http.Response) error {
			if res.Header.Get("Cache-Control") == "" {
				res.Header.Set("Cache-Control", "private, no-store")
			}
			return nil
		},
	}
	r.Any("/api/*path", auth.Middleware(), func(c *gin.Context) {
		c.Writer.Header().Del("Cache-Control") // ReverseProxy adds the backend's to what is there
		upstream.ServeHTTP(c.Writer, c.Request)
	})
	// endregion

	shop.net.Serve(adaptertest.Host, r)
	b := shop.browser()
	site := &url.URL{Scheme: "https", Host: adaptertest.Host, Path: "/"}
	b.Jar.Set(site, []*http.Cookie{{Name: "theme", Value: "dark", Path: "/"}, {Name: "wxuin", Value: "1", Path: "/"}})
	tap(b, adaptertest.PublicURL+"/api/x")
	for _, c := range b.Jar.All() {
		if over, found := strings.CutPrefix(c.Name, "__Host-"); found { // the session's name where the site is http
			b.Jar.Set(site, []*http.Cookie{{Name: over, Value: c.Value, Path: "/"}})
		}
	}
	for query, cache := range map[string]string{"": "private, no-store", "?cached=1": "private, max-age=60"} {
		v := tap(b, adaptertest.PublicURL+"/api/x"+query)
		want(t, v, http.StatusOK, "oXiaoMing cookies: [theme=dark; wxuin=1]")
		if got := v.Header["Cache-Control"]; len(got) != 1 || got[0] != cache {
			t.Errorf("Cache-Control is %q, want %q", got, cache)
		}
	}
}

// nginx itself runs with the block of the documents, but for the ports.
func TestRecipeAuthRequest(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("there is no nginx")
	}
	shop, auth := openAuth(t)
	r := gin.New()

	// region auth-request
	r.GET("/signed-in", auth.Middleware(), func(c *gin.Context) { // nginx asks
		user, _ := wxoauth.User(c)
		c.Header("X-OpenID", user.OpenID)
		c.Status(http.StatusNoContent)
	})
	auth.Mount(r)
	r.NoRoute(auth.Middleware(), func(c *gin.Context) { // a page without a session, or on its way back from WeChat
		c.Redirect(http.StatusFound, "https://shop.example.com"+c.Request.URL.RequestURI()) // not //another.site
	})
	// endregion

	login := httptest.NewServer(r)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s of %s", r.URL, r.Header["X-Openid"])
	}))
	t.Cleanup(login.Close)
	t.Cleanup(backend.Close)
	var conf string
	for _, block := range blocks(t, "docs/recipes", "nginx") {
		if strings.Contains(block, "auth_request") {
			conf = strings.NewReplacer("http://127.0.0.1:8080", login.URL, "http://127.0.0.1:9000", backend.URL).Replace(block)
		}
	}
	site := startNginx(t, nginx, conf)

	shop.net.Serve(adaptertest.Host, httputil.NewSingleHostReverseProxy(site))
	b := shop.browser()
	page := adaptertest.PublicURL + "/orders/7?a=1&b=2"
	v := tap(b, page)
	want(t, v, http.StatusOK, "/orders/7?a=1&b=2 of [oXiaoMing]")
	require.Equal(t, page, v.Address())
	forged := http.Header{"X-Openid": {"oSomebodyElse"}}
	want(t, b.Do(webtest.Request{URL: page, Kind: webtest.Fetch(), Header: forged}), http.StatusOK, "of [oXiaoMing]")
	astray := b.Do(webtest.Request{URL: adaptertest.PublicURL + "//evil.example/..%2Fwechat/x"})
	require.Equal(t, adaptertest.PublicURL+"//evil.example/..%2Fwechat/x", astray.Header.Get("Location"))
	stranger := shop.browser().Do(webtest.Request{Method: http.MethodPost, URL: page, Kind: webtest.Fetch()})
	want(t, stranger, http.StatusUnauthorized, `"login_url"`)
}

// startNginx runs nginx with the locations of conf and returns its address. It is given a socket
// that listens already, so that nobody has to wait for it.
func startNginx(t *testing.T, nginx, conf string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	socket, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "nginx.conf"), []byte("daemon off;\npid "+dir+"/pid;\nerror_log stderr;\nevents {}\n"+
		"http {\naccess_log off;\nserver {\nlisten "+l.Addr().String()+";\n"+conf+"}\n}\n"))
	said := new(webtest.Buffer)
	cmd := exec.CommandContext(t.Context(), nginx, "-p", dir, "-c", "nginx.conf")
	cmd.Env, cmd.ExtraFiles, cmd.Stderr = append(os.Environ(), "NGINX=3;"), []*os.File{socket}, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends its worker, too
	require.NoError(t, cmd.Start())
	require.NoError(t, errors.Join(l.Close(), socket.Close())) // nginx alone has it now
	t.Cleanup(func() {
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said)
		}
	})
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func TestRecipeProxy(t *testing.T) {
	shop := openShop(t)
	var used atomic.Int32
	egress := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		used.Add(1)
		shop.ServeHTTP(w, r)
	}))
	t.Cleanup(egress.Close)
	t.Setenv("EGRESS_PROXY", egress.URL)
	cfg := shop.config()
	cfg.APIURL = "http://api.weixin.qq.com" // a plain proxy sees what an https one only forwards
	configure := func() error {
		// region proxy
		proxy, err := url.Parse(os.Getenv("EGRESS_PROXY")) // http://10.0.0.8:3128
		if err != nil {
			return err
		}
		cfg.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
		// endregion
		return nil
	}
	require.NoError(t, configure())
	shop.greets(t, newApp(cfg))
	require.EqualValues(t, 2, used.Load(), "calls through the proxy")
}

func TestRecipeObserve(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	var metrics counter

	// region observe
	cfg.Observer = &metrics
	// endregion

	shop.greets(t, newApp(cfg))
	for _, name := range []string{"login_started snsapi_userinfo", "login_finished snsapi_userinfo", "upstream_call /sns/userinfo"} {
		require.Equal(t, 1, metrics.counts[name], "%s in %v", name, metrics.counts)
	}
}

func TestRecipeOpenTelemetry(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()
	reader, before := sdkmetric.NewManualReader(), otel.GetMeterProvider()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	t.Cleanup(func() { otel.SetMeterProvider(before) })
	configure := func() (err error) {
		// region wxotel
		cfg.Observer, err = wxotel.New(wxotel.Config{}) // metrics and spans, to the global providers of OpenTelemetry
		if err != nil {
			return err
		}
		// endregion
		return nil
	}
	require.NoError(t, configure())
	shop.greets(t, newApp(cfg))
	var collected metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &collected))
	if len(collected.ScopeMetrics) != 1 || len(collected.ScopeMetrics[0].Metrics) < 3 { // logins, their duration, calls to WeChat
		t.Errorf("collected %+v", collected.ScopeMetrics)
	}
}

// region observer

type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) Observe(_ context.Context, e core.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[e.Name+" "+e.Kind]++ // e.Duration and e.Code are there as well
}

// endregion

func TestRecipeErrorPage(t *testing.T) {
	shop := openShop(t)
	cfg := shop.config()

	// region error-page
	cfg.OnError = func(w http.ResponseWriter, _ *http.Request, err error) {
		failure, _ := errors.AsType[*oauth.Failure](err)
		w.WriteHeader(failure.Status)
		if failure.Kind == oauth.KindSnapshot {
			fmt.Fprintln(w, "Tap the button at the bottom to open the full page.")
			return
		}
		fmt.Fprintln(w, "Login failed. Open this to try again:", failure.RetryURL)
	}
	// endregion

	shop.Fail("/sns/oauth2/access_token", wxsim.Status(http.StatusBadGateway))
	r := newApp(cfg)
	want(t, shop.open(r, "/me"), http.StatusBadGateway, "try again: https://shop.example.com/me")
	shop.Clear("/sns/oauth2/access_token")
	shop.AddUser(wxsim.User{OpenID: "oXiaoMing", Snapshot: true})
	want(t, shop.open(r, "/me"), http.StatusForbidden, "the full page")
}
