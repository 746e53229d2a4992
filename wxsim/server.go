package wxsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Config says what kind of WeChat to be. The zero value is complete: apps, secrets and one
// user are made up.
type Config struct {
	AppID, Secret               string // official account
	WebsiteAppID, WebsiteSecret string // website app, for QR login
	MiniAppID, MiniSecret       string // mini program

	Users []User // default: one user with a Chinese nickname and an avatar

	// RedirectDomains are the host names that redirect_uri may have, with or without a port.
	// Empty: any.
	RedirectDomains []string

	// AutoAllow answers the authorize page and QR login at once, as if the person had tapped
	// "allow". The person is the one of the cookie wxsim_user, else the first user.
	AutoAllow bool

	// Lax takes the parameters of the authorize page in any order, and unknown ones.
	Lax bool

	// RotateRefreshTokens gives a new refresh_token at each refresh and voids the old one.
	RotateRefreshTokens bool

	// Limits are how often an endpoint may be called, by path; empty: any number of times.
	// [DocumentedLimits] are WeChat's own.
	Limits map[string]Limit

	Addr     string       // where Start listens; default "127.0.0.1:0"
	Listener net.Listener // Start serves on it instead of listening on Addr
	CA       []byte       // PEM of the authority behind a Listener that speaks TLS, for GET /wxsim/ca.pem

	Logger *slog.Logger // default: discards. It is told paths and codes, never a query
}

// A Server is a whole WeChat. It serves both hosts, api.weixin.qq.com and open.weixin.qq.com,
// by path. Make it with [New]; it is safe for concurrent use.
type Server struct {
	URL string // "http://127.0.0.1:port", set by Start

	cfg       Config
	log       *slog.Logger
	clock     clock
	calls     calls
	faults    faults
	routes    map[string]endpoint
	own       http.Handler // the pages that WeChat does not have
	templates func() map[string]*template.Template
	apps      [3]*app // by appKind

	mu        sync.Mutex // guards all below, and the fields of apps and people
	http      *http.Server
	everybody []*person          // oldest first
	people    map[string]*person // by each of their openids
	callbacks CallbackMode
	codes     *shelf[*code]
	scans     *shelf[*scan]
	access    *shelf[*grant] // by access_token
	refresh   *shelf[*grant] // by refresh_token
	appTokens *shelf[*appToken]

	encrypted      *shelf[time.Time] // telephone numbers, by the hash of encryptedData
	payments       *shelf[paid]      // by transaction_id, and by mch_id and out_trade_no
	media          *shelf[media]     // by media_id
	activities     *shelf[*activity] // by activity_id
	permanentLinks int

	used map[string]*usage // of Config.Limits, by path
}

// New makes a simulator. It never fails on a zero Config.
func New(cfg Config) *Server {
	s := &Server{
		cfg: cfg,
		log: cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		apps: [3]*app{
			newApp(officialAccount, cfg.AppID, cfg.Secret),
			newApp(websiteApp, cfg.WebsiteAppID, cfg.WebsiteSecret),
			newApp(miniProgram, cfg.MiniAppID, cfg.MiniSecret),
		},
		people:    map[string]*person{},
		codes:     newShelf[*code](2*codeLife, 1<<17),
		scans:     newShelf[*scan](codeLife, 1<<12),
		access:    newShelf[*grant](refreshLife+tokenLife, 1<<17),
		refresh:   newShelf[*grant](2*refreshLife, 1<<17),
		appTokens: newShelf[*appToken](7*24*time.Hour, 1<<14),
		used:      map[string]*usage{},

		encrypted:  newShelf[time.Time](encryptedDataMemory, 1<<14),
		payments:   newShelf[paid](paymentMemory, 1<<14),
		media:      newShelf[media](mediaLife, mediaOnHand),
		activities: newShelf[*activity](2*activityLife, 1<<14),
	}
	s.routes, s.own, s.templates = s.endpoints(), s.ownPages(), sync.OnceValue(parsePages)
	users := cfg.Users
	if len(users) == 0 {
		users = MadeUpUsers(1)
	}
	for _, u := range users {
		s.addUser(u)
	}
	return s
}

func newApp(kind appKind, id, secret string) *app {
	return &app{
		kind: kind, id: cmp.Or(id, "wx"+randomHex(16)), secret: cmp.Or(secret, randomHex(32)),
		tickets: map[string]ticket{},
	}
}

// Start listens on Config.Addr, or serves on Config.Listener, and sets URL. A server starts once.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return errors.New("wxsim: already started")
	}
	ln := s.cfg.Listener
	if ln == nil {
		var lc net.ListenConfig
		var err error
		if ln, err = lc.Listen(context.Background(), "tcp", cmp.Or(s.cfg.Addr, "127.0.0.1:0")); err != nil {
			return fmt.Errorf("wxsim: %w", err)
		}
	}
	s.URL = "http://" + reachable(ln.Addr())
	for _, p := range s.everybody {
		p.HeadImgURL = s.avatarURL(p.User)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	go s.http.Serve(ln) //nolint:errcheck // it ends with Close or Shutdown, and says just that
	return nil
}

// reachable is an address that a browser on this machine can open, also for 0.0.0.0 and [::].
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return addr.String()
}

// Close stops listening and drops all connections. It may be called more than once, and without Start.
func (s *Server) Close() {
	if srv := s.started(); srv != nil {
		_ = srv.Close()
	}
}

// Shutdown stops listening and waits until the requests under way are answered or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if srv := s.started(); srv != nil {
		return srv.Shutdown(ctx)
	}
	return nil
}

func (s *Server) started() *http.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.http
}

// ServeHTTP answers for both of WeChat's hosts, and shows the simulator's own page at "/".
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || r.URL.Path == "/favicon.ico" || strings.HasPrefix(r.URL.Path, "/wxsim/") {
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
	s.log.DebugContext(r.Context(), "call", "method", r.Method, "path", r.URL.Path, "status", a.status, "code", a.code)
	a.write(w, r)
}

// answer is what WeChat says when nothing is made to fail.
func (s *Server) answer(r *request) answer {
	r.now = s.clock.now() // a fault may have held it up
	e, ok := s.routes[r.URL.Path]
	if !ok {
		return r.refuse(40066)
	}
	return s.serve(e, r)
}
