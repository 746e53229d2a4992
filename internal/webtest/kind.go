package webtest

import "net/http"

// User-Agents.
const (
	WeChatAndroid = "Mozilla/5.0 (Linux; Android 14; 23127PN0CC Build/UKQ1.230804.001; wv) " +
		"AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile " +
		"Safari/537.36 XWEB/1260117 MMWEBSDK/20240802 MicroMessenger/8.0.53.2740(0x28003536) " +
		"WeChat/arm64 NetType/4G Language/zh_CN"
	WeChatIPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) " +
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 " +
		"MicroMessenger/7.0.5(0x17000523) NetType/4G Language/zh_CN"
	WeChatDesktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like " +
		"Gecko) Chrome/126.0.0.0 Safari/537.36 NetType/WIFI " +
		"MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090c11) XWEB/11275"
	WeChatMac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like " +
		"Gecko) Chrome/126.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/6.8.0(0x16080000) " +
		"MacWechat/3.8.10(0x13080a11) XWEB/1227 Flue"
	WeCom = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) " +
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 wxwork/4.1.28 " +
		"MicroMessenger/7.0.1 Language/zh"
	DesktopChrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
		"Chrome/140.0.0.0 Safari/537.36"
	Curl = "curl/8.12.1"
)

// AcceptPage is the Accept header of page loads.
const AcceptPage = "text/html,application/xhtml+xml,application/xml;q=0.9," +
	"image/avif,image/webp,*/*;q=0.8"

// A Kind is a kind of request with its headers.
type Kind struct {
	Name   string
	Header http.Header
	Page   bool   // loads a page: may be answered with a redirect
	Frame  bool   // the page is shown inside another one
	HTML   bool   // asks for HTML, whatever the method: a person sees the answer
	Agent  string // default the browser's; "-" sends none
}

// Kinds returns all kinds of request that a page, a browser or a program may send. Each call makes
// new headers.
func Kinds() []Kind {
	fetch := func(mode, dest string, more ...string) http.Header {
		h := http.Header{
			"Sec-Fetch-Mode": {mode}, "Sec-Fetch-Dest": {dest}, "Sec-Fetch-Site": {"same-origin"},
		}
		for i := 0; i+1 < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	return []Kind{
		Navigation(), OldNavigation(),
		{
			Name: "a page in a WebView that accepts anything", Page: true,
			Header: http.Header{"Accept": {"*/*"}, "Upgrade-Insecure-Requests": {"1"}},
		},
		{
			Name: "a page in a WebView that says nothing about types", Page: true,
			Header: http.Header{},
		},
		{
			Name: "a page in an iframe", Page: true, Frame: true, HTML: true,
			Header: fetch("navigate", "iframe", "Accept", AcceptPage),
		},
		{Name: "fetch", Header: fetch("cors", "empty", "Accept", "*/*")},
		{
			Name:   "fetch in a browser that knows no Sec-Fetch headers",
			Header: http.Header{"Accept": {"*/*"}},
		},
		{Name: "fetch by htmx", Header: http.Header{"Accept": {"*/*"}, "Hx-Request": {"true"}}},
		{
			Name: "fetch of a page", HTML: true,
			Header: fetch("same-origin", "empty", "Accept", "text/html"),
		},
		{
			Name: "fetch of a page that names no destination", HTML: true,
			Header: http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"cors"}},
		},
		{
			Name: "XHR",
			Header: fetch("cors", "empty", "Accept", "application/json, text/plain, */*",
				"X-Requested-With", "XMLHttpRequest"),
		},
		{
			Name: "XHR of an old WebView",
			Header: http.Header{
				"Accept": {"text/html, */*; q=0.01"}, "X-Requested-With": {"XMLHttpRequest"},
			},
		},
		{
			Name: "JSON for a script of an old WebView",
			Header: http.Header{
				"Accept": {"application/json"}, "X-Requested-With": {"com.tencent.mm"},
			},
		},
		{
			Name:   "an image",
			Header: fetch("no-cors", "image", "Accept", "image/avif,image/webp,*/*;q=0.8"),
		},
		{Name: "a script", Header: fetch("no-cors", "script", "Accept", "*/*")},
		{Name: "an object", HTML: true, Header: fetch("navigate", "object", "Accept", AcceptPage)},
		{Name: "an event stream", Header: fetch("cors", "empty", "Accept", "text/event-stream")},
		{
			Name:   "an event stream of an old WebView",
			Header: http.Header{"Accept": {"text/event-stream"}},
		},
		{
			Name: "a WebSocket",
			Header: fetch("websocket", "websocket", "Connection", "Upgrade", "Upgrade", "websocket",
				"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
		},
		{
			Name: "a WebSocket of an old WebView",
			Header: http.Header{
				"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
				"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
			},
		},
		{
			Name:   "a prefetch",
			Header: fetch("navigate", "document", "Accept", AcceptPage, "Sec-Purpose", "prefetch"),
		},
		{
			Name: "a prerender",
			Header: fetch("navigate", "document", "Accept", AcceptPage, "Sec-Purpose",
				"prefetch;prerender"),
		},
		{
			Name:   "a prefetch of an old WebView",
			Header: http.Header{"Accept": {AcceptPage}, "Purpose": {"prefetch"}},
		},
		{Name: "curl", Agent: Curl, Header: http.Header{"Accept": {"*/*"}}},
		{Name: "a program that says nothing", Agent: "-", Header: http.Header{}},
	}
}

// Navigation is a tap on a link in today's WeChat on Android, which names its package on every
// navigation.
func Navigation() Kind {
	return Kind{Name: "a page", Page: true, HTML: true, Header: http.Header{
		"Accept": {AcceptPage}, "X-Requested-With": {"com.tencent.mm"},
		"Upgrade-Insecure-Requests": {"1"}, "Sec-Fetch-Site": {"none"},
		"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-User": {"?1"}, "Sec-Fetch-Dest": {"document"},
	}}
}

// OldNavigation is the same in a WebView that knows no Sec-Fetch headers.
func OldNavigation() Kind {
	return Kind{Name: "a page in an old WebView", Page: true, HTML: true, Header: http.Header{
		"Accept": {AcceptPage}, "X-Requested-With": {"com.tencent.mm"},
		"Upgrade-Insecure-Requests": {"1"},
	}}
}

// Fetch is a script's call for JSON.
func Fetch() Kind {
	return Kind{Name: "fetch", Header: http.Header{
		"Accept": {"application/json"}, "Sec-Fetch-Site": {"same-origin"},
		"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"},
	}}
}

// KindNamed returns the kind with this name, or the zero Kind, which is a navigation.
func KindNamed(name string) Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return Kind{}
}
