package adaptertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// Where things are in every world.
const (
	PublicURL = "https://shop.example.com"
	Host      = "shop.example.com"
	openHost  = "open.weixin.qq.com"
	apiHost   = "api.weixin.qq.com"

	authorizePath = "/connect/oauth2/authorize"
	qrPath        = "/connect/qrconnect"
	exchangePath  = "/sns/oauth2/access_token"
	refreshPath   = "/sns/oauth2/refresh_token"
	userInfoPath  = "/sns/userinfo"
)

// A Store is where the sessions of a world are kept.
type Store struct {
	Name string
	// Open makes the storage of one world. The function it returns opens a session store on it,
	// once for each app that is deployed. Nil stands for the embedded cookie store.
	Open func(t *testing.T) func(keys [][]byte) sessions.Store
	// OnServer says that the browser holds no more than an ID: what ends, ends for copies, too.
	OnServer bool
	// MemoSize is that of the configuration.
	MemoSize int
}

// Cookies is the embedded default: sessions in sealed cookies.
func Cookies() Store { return Store{Name: "cookie sessions"} }

// A World is one case's WeChat, app and network. Everything in it runs in the case's bubble.
type World struct {
	*testing.T

	Sim   *wxsim.Server
	Net   *webtest.Network
	Frame Frame
	Store Store

	// Config is what Deploy starts from: a good one for Sim, with a Logger at debug level and an
	// Observer that the world reads.
	Config oauth.Config

	// AllowRedirects excuses 301 and 307 answers of the framework's own router.
	AllowRedirects bool
	// AllowDetours excuses visits of more than 12 redirects.
	AllowDetours bool
	// AllowPanics excuses panics, which net/http logs.
	AllowPanics bool

	openStore func(keys [][]byte) sessions.Store
	outcomes  sessionstore.Outcomes // of desks, where the store has none
	log       webtest.Buffer        // all that was logged, net/http's complaints included
	secrets   secrets

	mu     sync.Mutex
	shown  []Shown
	events []core.Event
	tokens []TokenShown
	fails  []*oauth.Failure
}

// Shown is a request that reached a page.
type Shown struct {
	Method, Path, RawQuery string
	User                   *core.User // nil: nobody is signed in
	Header                 http.Header
	Upload                 string // the temporary file of an upload; empty: none
}

// TokenShown is what AccessToken gave to /token.
type TokenShown struct {
	Token string
	Err   error
}

// Option changes a world before its app is deployed.
type Option func(*wxsim.Config, *oauth.Config)

// NewWorld makes a world and deploys the frame's Routes program at PublicURL; see [World.Deploy]
// for others. It is for use inside a bubble, and ends with the test.
func NewWorld(t *testing.T, frame Frame, store Store, options ...Option) *World {
	t.Helper()
	w := &World{T: t, Frame: frame, Store: store, outcomes: sessionstore.NewMemoryOutcomes()}
	w.Config = oauth.Config{
		Secret: "", PublicURL: PublicURL, Keys: [][]byte{Key('1')}, MemoSize: store.MemoSize, AskAtOnce: true,
		Logger:   slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observer: observer{w},
	}
	users := wxsim.MadeUpUsers(3)
	users[0].Sex, users[0].City = 1, "深圳" // a profile of before 2021
	simConfig := wxsim.Config{AutoAllow: true, RedirectDomains: []string{Host}, Users: users}
	for _, o := range options {
		o(&simConfig, &w.Config)
	}
	w.Sim = wxsim.New(simConfig)
	w.Config.AppID, w.Config.Secret = w.Sim.AppID(), core.Secret(w.Sim.Secret())
	if w.Config.Website != nil {
		w.Config.Website = &oauth.Website{AppID: w.Sim.WebsiteAppID(), Secret: core.Secret(w.Sim.WebsiteSecret())}
	}
	w.Net = webtest.NewNetwork(w.Config.Logger.Handler())
	w.Net.Serve(openHost, w.Sim)
	w.Net.Serve(apiHost, w.Sim)
	w.Config.HTTPClient = &http.Client{Transport: w.Net.Transport()}
	if store.Open != nil {
		w.openStore = store.Open(t)
	}
	t.Cleanup(w.close)
	w.Deploy(nil)
	return w
}

// Key is a made-up key; its bytes are a word, so that it would be noticed in a log.
func Key(b byte) []byte { return bytes.Repeat([]byte{'K', b}, 16) }

