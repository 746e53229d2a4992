package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"github.com/wxoauth/wxoauth/core"
)

//go:embed pages
var pageFiles embed.FS

//nolint:gochecknoglobals // made once, never changed
var (
	homeTemplate    = parsePage("home")
	profileTemplate = parsePage("profile")
	baseTemplate    = parsePage("base")
	spaTemplate     = parsePage("spa")
	languages       = language.NewMatcher([]language.Tag{language.Chinese, language.English})
)

// The scripts inside the pages, whose policy allows them by their hashes.
var (
	//go:embed pages/time.js
	timeScript string // shows times in the browser's zone
	//go:embed pages/spa.js
	spaScript string // logs in by /wxoauth.js
)

func hashOf(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func parsePage(name string) *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
}

// A page is what the templates know.
type page struct {
	Lang      string     // "zh" or "en"
	User      *core.User // nil: nobody is signed in
	Framework string
	Simulator string // the simulator's URL, or ""
	Base      string // the path of PUBLIC_URL, in front of every address of the site
}

// Script is what every page runs.
func (page) Script() template.JS { return template.JS(timeScript) } //nolint:gosec // our own file

// SPAScript is what the single-page app runs.
func (page) SPAScript() template.JS { return template.JS(spaScript) } //nolint:gosec // our own file

// T chooses between the two languages of the pages.
func (p page) T(chinese, english string) string {
	if p.Lang == "en" {
		return english
	}
	return chinese
}

// Named says whether the user has shared a profile.
func (p page) Named() bool { return p.User != nil && p.User.Nickname != "" }

// Initial is what an avatar shows until its picture is there.
func (p page) Initial() string {
	for _, r := range p.User.Nickname {
		return string(r)
	}
	return "?"
}

// HomePage is for everybody, and shows who is signed in.
func (app *App) HomePage(w http.ResponseWriter, r *http.Request) { app.render(w, r, homeTemplate) }

// ScriptPage is a single-page app: for everybody, with a script that fetches what needs a login.
func (app *App) ScriptPage(w http.ResponseWriter, r *http.Request) { app.render(w, r, spaTemplate) }

// ProfilePage shows who is signed in.
func (app *App) ProfilePage(w http.ResponseWriter, r *http.Request) {
	app.render(w, r, profileTemplate)
}

// BasePage shows who is signed in silently: a page to a browser that opens one, JSON to everything
// else. That a request accepts HTML is not enough, for programs are known that follow a login with
// a plain HTTP client, send a browser's Accept and read JSON here.
func (app *App) BasePage(w http.ResponseWriter, r *http.Request) {
	h := r.Header
	opens := h.Get("Sec-Fetch-Mode") == "navigate" || h.Get("Sec-Fetch-Dest") == "document"
	w.Header().Add("Vary", "Accept, Sec-Fetch-Mode, Sec-Fetch-Dest")
	if opens && strings.Contains(h.Get("Accept"), "text/html") {
		app.render(w, r, baseTemplate)
		return
	}
	user, _ := core.UserFrom(r.Context())
	WriteJSON(w, http.StatusOK, user)
}

func (app *App) render(w http.ResponseWriter, r *http.Request, t *template.Template) {
	user, _ := core.UserFrom(r.Context()) // nil: nobody
	// Chinese, unless the browser prefers English.
	_, i := language.MatchStrings(languages, r.Header.Get("Accept-Language"))
	p := page{
		Lang: []string{"zh", "en"}[i], User: user, Framework: app.framework,
		Simulator: app.simulator, Base: app.base,
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout", p); err != nil {
		slog.ErrorContext(r.Context(), "page not rendered", "error", err)
		http.Error(w, "page not rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	h.Add("Vary", "Accept-Language")
	h.Set("X-Content-Type-Options", "nosniff")
	// Avatars lie on WeChat's servers, or at the simulator. Scripts and what they fetch are our
	// own.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+
		"https: http: data:; base-uri 'none'; frame-ancestors 'none'; "+
		"connect-src 'self'; script-src 'self' "+hashOf(timeScript)+" "+hashOf(spaScript))
	// With no-referrer, older browsers would send the logout without saying where it comes from.
	h.Set("Referrer-Policy", "same-origin")
	_, _ = w.Write(body.Bytes()) // the browser hung up
}
