package oauth

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"rsc.io/qr"

	"github.com/wxoauth/wxoauth/internal/answers"
)

//go:embed pages
var pageFiles embed.FS

// The pages, each in the same frame. They are parsed once and never changed.
var (
	messageTemplate = parsePage("message") //nolint:gochecknoglobals // see above
	openTemplate    = parsePage("open")    //nolint:gochecknoglobals // see above
	askTemplate     = parsePage("ask")     //nolint:gochecknoglobals // see above
	deskTemplate    = parsePage("desk")    //nolint:gochecknoglobals // see above
	confirmTemplate = parsePage("confirm") //nolint:gochecknoglobals // see above

	copyScript = newScript("copy", "")                     //nolint:gochecknoglobals // see above
	deskScript = newScript("desk", "; connect-src 'self'") //nolint:gochecknoglobals // see above
	tidyScript = newScript("tidy", "")                     //nolint:gochecknoglobals // see above
)

func parsePage(name string) *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
}

// A script is a page's only one. The page's policy allows it by its hash, and nothing else.
type script struct {
	element template.HTML
	policy  string
}

// newScript reads a script that needs more of a page's policy than to run.
func newScript(name, more string) script {
	code, err := pageFiles.ReadFile("pages/" + name + ".js")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(code)
	return script{
		element: template.HTML("<script>" + string(code) + "</script>\n"), //nolint:gosec // our own file
		policy:  "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'" + more,
	}
}

// A page is one of the small pages that the library shows. Its template says which of the fields
// it needs.
type page struct {
	Name   string // <body data-page>
	Words  string // where its words are in the table; empty: under Name
	URL    string // where the page's link or button leads; empty: to the home page
	Code   string // names a failure, for whoever asks for help
	Framed bool   // shown inside a page of this site: links leave the frame

	QR                  *qrCode
	Purpose, PrivacyURL string
	Desk                *deskView

	look   *look
	lang   string
	script script
}

// The names of the pages that are no failures.
const (
	openInWeChatPage = "open-in-wechat"
	openLinkWords    = "open-link" // the same page for a URL that is too long for a QR code
	signedOutPage    = "signed-out"
	askPage          = "ask"
	framedPage       = "framed"  // a login cannot go on inside a frame
	loginPage        = "login"   // a page was loaded by something that cannot go to WeChat
	unsentPage       = "unsent"  // a form was sent without a session: nothing was done with it
	ticketWords      = "ticket"  // of KindState: a desk's ticket that is not good
	decidedWords     = "decided" // of KindState: a desk's ticket that somebody else has answered
	deskPage         = "desk"
	deskConfirmPage  = "desk-confirm"
	deskDonePage     = "desk-done"
	deskRefusedPage  = "desk-refused"
)

// Good reports whether the page has good news.
func (p page) Good() bool { return p.Name == signedOutPage || p.Name == deskDonePage }

// Footed reports whether the page links to the home page at its foot: error pages do whose button
// leads elsewhere.
func (p page) Footed() bool { return p.Code != "" && p.URL != "" }

func (p page) Lang() string           { return p.lang }
func (p page) Brand() Brand           { return p.look.brand }
func (p page) Logo() template.URL     { return template.URL(p.look.address(p.look.brand.LogoURL)) } //nolint:gosec // checked by New
func (p page) Home() string           { return p.look.home() }
func (p page) Script() template.HTML  { return p.script.element }
func (p page) Word(key string) string { return word(p.lang, key) }

// Say returns what the page says at that place in its language, or "" if it says nothing there.
func (p page) Say(place string) string {
	name := p.Words
	if name == "" {
		name = p.Name
	}
	return strings.ReplaceAll(word(p.lang, name+"."+place), "{site}", p.look.siteName())
}

// Site names the site.
func (p page) Site() string { return p.look.siteName() }

// Ago says how long ago the desktop's code was made.
func (p page) Ago() string {
	if p.Desk.Minutes == 1 {
		return p.Say("minute")
	}
	return strings.ReplaceAll(p.Say("minutes"), "{n}", strconv.Itoa(p.Desk.Minutes))
}

// Tap asks for the number on the phone.
func (p page) Tap() string {
	return strings.ReplaceAll(p.Say("scanned"), "{number}", strconv.Itoa(p.Desk.Number))
}