// Deploy replaces the app at PublicURL by the frame's Routes program with a changed
// configuration. Sessions in a store on a server survive.
func (w *World) Deploy(change func(*oauth.Config)) {
	w.Helper()
	w.Net.Serve(Host, w.routes(change))
}

// routes makes the frame's Routes program with a changed configuration.
func (w *World) routes(change func(*oauth.Config)) http.Handler {
	w.Helper()
	h, err := w.Frame.Routes(w.config(change), w)
	w.NoError(err)
	return h
}

// DeployOneLine replaces the app at PublicURL by the frame's OneLine program.
func (w *World) DeployOneLine(change func(*oauth.Config)) {
	w.Helper()
	w.Net.Serve(Host, w.Frame.OneLine(w.config(change), w))
}

// DeployOnLogin is Deploy with an OnLogin.
func (w *World) DeployOnLogin(f func(ctx context.Context, r *http.Request, u *core.User) error) {
	w.Helper()
	w.Deploy(func(cfg *oauth.Config) { cfg.OnLogin = f })
}

// NoError ends the case if there is an error.
func (w *World) NoError(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// config is the world's with a change, a store of its own if sessions are kept on a server.
func (w *World) config(change func(*oauth.Config)) oauth.Config {
	cfg := w.Config
	if change != nil {
		change(&cfg)
	}
	if cfg.Store == nil && w.openStore != nil {
		cfg.Store = w.openStore(cfg.Keys)
	}
	if cfg.Desk != nil && cfg.Outcomes == nil && !w.outcomesShared() {
		cfg.Outcomes = w.outcomes
	}
	w.secrets.add("the AppSecret", string(cfg.Secret))
	for _, key := range cfg.Keys {
		w.secrets.add("a key", string(key))
	}
	return cfg
}

// Browser makes a browser of WeChat's first user.
func (w *World) Browser() *webtest.Browser { return w.BrowserOf(w.Sim.Users()[0]) }

// SignedIn makes one that is signed in.
func (w *World) SignedIn() *webtest.Browser {
	w.Helper()
	b := w.Browser()
	w.SignIn(b)
	return b
}

// BrowserOf makes a browser of one of WeChat's users.
func (w *World) BrowserOf(u wxsim.User) *webtest.Browser {
	b := webtest.NewBrowser(w.Net, w.inspect)
	become(b, u)
	return b
}

// Show answers a page: in JSON, with the user if there is one. It makes World a [Site].
func (w *World) Show(rw http.ResponseWriter, r *http.Request, u *core.User) {
	upload := w.receive(r)
	w.mu.Lock()
	w.shown = append(w.shown, Shown{r.Method, r.URL.Path, r.URL.RawQuery, u, rw.Header().Clone(), upload})
	w.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/events"):
		showEvents(rw, r)
		return
	case strings.HasSuffix(r.URL.Path, "/socket") && r.Header.Get("Upgrade") != "":
		showSocket(rw)
		return
	case strings.HasSuffix(r.URL.Path, "/vary"):
		rw.Header()["Vary"] = append(rw.Header()["Vary"], "X-Of-This-Page")
		rw.Header()["Cache-Control"] = append(rw.Header()["Cache-Control"], "no-transform")
	case r.URL.RawQuery == "edit=vary":
		rw.Header()["Vary"][0] += ", edited"
	case strings.HasSuffix(r.URL.Path, "/edit"):
		rw.Header()["Cache-Control"][0] += ", edited"
		rw.Header()["Vary"][0] += ", edited"
	case strings.HasSuffix(r.URL.Path, "/public"):
		rw.Header().Set("Cache-Control", "public, max-age=60")
	}
	ShowPage(rw, r, u)
}

// ShowPage answers with the page that [World.WantUser] reads.
func ShowPage(rw http.ResponseWriter, r *http.Request, u *core.User) {
	rw.Header().Set(pageHeader, "1")
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(page{r.URL.Path, r.URL.RawQuery, u}) // the browser hung up
}

