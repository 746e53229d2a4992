package oauth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// redirect redirects to location as it is. http.Redirect would change its path: it removes dots
// and double slashes.
func redirect(w http.ResponseWriter, status int, location string) {
	answers.Private(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// varyCookie adds Cookie to Vary, because the page depends on it. values is memory for the
// header's value.
func varyCookie(h http.Header, values *[1]string) {
	switch vary := h["Vary"]; {
	case len(vary) == 0:
		values[0] = "Cookie"
		h["Vary"] = values[:]
	case !slices.Contains(vary, "Cookie"):
		h["Vary"] = append(slices.Clip(vary), "Cookie")
	}
}

// keepCode keeps a page's address from other sites if it may hold a login code. Anybody can have
// WeChat send a browser to any page of this site, with a state that is not ours. Who learns the
// code then ends a login of his own with it.
func keepCode(h http.Header, r *http.Request) {
	if strings.Contains(r.URL.RawQuery, "code=") && h.Get("Referrer-Policy") == "" {
		h.Set("Referrer-Policy", "same-origin")
	}
}
