package adaptertest

import (
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"

	chiwx "github.com/wxoauth/wxoauth/adapters/chi"
	ginwx "github.com/wxoauth/wxoauth/adapters/gin"
	httpwx "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
)

// A Frame is a web framework with its adapter, as two programs that use it like the documentation
// says. Their pages are shown by a [Site].
type Frame struct {
	Name string

	// OneLine guards everything by engine-level middleware; /me and /p/... exist, for any method.
	// It panics on a bad cfg.
	OneLine func(cfg oauth.Config, site Site) http.Handler

	// Routes guards some routes:
	//
	//	any      /              Optional
	//	any      /me            Middleware
	//	any      /base          Require(ScopeBase)
	//	any      /profile       Require(ScopeUserInfo)
	//	any      /nested        Require(ScopeBase), then Require(ScopeUserInfo)
	//	any      /pay           RequireFresh(FreshFor)
	//	any      /again         Middleware, then RequireFresh(FreshFor)
	//	GET      /seen          Optional, then Middleware
	//	GET      /token         Middleware, then AccessToken
	//	any      /group/...     Middleware on a group
	//	GET      /mount/strip   Middleware behind http.StripPrefix("/mount")
	//	GET      /wechat/login  Login
	//	any      /logout        Logout
	//	any      /signout       SignOut
	Routes func(cfg oauth.Config, site Site) (http.Handler, error)

	// Mounted guards one route, any /me, and calls Mount if it is told to. Nothing else answers there.
	Mounted func(cfg oauth.Config, site Site, mount bool) (http.Handler, error)

	// Mini is a mini program's server:
	//
	//	any  /mini/login   Login
	//	any  /mini/logout  Logout
	//	any  /mini/of/...  Middleware
	Mini func(cfg mpauth.Config, site Site) (http.Handler, error)
}

// FreshFor is how long ago /pay and /again let WeChat's confirmation be.
const FreshFor = 5 * time.Minute

// A Site shows the pages of a test program.
type Site interface {
	// Show answers a request that got through. u is nil if the adapter says that nobody is signed in.
	Show(w http.ResponseWriter, r *http.Request, u *core.User)
	// ShowToken answers /token, and /signout with the error of SignOut.
	ShowToken(w http.ResponseWriter, r *http.Request, token string, err error)
}

// Frames are all of them.
func Frames() []Frame { return []Frame{NetHTTP(), Chi(), Gin()} }

// NetHTTP is plain net/http.
func NetHTTP() Frame {
	page := func(site Site) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, _ := httpwx.User(r)
			site.Show(w, r, u)
		})
	}
	return Frame{
		Name: "net/http",
		OneLine: func(cfg oauth.Config, site Site) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/me", page(site))
			mux.Handle("/p/", page(site))
			return httpwx.Middleware(cfg)(mux)
		},
		Routes: func(cfg oauth.Config, site Site) (http.Handler, error) {
			auth, err := httpwx.New(cfg)
			if err != nil {
				return nil, err
			}
			show, guard := page(site), auth.Middleware()
			mux := http.NewServeMux()
			mux.Handle("/{$}", auth.Optional()(show))
			mux.Handle("/me", guard(show))
			mux.Handle("/base", auth.Require(httpwx.ScopeBase)(show))
			mux.Handle("/profile", auth.Require(httpwx.ScopeUserInfo)(show))
			mux.Handle("/nested", auth.Require(httpwx.ScopeBase)(auth.Require(httpwx.ScopeUserInfo)(show)))
			mux.Handle("/pay", auth.RequireFresh(FreshFor)(show))
			mux.Handle("/again", guard(auth.RequireFresh(FreshFor)(show)))
			mux.Handle("GET /seen", auth.Optional()(guard(show)))
			mux.Handle("GET /token", guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				token, err := auth.AccessToken(w, r)
				site.ShowToken(w, r, token, err)
			})))
			mux.Handle("/group/", guard(show))
			mux.Handle("/mount/", http.StripPrefix("/mount", guard(show)))
			mux.Handle("/wechat/login", auth.Login())
			mux.Handle("/logout", auth.Logout())
			mux.HandleFunc("/signout", func(w http.ResponseWriter, r *http.Request) {
				site.ShowToken(w, r, "", auth.SignOut(w, r)) //nolint:contextcheck // it is the request's
			})
			return mux, nil
		},
		Mounted: func(cfg oauth.Config, site Site, mount bool) (http.Handler, error) {
			auth, err := httpwx.New(cfg)
			if err != nil {
				return nil, err
			}
			mux := http.NewServeMux()
			if mount {
				auth.Mount(mux)
			}
			mux.Handle("/me", auth.Middleware()(page(site)))
			return mux, nil
		},
		Mini: func(cfg mpauth.Config, site Site) (http.Handler, error) {
			mini, err := httpwx.NewMini(cfg)
			if err != nil {
				return nil, err
			}
			mux := http.NewServeMux()
			mux.Handle("/mini/login", mini.Login())
			mux.Handle("/mini/logout", mini.Logout())
			mux.Handle("/mini/of/", mini.Middleware()(page(site)))
			return mux, nil
		},
	}
}

