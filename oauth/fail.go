package oauth

import (
	"errors"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// fail answers with f, and tells log and observer.
func (a *Auth) fail(v *visit, f *Failure) {
	f = new(*f) // it may be the failure of others as well
	f.RetryURL = a.cfg.PublicURL + v.page().String()
	f.code, f.look = newFailureCode(), &a.look
	if len(v.address.states) > 0 {
		f.script = tidyScript
	}
	a.report(v, f)
	if a.cfg.OnError != nil {
		answers.Private(v.w.Header())
		f.setRetryAfter(v.w.Header())
		a.cfg.OnError(v.w, v.r, f)
		return
	}
	f.WritePage(v.w, v.r)
}

// WritePage answers r with the built-in page of f, or with JSON where r did not ask for a page. It
// is for an OnError that replaces only some of the pages.
func (f *Failure) WritePage(w http.ResponseWriter, r *http.Request) {
	f.setRetryAfter(w.Header())
	if !wantsPage(r) {
		answers.JSON(w, f.Status, map[string]string{"error": string(f.Kind)})
		return
	}
	look := f.look
	if look == nil { // a Failure that the app made
		look = &unknownLook
	}
	p := page{Name: string(f.Kind), Words: f.words(), URL: f.RetryURL, Code: f.code, script: f.script}
	if p.Words == ticketWords || p.Words == decidedWords { // the code is on another screen
		p.URL, p.script = "", script{}
	}
	look.message(w, r, f.Status, p)
}

// words returns where the page's words are in the table.
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
	if seconds := f.retryAfter(); seconds != "" {
		h.Set("Retry-After", seconds)
	}
}
