package wxsim

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"sync"
)

//go:embed pages
var pageFiles embed.FS

// ownPages are the pages that the real WeChat does not have. Only POST changes anything, and
// only from a page of the same origin, with the exception of js_code and its like: they stand
// in for calls that a mini program makes on the phone.
func (s *Server) ownPages(cfg Config) http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, respond func(*http.Request) answer) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
			respond(r).write(w, r)
		})
	}
	show := func(pattern string, respond func(*world, *http.Request) answer) {
		open(pattern, func(r *http.Request) answer {
			if err := r.ParseForm(); err != nil { // it may take long, so before the world is held
				return plain(http.StatusBadRequest, "bad form")
			}
			return hold(&s.holder, func(w *world) answer { return respond(w, r) })
		})
	}
	show("GET /{$}", homePage)
	show("GET "+avatarPath+"{openid}/{size}", avatar)
	show("POST /wxsim/consent", decide)
	show("GET /wxsim/scan", phonePage)
	show("GET /wxsim/live", liveParts)
	show("GET /wxsim/landing", landing)
	open("POST /wxsim/users", s.changeUsers)
	show("POST /wxsim/switches", turnSwitch)
	show("POST /wxsim/advance", moveClock)
	show("POST /wxsim/fail", switchOn)
	show("POST /wxsim/clear", switchOff)
	show("POST /wxsim/reset", forget)
	show("GET /wxsim/ca.pem", authority)
	show("GET /wxsim/desktop", desktopAgain)
	show("GET /wxsim/desktop/state", desktopState)
	open("GET /favicon.ico", icon)
	open("GET /wxsim/page.js", script)
	open("POST /wxsim/push", s.sendPush)
	show("GET "+qrPath+"{id}", scannedPage)
	show("GET "+miniPath, miniPage)
	open("POST /wxsim/scanned", s.scanned)
	open("GET /wxsim/phone", s.openOnPhone)
	open("GET /wxsim/js_code", s.giveCode(s.NewJSCode))
	open("GET /wxsim/phone_code", s.giveCode(s.NewPhoneCode))
	open("GET /wxsim/plugin_code", s.giveCode(s.NewPluginCode))
	open("GET /wxsim/user_data", s.giveData(s.UserData))
	open("GET /wxsim/phone_data", s.giveData(s.PhoneData))
	for _, route := range apiRoutes() {
		mux.HandleFunc(route.method+" "+apiPath+route.path, s.api(route))
	}
	mux.HandleFunc(apiPath, s.api(apiRoute{run: func(_ *Server, r *http.Request) (any, error) {
		what := r.Method + " " + r.URL.Path
		return nil, &apiError{http.StatusNotFound, "没有 " + what + "，见 " + apiPath + "openapi.json", "there is no " + what + "; see " + apiPath + "openapi.json"}
	}}))
	sameOrigin := http.NewCrossOriginProtection()
	for _, trusted := range cfg.CORSOrigins {
		_ = sameOrigin.AddTrustedOrigin(trusted) // Check has seen that it is an origin
	}
	return knownHosts(cfg, allowOrigins(cfg.CORSOrigins, sameOrigin.Handler(mux)))
}

// authority is GET /wxsim/ca.pem, what clients are to trust.
func authority(w *world, _ *http.Request) answer {
	if len(w.cfg.CA) == 0 {
		return plain(http.StatusNotFound, "this simulator speaks no TLS")
	}
	return answer{status: http.StatusOK, body: w.cfg.CA, header: http.Header{"Content-Type": {"application/x-pem-file"}}}
}

// A page is what every template knows.
type page struct{ Lang string }

// T chooses between the two languages of the pages.
func (p page) T(chinese, english string) string {
	if p.Lang == "en" {
		return english
	}
	return chinese
}

// newPage is in Chinese unless the browser's first language is another one, or lang=en in the
// query.
func newPage(r *http.Request) page {
	if r.URL.Query().Get("lang") == "en" {
		return page{Lang: "en"}
	}
	if first := strings.ToLower(r.Header.Get("Accept-Language")); first != "" && !strings.HasPrefix(first, "zh") {
		return page{Lang: "en"}
	}
	return page{Lang: "zh-CN"}
}

// pages are the templates, parsed when the first page is shown.
type pages func() map[string]*template.Template

// newPages panics later, and only on a template that cannot be parsed, which every test would see.
func newPages() pages {
	return sync.OnceValue(func() map[string]*template.Template {
		parsed := map[string]*template.Template{}
		for _, name := range []string{"error", "consent", "desktop", "done", "twice", "home", "landing", "pushed", "scanned"} {
			parsed[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/style.html", "pages/live.html", "pages/"+name+".html"))
		}
		return parsed
	})
}

// render fills one of the pages.
func (p pages) render(name string, data any) answer { return p.renderPart(name, "layout", data) }

// renderPart fills a template of a page.
func (p pages) renderPart(name, part string, data any) answer {
	var body bytes.Buffer
	if err := p()[name].ExecuteTemplate(&body, part, data); err != nil {
		return plain(http.StatusInternalServerError, "template "+name)
	}
	return answer{status: http.StatusOK, body: body.Bytes(), header: http.Header{
		"Content-Type":  {"text/html; charset=utf-8"},
		"Cache-Control": {"no-store"},
		// Not no-referrer: a form would come with "Origin: null", and be refused where the browser
		// sends no Sec-Fetch-Site, which is any plain http from another machine.
		"Referrer-Policy":        {"same-origin"},
		"X-Content-Type-Options": {"nosniff"},
		// A frame is what a double callback happens in.
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: http: https:; script-src 'self'; connect-src 'self'; frame-src http: https:; base-uri 'none'"},
	}}
}

func plain(status int, text string) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(text)}
}

// script is the little JavaScript that the pages can do without.
func script(*http.Request) answer {
	js, err := pageFiles.ReadFile("pages/page.js")
	if err != nil {
		return plain(http.StatusInternalServerError, "page.js")
	}
	return answer{status: http.StatusOK, body: js, header: http.Header{"Content-Type": {"text/javascript; charset=utf-8"}}}
}

// icon is asked for by browsers that show a plain answer of WeChat.
func icon(*http.Request) answer {
	return answer{status: http.StatusNoContent, header: http.Header{"Cache-Control": {"max-age=86400"}}}
}

// errorData is a page with WeChat's number and, unlike WeChat's, the reason.
type errorData struct {
	page

	Reason string
	Number int
}

// A pageError is a number that WeChat shows on a page instead of sending the browser back, and
// what the developer should look at: the real WeChat is less talkative.
type pageError struct {
	code             int
	chinese, english string
}

// badLink is the page without a number that WeChat shows when a URL does not match its pattern.
func badLink(chinese, english string) *pageError { return &pageError{0, chinese, english} }

func (p pages) errorPage(r *http.Request, e *pageError) answer {
	page := newPage(r)
	a := p.render("error", errorData{page, page.T(e.chinese, e.english), e.code})
	a.code = e.code
	return a
}

// badForm refuses what a person filled in.
func (p pages) badForm(r *http.Request, chinese, english string) answer {
	a := p.errorPage(r, badLink(chinese, english))
	a.status = http.StatusBadRequest
	return a
}