// receive reads an upload as a page would that keeps nothing in memory, and returns the name of the
// temporary file; empty: r is no upload.
func (w *World) receive(r *http.Request) (file string) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return ""
	}
	if err := r.ParseMultipartForm(0); err != nil {
		w.Errorf("the form cannot be read: %v", err)
		return ""
	}
	upload, _, err := r.FormFile("upload")
	if err != nil {
		w.Errorf("the upload cannot be read: %v", err)
		return ""
	}
	defer func() { _ = upload.Close() }()
	if f, ok := upload.(*os.File); ok {
		return f.Name()
	}
	w.Error("the upload is not in a file")
	return ""
}

// pageHeader marks the answers of pages, as opposed to those of the library.
const pageHeader = "X-Page"

// A page is what Show shows.
type page struct {
	Path, Query string
	User        *core.User
}

// ShowToken answers /token, and keeps the token from the page.
func (w *World) ShowToken(rw http.ResponseWriter, _ *http.Request, token string, err error) {
	w.mu.Lock()
	w.tokens = append(w.tokens, TokenShown{token, err})
	w.mu.Unlock()
	rw.Header().Set(pageHeader, "1")
	fmt.Fprintf(rw, "token: %v", token != "")
}

// showEvents sends three events of a stream, each as it comes.
func showEvents(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set(pageHeader, "1")
	rw.Header().Set("Content-Type", "text/event-stream")
	for i := range 3 {
		if i > 0 {
			select {
			case <-time.After(time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		fmt.Fprintf(rw, "data: %d\n\n", i)
		rw.(http.Flusher).Flush()
	}
}

// showSocket takes over the connection and echoes one line.
func showSocket(rw http.ResponseWriter) {
	conn, buffered, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		http.Error(rw, "not hijacked", http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		pageHeader + ": 1\r\n\r\n")
	_ = buffered.Flush()
	line, err := buffered.ReadString('\n')
	if err == nil {
		_, _ = buffered.WriteString("echo " + line)
		_ = buffered.Flush()
	}
}

// Shown returns the requests that reached a page since the last call.
func (w *World) Shown() []Shown {
	w.mu.Lock()
	defer w.mu.Unlock()
	shown := w.shown
	w.shown = nil
	return shown
}

// Tokens returns what AccessToken gave since the last call.
func (w *World) Tokens() []TokenShown {
	w.mu.Lock()
	defer w.mu.Unlock()
	tokens := w.tokens
	w.tokens = nil
	for _, t := range tokens {
		w.secrets.add("an access token", t.Token)
	}
	return tokens
}

// token asks for what AccessToken gives to a browser's user.
func (w *World) token(b *webtest.Browser) TokenShown {
	fetch(b, "/token")
	return w.Tokens()[0]
}

// Events returns what the Observer was told since the last call, calls to WeChat left out.
func (w *World) Events() []core.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return slices.DeleteFunc(events, func(e core.Event) bool { return e.Name == core.EventUpstreamCall })
}

// APICalls counts all calls to WeChat's API so far.
func (w *World) APICalls() int {
	n := 0
	for _, c := range w.Sim.Log() {
		if strings.HasPrefix(c.Path, "/sns/") || strings.HasPrefix(c.Path, "/cgi-bin/") {
			n++
		}
	}
	return n
}

// OnError is an OnError of an app: it keeps the failure and writes its kind.
func (w *World) OnError(rw http.ResponseWriter, _ *http.Request, err error) {
	var f *oauth.Failure
	if !errors.As(err, &f) {
		w.Errorf("OnError was given a %T", err)
		return
	}
	w.mu.Lock()
	w.fails = append(w.fails, f)
	w.mu.Unlock()
	rw.Header().Set(pageHeader, "1")
	rw.WriteHeader(f.Status)
	fmt.Fprintf(rw, "app's own page: %s", f.Kind)
}

// Failures returns what OnError was given since the last call.
func (w *World) Failures() []*oauth.Failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	fails := w.fails
	w.fails = nil
	return fails
}

type observer struct{ w *World }

func (o observer) Observe(_ context.Context, e core.Event) {
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	o.w.events = append(o.w.events, e)
}

// outcomesShared reports whether the store keeps the outcomes of logins for all replicas.
func (w *World) outcomesShared() bool {
	if w.openStore == nil {
		return false
	}
	_, ok := w.openStore(w.Config.Keys).(sessionstore.Outcomes)
	return ok
}

// newCookieStore is the embedded default, for tests that wrap it.
func newCookieStore(w *World, keys [][]byte) sessions.Store {
	store, err := sessionstore.NewCookie(keys...)
	w.NoError(err)
	return store
}
