package wxsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log" //nolint:depguard // net/http needs one
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Server is a simulated WeChat. It serves both hosts, api.weixin.qq.com and open.weixin.qq.com,
// by path. Make it with [New]; it is safe for concurrent use.
type Server struct {
	URL string // "http://127.0.0.1:port", set by Start

	holder // of everything that changes, except clock, calls and faults

	log    *slog.Logger
	clock  clock
	calls  calls
	faults faults
	routes map[string]endpoint
	pages  pages
	own    http.Handler // the pages that WeChat does not have
	phone  phoneBrowser
}

// New makes a simulator. It panics if [Config.Check] returns an error, which it does not for a
// zero Config.
func New(cfg Config) *Server {
	if err := cfg.Check(); err != nil {
		panic(fmt.Errorf("wxsim: %w", err))
	}
	s := &Server{
		log:    cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		routes: endpoints(),
		pages:  newPages(),
		phone: phoneBrowser{
			windows: map[string]*window{}, phones: newShelf[http.CookieJar](phoneLife, maxPhones),
		},
	}
	w := newWorld(cfg)
	w.clock, w.calls, w.faults, w.pages = &s.clock, &s.calls, &s.faults, s.pages
	w.now = w.clock.now()
	w.paths = slices.Sorted(maps.Keys(s.routes))
	s.world, s.own = w, s.ownPages(cfg)
	w.addApps()
	users := cfg.Users
	if len(users) == 0 {
		users = MadeUpUsers(1)
	}
	for _, u := range users {
		w.addUser(u)
	}
	w.remember()
	return s
}

// Start listens on Config.Addr, or serves on Config.Listener, and sets URL. A server starts once.
func (s *Server) Start() error {
	return hold(&s.holder, func(w *world) error {
		if w.http != nil {
			return errors.New("wxsim: already started")
		}
		ln := w.cfg.Listener
		if ln == nil {
			var lc net.ListenConfig
			var err error
			if ln, err = lc.Listen(context.Background(), "tcp",
				cmp.Or(w.cfg.Addr, "127.0.0.1:0")); err != nil {
				return fmt.Errorf("wxsim: %w", err)
			}
		}
		s.URL = "http://" + reachable(ln.Addr())
		w.url = s.URL
		for _, p := range w.everybody {
			p.HeadImgURL = w.avatarURL(p.User)
		}
		w.http = &http.Server{
			Handler:           s,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          s.errorLog(),
		}
		var ctx context.Context
		ctx, w.stop = context.WithCancel(context.Background())
		w.news = make(chan Event, newsWaiting)
		go s.pushNews(ctx, w.news)
		go w.http.Serve(ln) //nolint:errcheck // the error says only that the server was closed
		return nil
	})
}

func (s *Server) errorLog() *log.Logger {
	return slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
}

// newsWaiting is how many events may wait for their push.
const newsWaiting = 1000

// reachable returns an address that a browser on this machine can open, also for 0.0.0.0 and [::].
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return addr.String()
}

// Close stops listening and drops all connections. It may be called more than once, and without
// Start.
func (s *Server) Close() {
	if srv := s.stop(); srv != nil {
		_ = srv.Close()
	}
}

// Shutdown stops listening and waits until all requests are answered or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if srv := s.stop(); srv != nil {
		return srv.Shutdown(ctx)
	}
	return nil
}

// stop ends everything except the requests that are being served, and returns their server, which
// is nil before Start.
func (s *Server) stop() *http.Server {
	s.phone.close()
	return hold(&s.holder, func(w *world) *http.Server {
		if w.stop != nil {
			w.stop()
		}
		return w.http
	})
}

// ServeHTTP serves both of WeChat's hosts, and the simulator's own page at "/".
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || r.URL.Path == "/favicon.ico" ||
		strings.HasPrefix(r.URL.Path, "/wxsim/") || strings.HasPrefix(r.URL.Path, qrPath) {
		s.own.ServeHTTP(w, r)
		return
	}
	s.serveWeChat(w, r)
}

func (s *Server) serveWeChat(w http.ResponseWriter, r *http.Request) {
	req, err := s.read(w, r)
	if err != nil {
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	s.calls.count(r.URL.Path)
	a := s.faults.wrap(r.URL.Path, s.answer)(req)
	s.calls.record(req, a, s.clock.now())
	s.log.DebugContext(r.Context(), "call",
		"method", r.Method, "path", r.URL.Path, "status", a.status, "code", a.code)
	a.write(w, r)
}

// answer returns the answer of WeChat without faults.
func (s *Server) answer(r *request) answer {
	return hold(&s.holder, func(w *world) answer {
		r.now = w.now // again, because a fault may have delayed the request
		e, ok := s.routes[r.URL.Path]
		if !ok {
			return r.refuse(40066)
		}
		return w.serve(e, r)
	})
}
