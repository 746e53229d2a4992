package bench

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/boj/redistore"
	ginsessions "github.com/gin-contrib/sessions"
	gincookie "github.com/gin-contrib/sessions/cookie"
	ginredis "github.com/gin-contrib/sessions/redis"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/sessions"
	"github.com/markbates/goth/gothic"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	chiwx "github.com/wxoauth/wxoauth/adapters/chi"
	ginwx "github.com/wxoauth/wxoauth/adapters/gin"
	httpwx "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// A contestant serves requests of signed-in users, each with the user at hand.
type contestant struct {
	name    string
	handler http.Handler
	logIn   func(w http.ResponseWriter, r *http.Request, u user) // sets the session's cookie
	bare    http.Handler                                         // the same page on the same framework, without sessions
}

var (
	hashKey  = []byte(strings.Repeat("h", 32))
	blockKey = []byte(strings.Repeat("b", 32))
)

type ctxKey struct{}

func withUser(r *http.Request, u user) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), ctxKey{}, &u))
}

// page is the handler behind every contestant. It fails loudly when it is reached by nobody.
func page(found func(r *http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !found(r) {
			panic("nobody is signed in")
		}
		_, _ = w.Write([]byte("ok"))
	}
}

func fromContext(r *http.Request) bool {
	u, ok := r.Context().Value(ctxKey{}).(*user)
	return ok && u.OpenID != ""
}

func ours(r *http.Request) bool {
	u, ok := core.UserFrom(r.Context())
	return ok && u.OpenID != ""
}

// The bare page on each framework.

func bareHTTP() http.Handler { return page(func(*http.Request) bool { return true }) }

func bareChi() http.Handler {
	r := chi.NewRouter()
	r.Get("/me", page(func(*http.Request) bool { return true }))
	return r
}

func bareGin() http.Handler {
	engine := quietGin()
	engine.GET("/me", func(c *gin.Context) { _, _ = c.Writer.WriteString("ok") })
	return engine
}

// gorilla is any gorilla store, used as its README shows.
func gorilla(name string, store sessions.Store) contestant {
	next := page(fromContext)
	return contestant{
		name,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := store.Get(r, "session")
			u, ok := s.Values["user"].(user)
			if err != nil || !ok {
				panic("nobody is signed in")
			}
			next.ServeHTTP(w, withUser(r, u))
		}),
		func(w http.ResponseWriter, r *http.Request, u user) {
			s, _ := store.New(r, "session")
			s.Values["user"] = u
			must(s.Save(r, w))
		},
		bareHTTP(),
	}
}

func gothContestant() contestant {
	gothic.Store = sessions.NewCookieStore(hashKey, blockKey)
	next := page(fromContext)
	return contestant{
		"goth gothic",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, err := gothic.GetFromSession("wechat", r)
			must(err)
			var u user
			must(json.Unmarshal([]byte(text), &u))
			next.ServeHTTP(w, withUser(r, u))
		}),
		func(w http.ResponseWriter, r *http.Request, u user) {
			text, err := json.Marshal(u)
			must(err)
			must(gothic.StoreInSession("wechat", string(text), r, w))
		},
		bareHTTP(),
	}
}

func ginSessions(name string, store ginsessions.Store) contestant {
	engine := quietGin()
	engine.Use(ginsessions.Sessions("session", store))
	engine.GET("/login", func(c *gin.Context) {
		s := ginsessions.Default(c)
		s.Set("user", *c.Request.Context().Value(ctxKey{}).(*user))
		must(s.Save())
	})
	next := page(fromContext)
	engine.GET("/me", func(c *gin.Context) {
		u, ok := ginsessions.Default(c).Get("user").(user)
		if !ok {
			panic("nobody is signed in")
		}
		next(c.Writer, withUser(c.Request, u))
	})
	return contestant{name, engine, func(w http.ResponseWriter, _ *http.Request, u user) {
		engine.ServeHTTP(w, withUser(httptest.NewRequest(http.MethodGet, "/login", nil), u))
	}, bareGin()}
}

func scsContestant(name string, store scs.Store) contestant {
	m := scs.New()
	if store != nil {
		m.Store = store
	}
	next := page(fromContext)
	return contestant{
		name,
		m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, ok := m.Get(r.Context(), "user").(user)
			if !ok {
				panic("nobody is signed in")
			}
			next.ServeHTTP(w, withUser(r, u))
		})),
		func(w http.ResponseWriter, r *http.Request, u user) {
			m.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				m.Put(r.Context(), "user", u)
			})).ServeHTTP(w, r)
		},
		bareHTTP(),
	}
}

func quietGin() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	return gin.New()
}

