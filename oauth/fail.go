package oauth

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// fail answers with the page of f, and tells the log and the observer.
func (a *Auth) fail(v *visit, f *Failure) {
	f = new(*f) // a copy, because other requests may have got the same failure
	f.RetryURL = a.cfg.PublicURL + v.page().String()
	f.code, f.look = rand.Text()[:8], &a.look // a code that is easy to read out
	if len(v.address.states) > 0 {
		f.script = tidyScript
	}
	a.report(v, f)
	answers.Drain(v.w, v.r)
	if a.cfg.OnError != nil {
		answers.Private(v.w.Header())
		f.setRetryAfter(v.w.Header())
		a.cfg.OnError(v.w, v.r, f)
		return
	}
	f.WritePage(v.w, v.r)
}

// WritePage answers r with the built-in page of f, or with JSON if r does not ask for a page. It
// is for an OnError that replaces only some of the pages.
func (f *Failure) WritePage(w http.ResponseWriter, r *http.Request) {
	f.setRetryAfter(w.Header())
	if !wantsPage(r) {
		answers.JSON(w, f.Status, map[string]string{"error": string(f.Kind)})
		return
	}
	look := f.look
	if look == nil { // the app has made this Failure
		look = &unknownLook
	}
	p := page{
		Name: string(f.Kind), Words: f.words(), URL: f.RetryURL, Code: f.code, script: f.script,
	}
	// The user must scan another code, so there is nothing to retry here.
	if p.Words == ticketWords || p.Words == decidedWords {
		p.URL, p.script = "", script{}
	}
	look.message(w, r, f.Status, p)
}

// words returns under which name the table has the page's words.
func (f *Failure) words() string {
	switch {
	case errors.Is(f.Err, core.ErrQuota):
		return "quota"
	case errors.Is(f.Err, ErrDeskTicket):
		return ticketWords
	case errors.Is(f.Err, errDecided):
		return decidedWords
	default:
		return string(f.Kind)
	}
}

func (f *Failure) setRetryAfter(h http.Header) {
	if seconds := kinds[f.Kind].retryAfter; seconds != "" {
		h.Set("Retry-After", seconds)
	}
}