// Chi is chi.
func Chi() Frame {
	page := func(site Site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			u, _ := chiwx.User(r)
			site.Show(w, r, u)
		}
	}
	return Frame{
		Name: "chi",
		OneLine: func(cfg oauth.Config, site Site) http.Handler {
			r := chi.NewRouter()
			r.Use(chiwx.Middleware(cfg))
			r.HandleFunc("/me", page(site))
			r.HandleFunc("/p/*", page(site))
			return r
		},
		Routes: func(cfg oauth.Config, site Site) (http.Handler, error) {
			auth, err := chiwx.New(cfg)
			if err != nil {
				return nil, err
			}
			show := page(site)
			r := chi.NewRouter()
			r.With(auth.Optional()).HandleFunc("/", show)
			r.With(auth.Middleware()).HandleFunc("/me", show)
			r.With(auth.Require(chiwx.ScopeBase)).HandleFunc("/base", show)
			r.With(auth.Require(chiwx.ScopeUserInfo)).HandleFunc("/profile", show)
			r.With(auth.Require(chiwx.ScopeBase), auth.Require(chiwx.ScopeUserInfo)).HandleFunc("/nested", show)
			r.With(auth.RequireFresh(FreshFor)).HandleFunc("/pay", show)
			r.With(auth.Middleware(), auth.RequireFresh(FreshFor)).HandleFunc("/again", show)
			r.With(auth.Optional(), auth.Middleware()).Get("/seen", show)
			r.With(auth.Middleware()).Get("/token", func(w http.ResponseWriter, r *http.Request) {
				token, err := auth.AccessToken(w, r)
				site.ShowToken(w, r, token, err)
			})
			r.Route("/group", func(r chi.Router) {
				r.Use(auth.Middleware())
				r.HandleFunc("/*", show)
			})
			r.Handle("/mount/*", http.StripPrefix("/mount", auth.Middleware()(show)))
			r.Handle("/wechat/login", auth.Login())
			r.Handle("/logout", auth.Logout())
			r.HandleFunc("/signout", func(w http.ResponseWriter, r *http.Request) {
				site.ShowToken(w, r, "", auth.SignOut(w, r)) //nolint:contextcheck // it is the request's
			})
			return r, nil
		},
		Mounted: func(cfg oauth.Config, site Site, mount bool) (http.Handler, error) {
			auth, err := chiwx.New(cfg)
			if err != nil {
				return nil, err
			}
			r := chi.NewRouter()
			if mount {
				auth.Mount(r)
			}
			r.With(auth.Middleware()).HandleFunc("/me", page(site))
			return r, nil
		},
		Mini: func(cfg mpauth.Config, site Site) (http.Handler, error) {
			mini, err := chiwx.NewMini(cfg)
			if err != nil {
				return nil, err
			}
			r := chi.NewRouter()
			r.Handle("/mini/login", mini.Login())
			r.Handle("/mini/logout", mini.Logout())
			r.With(mini.Middleware()).HandleFunc("/mini/of/*", page(site))
			return r, nil
		},
	}
}

// quietGin keeps gin from printing every route. Its older versions do not guard the mode against tests
// that run side by side.
var quietGin = sync.OnceFunc(func() { gin.SetMode(gin.TestMode) })

// Gin is gin.
func Gin() Frame {
	quietGin()
	page := func(site Site) gin.HandlerFunc {
		return func(c *gin.Context) {
			u, _ := ginwx.User(c)
			site.Show(c.Writer, c.Request, u)
		}
	}
	return Frame{
		Name: "gin",
		OneLine: func(cfg oauth.Config, site Site) http.Handler {
			r := gin.New()
			r.Use(ginwx.Middleware(cfg))
			r.Any("/me", page(site))
			r.Any("/p/*path", page(site))
			return r
		},
		Routes: func(cfg oauth.Config, site Site) (http.Handler, error) {
			auth, err := ginwx.New(cfg)
			if err != nil {
				return nil, err
			}
			show := page(site)
			r := gin.New()
			r.Any("/", auth.Optional(), show)
			r.Any("/me", auth.Middleware(), show)
			r.Any("/base", auth.Require(ginwx.ScopeBase), show)
			r.Any("/profile", auth.Require(ginwx.ScopeUserInfo), show)
			r.Any("/nested", auth.Require(ginwx.ScopeBase), auth.Require(ginwx.ScopeUserInfo), show)
			r.Any("/pay", auth.RequireFresh(FreshFor), show)
			r.Any("/again", auth.Middleware(), auth.RequireFresh(FreshFor), show)
			r.GET("/seen", auth.Optional(), auth.Middleware(), show)
			r.GET("/token", auth.Middleware(), func(c *gin.Context) {
				token, err := auth.AccessToken(c)
				site.ShowToken(c.Writer, c.Request, token, err)
			})
			group := r.Group("/group", auth.Middleware())
			group.Any("/*path", show)
			// StripPrefix is net/http's: an engine of its own behind it.
			inner := gin.New()
			inner.GET("/strip", auth.Middleware(), show)
			r.Any("/mount/*path", gin.WrapH(http.StripPrefix("/mount", inner)))
			r.Any("/wechat/login", auth.Login())
			r.Any("/logout", auth.Logout())
			r.Any("/signout", func(c *gin.Context) { site.ShowToken(c.Writer, c.Request, "", auth.SignOut(c)) })
			return r, nil
		},
		Mounted: func(cfg oauth.Config, site Site, mount bool) (http.Handler, error) {
			auth, err := ginwx.New(cfg)
			if err != nil {
				return nil, err
			}
			r := gin.New()
			if mount {
				auth.Mount(r)
			}
			r.Any("/me", auth.Middleware(), page(site))
			return r, nil
		},
		Mini: func(cfg mpauth.Config, site Site) (http.Handler, error) {
			mini, err := ginwx.NewMini(cfg)
			if err != nil {
				return nil, err
			}
			r := gin.New()
			r.Any("/mini/login", mini.Login())
			r.Any("/mini/logout", mini.Logout())
			r.Group("/mini/of", mini.Middleware()).Any("/*path", page(site))
			return r, nil
		},
	}
}