// To is where the page's button leads.
func (p page) To() string {
	if p.URL == "" {
		return p.Home()
	}
	return p.URL
}

// defaultIcon is a green tile with a tick.
const defaultIcon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%2307c160'/%3E%3Cpath d='M4.5 8.4l2.4 2.4 4.6-5' fill='none' stroke='%23fff' stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E`

// Icon is what the browser shows in the page's tab.
func (p page) Icon() template.URL {
	if logo := p.Logo(); logo != "" {
		return logo
	}
	return defaultIcon
}

// SupportURL is Brand.Support if that is an address to link to.
func (p page) SupportURL() template.URL {
	support := p.look.brand.Support
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if strings.HasPrefix(support, scheme) {
			return template.URL(support) //nolint:gosec // of one of these schemes
		}
	}
	return ""
}

// write answers with p in the visitor's language.
func (l *look) write(w http.ResponseWriter, r *http.Request, status int, t *template.Template, p page) {
	p.look, p.lang = l, languageOf(r)
	h := w.Header()
	answers.Private(h)
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "WeChat")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.lang)
	images, frames := "data:", "'none'"
	if logo := l.brand.LogoURL; logo != "" && !strings.HasPrefix(logo, "data:") {
		images = "'self' data:"
	}
	if p.Framed {
		frames = "'self'"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+images+"; frame-ancestors "+frames+p.script.policy)
	w.WriteHeader(status)
	_ = t.ExecuteTemplate(w, "layout", p) // fails only when the browser hangs up
}

// message answers with a page of a sign, a heading, a sentence and a button.
func (l *look) message(w http.ResponseWriter, r *http.Request, status int, p page) {
	l.write(w, r, status, messageTemplate, p)
}

// openInWeChat answers other browsers with address as a link and a QR code.
func (l *look) openInWeChat(w http.ResponseWriter, r *http.Request, address string) {
	p := page{Name: openInWeChatPage, URL: address, QR: newQRCode(address), script: copyScript}
	if p.QR == nil {
		p.Words = openLinkWords
	}
	l.write(w, r, http.StatusUnauthorized, openTemplate, p)
}

// ask answers a page load with our own question, before WeChat asks its own. to is where its button
// leads.
func (l *look) ask(w http.ResponseWriter, r *http.Request, purpose, privacyURL, to string) {
	l.write(w, r, http.StatusUnauthorized, askTemplate, page{Name: askPage, URL: to, Purpose: purpose, PrivacyURL: privacyURL})
}

// A deskView is what the pages of a desk show: those above the line on the desktop, those below on
// the phone.
type deskView struct {
	Number       int
	Code         string // what the QR code holds
	Wait         string // where the page's script asks
	State        ticketState
	Others       bool // the browser holds more than the code that is shown
	Renew, Until int  // seconds until a new code is due, and until the page asks for a click

	Browser, System string
	Minutes         int // since the code was made
	Choices         []int
	By, Nickname    string
}

// Link reports whether the code holds an address.
func (d *deskView) Link() bool {
	return strings.HasPrefix(d.Code, "https://") || strings.HasPrefix(d.Code, "http://")
}

// A qrCode is drawn in whole pixels, so that it stays sharp.
type qrCode struct {
	Image template.URL
	Side  int // of the image on the page, in CSS pixels
}

const (
	// maxScanned is how long a text may be, in bytes, to be drawn: a longer one makes a code that
	// phones hardly read from a screen, and that takes a hundred times as long as the page.
	maxScanned = 256
	qrScale    = 6   // pixels of the image to a module
	qrSide     = 240 // about the side of the image on the page
)

// newQRCode returns nil for a text that is too long.
func newQRCode(text string) *qrCode {
	if len(text) > maxScanned {
		return nil
	}
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil
	}
	code.Scale = qrScale
	modules := code.Size + 8 // with the quiet zone
	return &qrCode{
		Image: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())), //nolint:gosec // an image that we drew
		Side:  max(3, (qrSide+modules/2)/modules) * modules,
	}
}

// languageOf is Chinese unless the browser prefers English.
func languageOf(r *http.Request) string {
	accepted := r.Header.Get("Accept-Language")
	if len(accepted) > 256 {
		accepted = ""
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return chinese
	}
	_, best, _ := languages.Match(tags...)
	return []string{chinese, english}[best]
}

var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English}) //nolint:gochecknoglobals // never changed
