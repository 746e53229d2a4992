package oauth

import (
	"cmp"
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

// A script is the only one of its page. The page's Content-Security-Policy allows it by its hash.
type script struct {
	element template.HTML
	policy  string
}

// newScript reads a script. more is what the policy must allow for it, besides running it.
func newScript(name, more string) script {
	code, err := pageFiles.ReadFile("pages/" + name + ".js")
	if err != nil {
		panic(err) // cannot happen: the file is embedded
	}
	sum := sha256.Sum256(code)
	return script{
		//nolint:gosec // our own file
		element: template.HTML("<script>" + string(code) + "</script>\n"),
		policy:  "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'" + more,
	}
}

// A page is one of the small pages that the library shows. Its template says which of the fields
// it needs.
type page struct {
	Name   string // <body data-page>
	Words  string // where its words are in the table; default Name
	URL    string // of the page's link or button; default: the home page
	Code   string // of a failure, to tell to support
	Framed bool   // whether the page is shown in a frame, so that links must leave that

	QR                  *qrCode
	Purpose, PrivacyURL string
	Desk                *deskView

	look   *look
	lang   string
	script script
}

// The names of the pages that are not about failures, and of words.
const (
	openInWeChatPage = "open-in-wechat"
	openLinkWords    = "open-link" // the same page for a URL that is too long for a QR code
	signedOutPage    = "signed-out"
	askPage          = "ask"
	framedPage       = "framed"  // a frame cannot show WeChat's dialog
	loginPage        = "login"   // shown to a page load that cannot be redirected to WeChat
	unsentPage       = "unsent"  // a form was sent without a session and is not handled
	ticketWords      = "ticket"  // for KindState: the ticket of a desk is not good
	decidedWords     = "decided" // for KindState: another user has decided about the ticket
	deskPage         = "desk"
	deskConfirmPage  = "desk-confirm"
	deskDonePage     = "desk-done"
	deskRefusedPage  = "desk-refused"
)

// Good reports whether the page is about a success.
func (p page) Good() bool { return p.Name == signedOutPage || p.Name == deskDonePage }

// Footed reports whether the page has a link to the home page at its foot. Error pages have it
// unless their button leads there.
func (p page) Footed() bool { return p.Code != "" && p.URL != "" }

func (p page) Lang() string           { return p.lang }
func (p page) Brand() Brand           { return p.look.brand }
func (p page) Home() string           { return p.look.home() }
func (p page) Script() template.HTML  { return p.script.element }
func (p page) Word(key string) string { return word(p.lang, key) }

// Logo returns the URL of Brand.LogoURL, which New has checked.
func (p page) Logo() template.URL {
	return template.URL(p.look.address(p.look.brand.LogoURL)) //nolint:gosec // checked by New
}

// Say returns the page's text for a place, in its language, or "" if it has none there.
func (p page) Say(place string) string {
	key := cmp.Or(p.Words, p.Name) + "." + place
	return strings.ReplaceAll(word(p.lang, key), "{site}", p.look.siteName())
}

// Site returns the name of the site.
func (p page) Site() string { return p.look.siteName() }

// Ago returns the text about how long ago the desktop's code was made.
func (p page) Ago() string {
	if p.Desk.Minutes == 1 {
		return p.Say("minute")
	}
	return strings.ReplaceAll(p.Say("minutes"), "{n}", strconv.Itoa(p.Desk.Minutes))
}

// Tap returns the text that asks for the number on the phone.
func (p page) Tap() string {
	return strings.ReplaceAll(p.Say("scanned"), "{number}", strconv.Itoa(p.Desk.Number))
}

// To returns the text of the page's button.
func (p page) To() string { return cmp.Or(p.URL, p.Home()) }

// defaultIcon is a green tile with a tick.
const defaultIcon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox=` +
	`'0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%2307c160'/%3E` +
	`%3Cpath d='M4.5 8.4l2.4 2.4 4.6-5' fill='none' stroke='%23fff' ` +
	`stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E`

// Icon returns the image that the browser shows in the page's tab.
func (p page) Icon() template.URL { return cmp.Or(p.Logo(), defaultIcon) }

// SupportURL returns Brand.Support if that is a URL to link to, and otherwise "".
func (p page) SupportURL() template.URL {
	support := p.look.brand.Support
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if strings.HasPrefix(support, scheme) {
			return template.URL(support) //nolint:gosec // has one of these schemes
		}
	}
	return ""
}

// write answers with p in the visitor's language.
func (l *look) write(
	w http.ResponseWriter, r *http.Request, status int, t *template.Template, p page,
) {
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
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+
		images+"; frame-ancestors "+frames+p.script.policy)
	w.WriteHeader(status)
	_ = t.ExecuteTemplate(w, "layout", p) // fails only if the browser has hung up
}

// message answers with a page that has a sign, a heading, a sentence and a button.
func (l *look) message(w http.ResponseWriter, r *http.Request, status int, p page) {
	l.write(w, r, status, messageTemplate, p)
}

// openInWeChat answers with a page for browsers other than WeChat's: address as a link and as a QR
// code.
func (l *look) openInWeChat(w http.ResponseWriter, r *http.Request, address string) {
	p := page{Name: openInWeChatPage, URL: address, QR: newQRCode(address), script: copyScript}
	if p.QR == nil {
		p.Words = openLinkWords
	}
	l.write(w, r, http.StatusUnauthorized, openTemplate, p)
}

// ask answers with the page that asks before WeChat's dialog does. to is the URL of its button.
func (l *look) ask(w http.ResponseWriter, r *http.Request, purpose, privacyURL, to string) {
	l.write(w, r, http.StatusUnauthorized, askTemplate, page{
		Name: askPage, URL: to, Purpose: purpose, PrivacyURL: privacyURL,
	})
}

// A deskView is the content of the pages of a Desk: first the fields of the page on the desktop,
// then those of the page on the phone.
type deskView struct {
	Number       int
	Code         string // the content of the QR code
	Wait         string // the URL that the page's script polls
	State        ticketState
	Others       bool // whether the browser has other codes as well
	Renew, Until int  // seconds until a new code is shown, and until the page asks for a click

	Browser, System string
	Minutes         int // since the code was made
	Choices         []int
	By, Nickname    string
}

// Link reports whether the content of the code is a URL.
func (d *deskView) Link() bool {
	return strings.HasPrefix(d.Code, "https://") || strings.HasPrefix(d.Code, "http://")
}

// A qrCode is an image in which each module has a whole number of pixels, so that it is sharp.
type qrCode struct {
	Image template.URL
	Side  int // of the image on the page, in CSS pixels
}

const (
	// maxScanned is the length, in bytes, up to which a text is drawn as a QR code. Phones hardly
	// read the code of a longer one from a screen, and drawing it takes a hundred times as long as
	// the rest of the page.
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
	modules := code.Size + 8 // with the white margin
	image := "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
	return &qrCode{
		Image: template.URL(image), //nolint:gosec // the image was made here
		Side:  max(3, (qrSide+modules/2)/modules) * modules,
	}
}

// languageOf returns Chinese, unless the browser prefers English.
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

//nolint:gochecknoglobals // never changed
var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})
