package oauth

import (
	"cmp"
	"net/http"
	"strings"
)

// navigation reports whether r loads a page, or a frame of one. Only such a request may be
// redirected to WeChat: a script cannot follow the redirect, and the body of a form would be lost.
func navigation(r *http.Request) bool {
	h := r.Header
	mode, dest, accept := h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest"), h.Get("Accept")
	switch {
	case r.Method != http.MethodGet || h.Get("Upgrade") != "" || isXHR(r) || isPrefetch(r):
		return false
	case mode != "" && mode != "navigate":
		return false
	case dest != "" && dest != "document" && !framed(r) && !byWorker(r):
		return false
	case acceptsHTML(r):
		return true
	case accept != "" && accept != "*/*" || !strings.Contains(r.UserAgent(), "Mozilla/"):
		return false
	}
	// Old browsers, and all browsers over plain http, send no Sec-Fetch headers. Their scripts
	// accept anything, and so do some of their page loads. But such a page load has
	// Upgrade-Insecure-Requests, or accepts nothing by name, and scripts do neither.
	return mode != "" || dest != "" ||
		(accept == "" || h.Get("Upgrade-Insecure-Requests") == "1") && !scripted(r)
}

// framed reports whether r loads a frame of a page. It is false for browsers without Sec-Fetch
// headers.
func framed(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest == "iframe" || dest == "frame"
}

// byWorker reports whether a service worker of this site passes on the load of a page, by
// fetch(event.request). The browser follows a redirect for it.
func byWorker(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "empty"
}

// scripted reports whether r has a header that browsers do not send when they load a page.
func scripted(r *http.Request) bool {
	h := r.Header
	return cmp.Or(h.Get("Origin"), h.Get("Content-Type"), h.Get("Hx-Request"), h.Get("Range")) != ""
}

// wantsPage reports whether the answer to r will be shown, so that a page is better than JSON: r
// loads a page or submits a form, or comes from a service worker or a script that shows whole
// pages.
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

// ownScript reports whether r was sent by a script of this site. For browsers without Sec-Fetch
// headers it looks for a header that scripts of other sites cannot send.
func ownScript(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" && r.Header.Get("Sec-Fetch-Dest") == "empty"
	}
	return isXHR(r)
}

func acceptsHTML(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
}

// inWeChat reports whether r comes from WeChat's own browser, on a phone or a desktop. The
// User-Agent of WeCom contains MicroMessenger, too, but is not WeChat.
func inWeChat(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	return strings.Contains(agent, "micromessenger") && !strings.Contains(agent, "wxwork")
}

// onComputer reports whether r comes from WeChat for Windows or macOS.
func onComputer(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	return strings.Contains(agent, "windowswechat") || strings.Contains(agent, "macwechat")
}
