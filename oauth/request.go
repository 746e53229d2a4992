package oauth

import (
	"net/http"
	"strings"
)

// navigation reports whether r is a browser loading a page: only that may be answered with a
// redirect. A script could not follow it, and a body would be lost.
func navigation(r *http.Request) bool {
	h := r.Header
	if r.Method != http.MethodGet || h.Get("Upgrade") != "" || strings.EqualFold(h.Get("X-Requested-With"), "XMLHttpRequest") {
		return false
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	if dest := h.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" && dest != "iframe" {
		return false
	}
	if isPrefetch(h.Get("Sec-Purpose")) || isPrefetch(h.Get("Purpose")) {
		return false
	}
	accept := h.Get("Accept")
	return acceptsHTML(r) || ((accept == "" || accept == "*/*") && strings.Contains(r.UserAgent(), "Mozilla/"))
}

// ownScript reports whether r is the fetch of a page of this very site. A browser without Sec-Fetch
// headers proves it by one that other sites' pages cannot send.
func ownScript(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" && r.Header.Get("Sec-Fetch-Dest") == "empty"
	}
	return strings.EqualFold(r.Header.Get("X-Requested-With"), "XMLHttpRequest")
}

func isPrefetch(purpose string) bool { return strings.Contains(strings.ToLower(purpose), "prefetch") }

func acceptsHTML(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
}

// inWeChat reports whether r comes from WeChat's own browser, on a phone or a desktop. WeCom says
// MicroMessenger too.
func inWeChat(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	return strings.Contains(agent, "micromessenger") && !strings.Contains(agent, "wxwork")
}
