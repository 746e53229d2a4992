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

// ownPages returns the handler of the pages that WeChat does not have. Changes are made by POST,
// from a page of the same origin. js_code and the like, which stand for calls that a mini program
// makes on the phone, are GETs and are checked as if they were POSTs.
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
			// Before the world is held, because reading a body may take long.
			if err := r.ParseForm(); err != nil {
				return plain(http.StatusBadRequest, "bad form")
			}
			return hold(&s.holder, func(w *world) answer { return respond(w, r) })
		})
	}
	sameOrigin := http.NewCrossOriginProtection()
	for _, trusted := range cfg.CORSOrigins {
		_ = sameOrigin.AddTrustedOrigin(trusted) // cannot fail: Check has accepted it
	}
	onPhone := func(path string, respond func(*http.Request) answer) {
		open("GET "+path, func(r *http.Request) answer {
			change := r.Clone(r.Context())
			change.Method = http.MethodPost
			if sameOrigin.Check(change) != nil && !fromMiniProgram(r) {
				return plain(http.StatusForbidden, "the page of another site is no phone")
			}
			return respond(r)
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
	onPhone("/wxsim/js_code", s.giveCode(s.NewJSCode))
	onPhone("/wxsim/phone_code", s.giveCode(s.NewPhoneCode))
	onPhone("/wxsim/plugin_code", s.giveCode(s.NewPluginCode))
	onPhone("/wxsim/user_data", s.giveData(s.UserData))
	onPhone("/wxsim/phone_data", s.giveData(s.PhoneData))
	for _, route := range apiRoutes(s) {
		method, path, _ := strings.Cut(route.pattern, " ")
		mux.HandleFunc(method+" "+apiPath+path, route.serve)
	}
	mux.HandleFunc(apiPath, apiRoute{run: func(r *http.Request) (any, error) {
		what := r.Method + " " + r.URL.Path
		return nil, &apiError{
			http.StatusNotFound, "没有 " + what + "，见 " + apiPath + "openapi.json",
			"there is no " + what + "; see " + apiPath + "openapi.json",
		}
	}}.serve)
	return knownHosts(cfg, allowOrigins(cfg.CORSOrigins, sameOrigin.Handler(mux)))
}

// fromMiniProgram reports whether a request comes from wx.request, in the developer tools or in
// WeChat. They are browsers and name this Referer, which no page can set.
func fromMiniProgram(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Referer"), "https://servicewechat.com/")
}

// authority is GET /wxsim/ca.pem, the certificate that clients must trust.
func authority(w *world, _ *http.Request) answer {
	if len(w.cfg.CA) == 0 {
		return plain(http.StatusNotFound, "this simulator speaks no TLS")
	}
	return content(http.StatusOK, "application/x-pem-file", w.cfg.CA)
}

// A page is the data that all templates get.
type page struct{ Lang string }

// T returns the text in the language of the page.
func (p page) T(chinese, english string) string {
	if p.Lang == "en" {
		return english
	}
	return chinese
}

// newPage returns a page in Chinese, or in English if that is not the browser's first language or
// the query has lang=en.
func newPage(r *http.Request) page {
	if r.URL.Query().Get("lang") == "en" {
		return page{Lang: "en"}
	}
	if first := strings.ToLower(r.Header.Get("Accept-Language")); first != "" &&
		!strings.HasPrefix(first, "zh") {
		return page{Lang: "en"}
	}
	return page{Lang: "zh-CN"}
}

// pages are the templates, parsed when the first page is shown.
type pages func() map[string]*template.Template

// newPages returns the function that parses the templates when it is called first. It panics if
// one cannot be parsed, which the tests would find.
func newPages() pages {
	return sync.OnceValue(func() map[string]*template.Template {
		parsed := map[string]*template.Template{}
		for _, name := range []string{
			"error", "consent", "desktop", "done", "twice", "home", "landing", "pushed", "scanned",
		} {
			parsed[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html",
				"pages/style.html", "pages/live.html", "pages/"+name+".html"))
		}
		return parsed
	})
}

// render returns a page with its data.
func (p pages) render(name string, data any) answer { return p.renderPart(name, "layout", data) }

// renderPart returns a part of a page, by the name of its template.
func (p pages) renderPart(name, part string, data any) answer {
	var body bytes.Buffer
	if err := p()[name].ExecuteTemplate(&body, part, data); err != nil {
		return plain(http.StatusInternalServerError, "template "+name)
	}
	return answer{status: http.StatusOK, body: body.Bytes(), header: http.Header{
		"Content-Type":  {"text/html; charset=utf-8"},
		"Cache-Control": {"no-store"},
		// With no-referrer, forms would have "Origin: null". They would be refused if the browser
		// sends no Sec-Fetch-Site, as over plain http from another machine.
		"Referrer-Policy":        {"same-origin"},
		"X-Content-Type-Options": {"nosniff"},
		// frame-src is for the page that calls back twice.
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; img-src " +
			"'self' data: http: https:; script-src 'self'; connect-src 'self'; frame-src http: " +
			"https:; base-uri 'none'"},
	}}
}

// script is the JavaScript of the pages, which work without it, too.
func script(*http.Request) answer {
	js, err := pageFiles.ReadFile("pages/page.js")
	if err != nil {
		return plain(http.StatusInternalServerError, "page.js")
	}
	return content(http.StatusOK, "text/javascript; charset=utf-8", js)
}

// icon answers browsers that open an API and ask for its icon.
func icon(*http.Request) answer {
	return answer{
		status: http.StatusNoContent, header: http.Header{"Cache-Control": {"max-age=86400"}},
	}
}

// errorData is the error page: it shows WeChat's number and, which WeChat's does not, the reason.
type errorData struct {
	page

	Reason string
	Number int
}

// A pageError is the number that WeChat shows on an error page, and the reason, which WeChat does
// not show.
type pageError struct {
	code             int
	chinese, english string
}

// badLink returns the error without a number that WeChat shows for a URL of the wrong form.
func badLink(chinese, english string) *pageError { return &pageError{0, chinese, english} }

func (p pages) errorPage(r *http.Request, e *pageError) answer {
	page := newPage(r)
	a := p.render("error", errorData{page, page.T(e.chinese, e.english), e.code})
	a.code = e.code
	return a
}

// badForm answers a form with wrong content.
func (p pages) badForm(r *http.Request, chinese, english string) answer {
	a := p.errorPage(r, badLink(chinese, english))
	a.status = http.StatusBadRequest
	return a
}
