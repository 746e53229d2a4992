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

// A page is what every template knows.
type page struct{ Lang string }

// T chooses between the two languages of the pages.
func (p page) T(chinese, english string) string {
	if p.Lang == "en" {
		return english
	}
	return chinese
}

// newPage is in Chinese unless the browser's first language is another one.
func newPage(r *http.Request) page {
	if first := strings.ToLower(r.Header.Get("Accept-Language")); first != "" && !strings.HasPrefix(first, "zh") {
		return page{Lang: "en"}
	}
	return page{Lang: "zh-CN"}
}

// render fills one of the templates.
func (s *Server) render(name string, data any) answer {
	var body bytes.Buffer
	if err := s.templates[name].ExecuteTemplate(&body, "layout", data); err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte("template: " + name)}
	}
	return answer{status: http.StatusOK, body: body.Bytes(), header: http.Header{
		"Content-Type":           {"text/html; charset=utf-8"},
		"Cache-Control":          {"no-store"},
		"Referrer-Policy":        {"no-referrer"},
		"X-Content-Type-Options": {"nosniff"},
	}}
}

// parsePages panics only on a template that cannot be built, which a test would see.
func parsePages() map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range []string{"error"} {
		pages[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/style.html", "pages/"+name+".html"))
	}
	return pages
}

type errorData struct {
	page

	Headline, Reason string
	Number           int
}

// errorPage shows WeChat's number and, unlike WeChat, the reason.
func (s *Server) errorPage(r *request, e *pageError) answer {
	p := newPage(r.Request)
	a := s.render("error", errorData{page: p, Headline: p.T("该链接无法访问", "This link cannot be opened"), Number: e.code, Reason: e.reason})
	a.code = e.code
	return a
}

func (s *Server) serveOwnPages(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func (s *Server) consentPage(r *request, _ *login, _ *person) answer {
	return s.errorPage(r, badLink("set AutoAllow"))
}

func (s *Server) desktopPage(r *request, _ *login) answer {
	return s.errorPage(r, badLink("set AutoAllow"))
}
