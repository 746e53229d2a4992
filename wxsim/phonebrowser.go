package wxsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// phoneAgent is the User-Agent of WeChat's browser.
const phoneAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 " +
	"(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI " +
	"Language/zh_CN"

// phoneCookie identifies the phone that belongs to a browser.
const phoneCookie = "wxsim_phone"

const (
	maxWindows = 64
	phoneLife  = 30 * 24 * time.Hour
	maxPhones  = 64
)

// A phoneBrowser shows pages of other programs on this machine as WeChat on a phone does: with
// WeChat's User-Agent, and with cookies that the browser itself does not have. Each origin is
// shown in a window, which is a proxy at a port of the simulator. Redirects lead to other windows.
type phoneBrowser struct {
	mu      sync.Mutex
	windows map[string]*window // by origin and web-view
	phones  *shelf[http.CookieJar]
}

// A window shows one origin.
type window struct {
	target  *url.URL
	webView string // appid of the mini program if this is a web-view, or ""
	ln      net.Listener
	server  *http.Server
}

// isOwn reports whether an origin is the simulator's own.
func (s *Server) isOwn(u *url.URL) bool {
	own := hold(&s.holder, func(w *world) *url.URL {
		own, _ := url.Parse(w.url)
		return own
	})
	return own.Host != "" && u.Port() == own.Port() &&
		(u.Hostname() == own.Hostname() || isLoopback(u.Hostname()))
}

// openOnPhone is GET /wxsim/phone?open=URL. It opens the content of any QR code; that of the
// simulator's own codes is shown by their pages.
func (s *Server) openOnPhone(r *http.Request) answer {
	h := r.Header
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" &&
		h.Get("Sec-Fetch-Site") != "same-origin" {
		return plain(http.StatusForbidden, "an image or a script of another site opens no window")
	}
	address := strings.TrimSpace(r.FormValue("open"))
	target := webURL(address)
	if target == nil {
		return s.pages.badForm(r, "这不是 http 或 https 地址", "this is not an http or https address")
	}
	if id, ok := strings.CutPrefix(address, "http://weixin.qq.com"+qrPath); ok {
		return redirect(qrPath + url.PathEscape(id))
	}
	if target.Host == r.Host && (strings.HasPrefix(target.Path, "/wxsim/") ||
		strings.HasPrefix(target.Path, qrPath)) {
		return redirect(target.RequestURI())
	}
	if !s.mayShow(r, target) {
		return s.pages.badForm(r,
			"手机只打开本机的程序，和 -domains 或配置文件里 redirect_domains 列出的域名",
			"the phone opens programs on this machine, and the domains that -domains or "+
				"redirect_domains in the file lists")
	}
	shown, err := s.show(r, target, r.FormValue("webview"))
	if err != nil {
		return plain(http.StatusServiceUnavailable, err.Error())
	}
	a := redirect(shown)
	if _, err := r.Cookie(phoneCookie); err != nil {
		a.header.Set("Set-Cookie", monthCookie(phoneCookie, randomText(22, alphanumeric)))
	}
	return a
}

// mayShow reports whether the phone may show the target: without this check it would be an open
// proxy. The target may be on a configured domain, the simulator itself or, for a visitor at this
// machine, another program on this machine. For a visitor from another machine, a domain must be
// configured with its port, because its name may point to this machine, and must not have been
// added by the control API, which anybody may use.
func (s *Server) mayShow(r *http.Request, target *url.URL) bool {
	host := target.Hostname()
	visitor, _, _ := net.SplitHostPort(r.RemoteAddr)
	sitsHere := isHere(r, visitor)
	domains := hold(&s.holder, func(w *world) []string {
		all := slices.Clone(w.cfg.RedirectDomains)
		for _, a := range w.cfg.Apps {
			all = append(all, a.RedirectDomains...)
		}
		for _, a := range w.apps {
			if sitsHere {
				all = append(all, a.RedirectDomains...)
			}
		}
		return all
	})
	switch {
	case !isHere(r, (&url.URL{Host: r.Host}).Hostname()):
		return false // the name of a web site that points to this machine
	case slices.Contains(domains, target.Host) || s.isOwn(target):
		return true
	default:
		return sitsHere && (isHere(r, host) || slices.Contains(domains, host))
	}
}

// isHere reports whether a host is this machine: a loopback address or name, or the address that
// the visitor has connected to.
func isHere(r *http.Request, host string) bool {
	ip, here := net.ParseIP(host), localIP(r)
	return isLoopback(host) || ip != nil && ip.Equal(here)
}

func isLoopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		net.ParseIP(host).IsLoopback()
}

// localIP returns the address that the visitor has connected to.
func localIP(r *http.Request) net.IP {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return addr.IP
	}
	return nil
}

