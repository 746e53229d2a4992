package wxsim

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

// ownPages are the pages that the real WeChat does not have. Only POST changes anything, and
// only from a page of the same origin, with the exception of js_code and its like: they stand
// in for calls that a mini program makes on the phone.
func (s *Server) ownPages() http.Handler {
	mux := http.NewServeMux()
	show := func(pattern string, respond func(*http.Request) answer) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
			respond(r).write(w, r)
		})
	}
	show("GET /{$}", s.homePage)
	show("GET /favicon.ico", s.icon)
	show("GET /wxsim/page.js", s.script)
	show("GET /wxsim/ca.pem", s.authority)
	show("GET "+avatarPath+"{openid}/{size}", s.avatar)
	show("POST /wxsim/consent", s.decide)
	show("GET /wxsim/scan", s.phonePage)
	show("GET /wxsim/live", s.liveParts)
	show("GET /wxsim/landing", s.landing)
	show("POST /wxsim/users", s.changeUsers)
	show("POST /wxsim/advance", s.moveClock)
	show("POST /wxsim/fail", s.switchOn)
	show("POST /wxsim/clear", s.switchOff)
	show("POST /wxsim/reset", s.forget)
	show("POST /wxsim/push", s.sendPush)
	show("GET /wxsim/js_code", s.giveCode(s.NewJSCode))
	show("GET /wxsim/phone_code", s.giveCode(s.NewPhoneCode))
	show("GET /wxsim/plugin_code", s.giveCode(s.NewPluginCode))
	show("GET /wxsim/user_data", s.giveData(s.UserData))
	show("GET /wxsim/phone_data", s.giveData(s.PhoneData))
	show("GET /wxsim/desktop", s.desktopAgain)
	show("GET /wxsim/desktop/state", s.desktopState)
	return http.NewCrossOriginProtection().Handler(mux)
}

// authority is GET /wxsim/ca.pem, what clients are to trust.
func (s *Server) authority(*http.Request) answer {
	if len(s.cfg.CA) == 0 {
		return plain(http.StatusNotFound, "this simulator speaks no TLS")
	}
	return answer{
		status: http.StatusOK, body: s.cfg.CA,
		header: http.Header{"Content-Type": {"application/x-pem-file"}},
	}
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

// newPage is in Chinese unless the browser's first language is another one, or lang=en in the query.
func newPage(r *http.Request) page {
	if r.URL.Query().Get("lang") == "en" {
		return page{Lang: "en"}
	}
	if first := strings.ToLower(r.Header.Get("Accept-Language")); first != "" && !strings.HasPrefix(first, "zh") {
		return page{Lang: "en"}
	}
	return page{Lang: "zh-CN"}
}

// parsePages panics only on a template that cannot be parsed, which every test would see.
func parsePages() map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range []string{"error", "consent", "desktop", "done", "twice", "home", "landing", "pushed"} {
		pages[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/style.html", "pages/live.html", "pages/"+name+".html"))
	}
	return pages
}

// render fills one of the pages.
func (s *Server) render(name string, data any) answer { return s.renderPart(name, "layout", data) }

// renderPart fills a template of a page.
func (s *Server) renderPart(name, part string, data any) answer {
	var body bytes.Buffer
	if err := s.templates()[name].ExecuteTemplate(&body, part, data); err != nil {
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
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; script-src 'self'; connect-src 'self'; frame-src http: https:; base-uri 'none'"},
	}}
}

func plain(status int, text string) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(text)}
}

// script is the little JavaScript that the pages can do without.
func (s *Server) script(*http.Request) answer {
	js, err := pageFiles.ReadFile("pages/page.js")
	if err != nil {
		return plain(http.StatusInternalServerError, "page.js")
	}
	return answer{status: http.StatusOK, body: js, header: http.Header{"Content-Type": {"text/javascript; charset=utf-8"}}}
}

// icon is asked for by browsers that show a plain answer of WeChat.
func (s *Server) icon(*http.Request) answer {
	return answer{status: http.StatusNoContent, header: http.Header{"Cache-Control": {"max-age=86400"}}}
}

// errorData is a page with WeChat's number and, unlike WeChat's, the reason.
type errorData struct {
	page

	Reason string
	Number int
}

func (s *Server) errorPage(r *http.Request, e *pageError) answer {
	a := s.render("error", errorData{newPage(r), e.reason, e.code})
	a.code = e.code
	return a
}

// badForm refuses what a person filled in.
func (s *Server) badForm(r *http.Request, reason string) answer {
	a := s.errorPage(r, badLink(reason))
	a.status = http.StatusBadRequest
	return a
}