func config(change func(*oauth.Config)) oauth.Config {
	cfg := oauth.Config{
		AppID: "wx0123456789abcdef", Secret: "secret", PublicURL: "https://shop.example.com", Keys: [][]byte{hashKey}, AskAtOnce: true,
		HTTPClient: &http.Client{Transport: &wechat{}},
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func onHTTP(name string, change func(*oauth.Config)) contestant {
	auth, err := httpwx.New(config(change))
	must(err)
	h := auth.Middleware()(page(ours))
	return contestant{name, h, logInWith(h), bareHTTP()}
}

func onChi(change func(*oauth.Config)) contestant {
	r := chi.NewRouter()
	r.Use(chiwx.Middleware(config(change)))
	r.Get("/me", page(ours))
	return contestant{"wxoauth chi", r, logInWith(r), bareChi()}
}

func onGin(change func(*oauth.Config)) contestant {
	engine := quietGin()
	engine.Use(ginwx.Middleware(config(change)))
	engine.GET("/me", func(c *gin.Context) {
		if u, ok := ginwx.User(c); !ok || u.OpenID == "" {
			panic("nobody is signed in")
		}
		_, _ = c.Writer.WriteString("ok")
	})
	return contestant{"wxoauth gin", engine, logInWith(engine), bareGin()}
}

func noMemo(cfg *oauth.Config) { cfg.MemoSize = -1 }

func inRedis(client rueidis.Client, noTracking bool) func(*oauth.Config) {
	return func(cfg *oauth.Config) {
		store, err := redisstore.New(client, redisstore.Config{Keys: cfg.Keys, NoTracking: noTracking})
		must(err)
		cfg.Store = store
	}
}

func redistoreContestant(addr string) contestant {
	store, err := redistore.NewRediStore(10, "tcp", addr, "", "", hashKey, blockKey)
	must(err)
	return gorilla("boj/redistore", store)
}

func ginRedis(addr string) contestant {
	store, err := ginredis.NewStore(10, "tcp", addr, "", "", hashKey, blockKey)
	must(err)
	return ginSessions("gin-contrib/sessions redis", store)
}

func ginCookie() contestant {
	return ginSessions("gin-contrib/sessions cookie", gincookie.NewStore(hashKey, blockKey))
}

func scsRedis(addr string) contestant {
	return scsContestant("scs goredisstore", goredisstore.New(goredis.NewClient(&goredis.Options{Addr: addr})))
}

// rueidisGet is one GET of the user's session and nothing else: the floor of a Redis miss.
func rueidisGet(name string, client rueidis.Client, cached bool) contestant {
	next := bareHTTP()
	return contestant{
		name,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, key, _ := strings.Cut(r.Header.Get("Cookie"), "floor=")
			get := client.B().Get().Key(key)
			var result rueidis.RedisResult
			if cached {
				result = client.DoCache(r.Context(), get.Cache(), time.Minute)
			} else {
				result = client.Do(r.Context(), get.Build())
			}
			_, err := result.ToString()
			must(err)
			next.ServeHTTP(w, r)
		}),
		func(w http.ResponseWriter, r *http.Request, u user) {
			text, err := json.Marshal(u)
			must(err)
			must(client.Do(r.Context(), client.B().Set().Key("floor:"+u.OpenID).Value(rueidis.BinaryString(text)).Build()).Error())
			http.SetCookie(w, &http.Cookie{Name: "floor", Value: "floor:" + u.OpenID})
		},
		next,
	}
}

// logInWith walks through a whole login of ours.
func logInWith(h http.Handler) func(http.ResponseWriter, *http.Request, user) {
	return func(w http.ResponseWriter, _ *http.Request, u user) {
		start := record(h, navigate("/me"))
		_, location, _ := strings.Cut(start.Header().Get("Location"), "&state=")
		state, _, _ := strings.Cut(location, "&")
		back := navigate("/me?code=" + u.OpenID[len(u.OpenID)-6:] + "&state=" + state)
		back.Header.Set("Cookie", cookies(start))
		done := record(h, back)
		for _, c := range done.Result().Cookies() {
			if c.MaxAge > 0 {
				http.SetCookie(w, c)
			}
		}
	}
}

func navigate(uri string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, uri, nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN")
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	return r
}

func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func cookies(w *httptest.ResponseRecorder) string {
	var pairs []string
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

// requests signs n users in and returns a page view of each, with a second cookie.
func (c contestant) requests(tb testing.TB, n int) []*http.Request {
	tb.Helper()
	all := make([]*http.Request, n)
	for i := range all {
		w := httptest.NewRecorder()
		c.logIn(w, httptest.NewRequest(http.MethodGet, "/me", nil), userN(i))
		all[i] = navigate("/me")
		all[i].Header.Set("Cookie", strings.TrimSuffix("theme=dark; "+cookies(w), "; "))
	}
	return all
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
