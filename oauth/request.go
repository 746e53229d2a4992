package oauth

import (
	"net/http"
	"strings"
)

// navigation reports whether r is a browser loading a page, or a frame of one: only that may be
// answered with a redirect. A script could not follow it, and a body would be lost.
func navigation(r *http.Request) bool {
	h := r.Header
	mode, dest, accept := h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest"), h.Get("Accept")
	switch {
	case r.Method != http.MethodGet || h.Get("Upgrade") != "" || isXHR(r) || isPrefetch(r):
		return false
	case mode != "" && mode != "navigate":
		return false
	case dest != "" && dest != "document" && !framed(r):
		return false
	case acceptsHTML(r):
		return true
	case accept != "" && accept != "*/*" || !strings.Contains(r.UserAgent(), "Mozilla/"):
		return false
	}
	// Old browsers, and all of them over plain http, send no Sec-Fetch headers, and their scripts accept
	// anything. Some of their page loads do so too: those ask for secure addresses, or accept nothing
	// by name, and scripts do neither.
	return mode != "" || dest != "" || (accept == "" || h.Get("Upgrade-Insecure-Requests") == "1") && !scripted(r)
}

// framed reports whether r loads a part of a page. Browsers without Sec-Fetch headers do not say.
func framed(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest == "iframe" || dest == "frame"
}

// scripted reports whether r has a header that no browser sends when it loads a page.
func scripted(r *http.Request) bool {
	for _, name := range []string{"Origin", "Content-Type", "Hx-Request", "Range"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// wantsPage reports whether an answer to r is for a person's eyes, if it is no redirect: to a
// submitted form, to a service worker or a script that shows whole pages.
func wantsPage(r *http.Request) bool {
	script := isXHR(r) || r.Header.Get("Hx-Request") != "" || isPrefetch(r)
	return navigation(r) || acceptsHTML(r) && !script
}

func isXHR(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("X-Requested-With"), "XMLHttpRequest")
}

func isPrefetch(r *http.Request) bool {
	purpose := r.Header.Get("Sec-Purpose") + r.Header.Get("Purpose")
	return strings.Contains(strings.ToLower(purpose), "prefetch")
}

// ownScript reports whether r is the fetch of a page of this very site. A browser without Sec-Fetch
// headers proves it by one that other sites' pages cannot send.
func ownScript(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" && r.Header.Get("Sec-Fetch-Dest") == "empty"
	}
	return isXHR(r)
}

func acceptsHTML(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
}

// inWeChat reports whether r comes from WeChat's own browser, on a phone or a desktop. WeCom says
// MicroMessenger too.
func inWeChat(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	return strings.Contains(agent, "micromessenger") && !strings.Contains(agent, "wxwork")
}