// show opens a window for the origin of the target and returns the address of the target in it.
func (s *Server) show(r *http.Request, target *url.URL, webView string) (string, error) {
	origin := &url.URL{Scheme: target.Scheme, Host: target.Host}
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	name := origin.String() + " " + webView
	open := s.phone.windows[name]
	if open == nil {
		if len(s.phone.windows) >= maxWindows {
			return "", errors.New("the phone has too many windows open; restart the simulator")
		}
		host := "127.0.0.1"
		if ip := localIP(r); ip != nil {
			host = ip.String()
		}
		ln, err := new(net.ListenConfig).Listen(context.WithoutCancel(r.Context()), "tcp",
			net.JoinHostPort(host, "0"))
		if err != nil {
			return "", fmt.Errorf("the phone cannot open a window: %w", err)
		}
		open = &window{target: origin, webView: webView, ln: ln}
		open.server = &http.Server{
			Handler: s.phone.handler(s, open), ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: s.errorLog(),
		}
		s.phone.windows[name] = open
		go open.server.Serve(ln) //nolint:errcheck // the error says only that the server was closed
	}
	shown := open.address(r) + target.RequestURI()
	if target.Fragment != "" {
		shown += "#" + target.EscapedFragment()
	}
	return shown, nil
}

// address returns the origin of the window, with the host that the visitor uses for this machine.
func (o *window) address(r *http.Request) string {
	_, port, _ := net.SplitHostPort(o.ln.Addr().String())
	return "http://" + net.JoinHostPort((&url.URL{Host: r.Host}).Hostname(), port)
}

// handler returns the proxy of a window.
func (b *phoneBrowser) handler(s *Server, o *window) http.Handler {
	agent := phoneAgent
	if o.webView != "" {
		agent += " miniProgram/" + o.webView
	}
	proxy := &httputil.ReverseProxy{
		Transport:     &http.Transport{ResponseHeaderTimeout: time.Minute},
		ErrorLog:      s.errorLog(),
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(o.target)
			p.Out.Host = o.target.Host
			p.Out.Header.Set("User-Agent", agent)
			for _, name := range []string{"Origin", "Referer"} {
				if own, ok := strings.CutPrefix(p.Out.Header.Get(name), o.address(p.In)); ok {
					p.Out.Header.Set(name, o.target.String()+own)
				}
			}
			if s.isOwn(o.target) {
				return // the simulator needs the browser's cookie of the current user
			}
			p.Out.Header.Del("Cookie")
			for _, c := range b.jar(s, p.In).Cookies(o.jarURL(p.In)) {
				p.Out.AddCookie(c)
			}
		},
		ModifyResponse: func(resp *http.Response) error {
			in, ok := resp.Request.Context().Value(windowRequest{}).(*http.Request)
			if !ok {
				return errors.New("no request")
			}
			if !s.isOwn(o.target) {
				b.jar(s, in).SetCookies(o.jarURL(in), resp.Cookies())
				resp.Header.Del("Set-Cookie")
			}
			to, err := resp.Location()
			if err != nil || !s.mayShow(in, to) {
				return nil //nolint:nilerr // the redirect is not changed
			}
			shown, err := s.show(in, to, o.webView)
			if err == nil {
				resp.Header.Set("Location", shown)
			}
			return err
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.mayShow(r, o.target) {
			http.Error(w, "misdirected request", http.StatusMisdirectedRequest)
			return
		}
		// The program may answer before all of a form has been read. Without this, net/http would
		// then close the form, and the proxy would break the answer off.
		_ = http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), windowRequest{}, r)))
	})
}

// windowRequest is the context key of the browser's request.
type windowRequest struct{}

// jarURL returns the URL for the cookie jar. It is https, so that the jar gives Secure cookies to
// a plain http origin as well, as browsers do on loopback.
func (o *window) jarURL(in *http.Request) *url.URL {
	return &url.URL{Scheme: "https", Host: o.target.Host, Path: in.URL.Path}
}

// jar returns the cookies of the visitor's phone.
func (b *phoneBrowser) jar(s *Server, r *http.Request) http.CookieJar {
	var name string
	if c, err := r.Cookie(phoneCookie); err == nil {
		name = c.Value
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	jar, ok := b.phones.get(name, s.clock.now())
	if !ok {
		jar, _ = cookiejar.New(nil) // never fails without a list of domains
		b.phones.put(name, jar, s.clock.now())
	}
	return jar
}

// forget empties the phones.
func (b *phoneBrowser) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.phones = newShelf[http.CookieJar](phoneLife, maxPhones)
}

// close ends all windows.
func (b *phoneBrowser) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.windows {
		_ = o.server.Close()
	}
	clear(b.windows)
}
