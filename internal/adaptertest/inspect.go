package adaptertest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

const (
	// maxCookieHeader is how much all cookies of a host may take in one request, in bytes.
	maxCookieHeader = 6 << 10
	// maxRedirects is the most that any visit may take, whatever the browser loses.
	maxRedirects = 12
)

// inspect looks at every answer of the app, whatever the case is about.
func (w *World) inspect(h *webtest.Hop) {
	if h.URL.Host == openHost && strings.Contains(h.Sent.Get("Cookie"), "__Host-wx") {
		w.Errorf("WeChat was sent a cookie of the app")
	}
	if h.URL.Host != Host {
		return
	}
	w.learn(h)
	if h.Status == 0 {
		return // cut on the way
	}
	complain := func(format string, args ...any) {
		w.Errorf("%s %s answered %d: %s", h.Method, webtest.Show(h.URL), h.Status, fmt.Sprintf(format, args...))
	}
	if h.After > maxRedirects && !w.AllowDetours {
		complain("it took %d redirects to get here", h.After)
	}
	if n := len(h.Sent.Get("Cookie")); n > maxCookieHeader && !h.Handmade {
		complain("the browser's cookies take %d bytes", n)
	}
	inspectCookies(h, complain)
	switch {
	case h.Header.Get(pageHeader) != "", h.URL.Path == "/wxoauth.js", h.Status == http.StatusNotFound,
		h.Status == http.StatusSwitchingProtocols:
	case h.Status == http.StatusMovedPermanently || h.Status == http.StatusTemporaryRedirect ||
		h.Status == http.StatusPermanentRedirect:
		if !w.AllowRedirects {
			complain("the library answers 302 and 303 only")
		}
	default:
		inspectAnswer(h, complain)
	}
	w.secrets.see(h.Method+" "+h.URL.Host+h.URL.Opaque, withoutOwn(h))
}

// inspectAnswer looks at an answer of the library's own.
func inspectAnswer(h *webtest.Hop, complain func(string, ...any)) {
	for name, want := range map[string]string{
		"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	} {
		if got := h.Header[name]; len(got) != 1 || got[0] != want {
			complain("%s is %q, want %q", name, got, want)
		}
	}
	kind := h.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") {
		inspectPage(h, complain)
	}
	scheme := "WeChat"
	if strings.HasPrefix(h.URL.Path, "/mini/") {
		scheme = "Bearer"
	}
	if h.Status == http.StatusUnauthorized && h.Header.Get("WWW-Authenticate") != scheme {
		complain("WWW-Authenticate is %q", h.Header.Get("WWW-Authenticate"))
	}
	location := h.Location()
	if (h.Status >= 300 && h.Status < 400) != (location != "") {
		complain("Location is %q", location)
	}
	if location == "" {
		return
	}
	ours := strings.HasPrefix(location, PublicURL+"/")
	wechat := strings.HasPrefix(location, "https://"+openHost+authorizePath+"?") ||
		strings.HasPrefix(location, "https://"+openHost+qrPath+"?")
	if !ours && !wechat {
		complain("it redirects to %q", location)
	}
	if u, err := webtest.Resolve(h.URL, location); err != nil || (u.Host != Host && u.Host != openHost) {
		complain("a browser would go to %v, error %v", u, err)
	}
	if ours && slices.ContainsFunc(queryOf(location)["state"], ourState.MatchString) {
		complain("the address still holds a state: %q", location)
	}
	if h.Body != "" {
		complain("a redirect with a body: %q", h.Body)
	}
}

// pagePolicy is that of every page of the library. A page with a script allows just that one beside.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

// inspectPage looks at a page of the library's own.
func inspectPage(h *webtest.Hop, complain func(string, ...any)) {
	want := pagePolicy
	if strings.Contains(h.Body, `<body data-page="framed"`) {
		want = strings.ReplaceAll(want, "frame-ancestors 'none'", "frame-ancestors 'self'")
	}
	if _, rest, ok := strings.Cut(h.Body, "<script>"); ok {
		code, _, _ := strings.Cut(rest, "</script>")
		sum := sha256.Sum256([]byte(code))
		want += "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	policy, _ := strings.CutSuffix(h.Header.Get("Content-Security-Policy"), "; connect-src 'self'")
	if policy != want {
		complain("Content-Security-Policy is %q, want %q", policy, want)
	}
	if h.Method == http.MethodHead {
		return
	}
	if strings.Count(h.Body, "<script") > 1 || !strings.Contains(h.Body, `<body data-page="`) {
		complain("a page of many scripts, or without a name:\n%s", h.Body)
	}
}

// inspectCookies looks at what an answer sets.
func inspectCookies(h *webtest.Hop, complain func(string, ...any)) {
	set := h.SetCookies()
	if h.Header.Get(pageHeader) != "" && slices.ContainsFunc(set, AttemptCookie) {
		complain("a page sets the cookie of an attempt")
	}
	seen := map[string]bool{}
	for _, c := range set {
		if !strings.HasPrefix(c.Name, "__Host-wx-") && !strings.HasPrefix(c.Name, "__Host-wxa-") &&
			!strings.HasPrefix(c.Name, "__Host-wxf-") && !strings.HasPrefix(c.Name, "__Host-wxd-") {
			complain("a cookie named %s", c.Name)
		}
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode ||
			c.MaxAge == 0 {
			complain("cookie %s has other attributes: %+v", c.Name, *c)
		}
		if size := len(c.Name) + len("=") + len(c.Value); size > webtest.MaxCookie {
			complain("cookie %s takes %d bytes", c.Name, size)
		}
		if seen[c.Name] {
			complain("cookie %s is set twice", c.Name)
		}
		seen[c.Name] = true
	}
}

// withoutOwn is all of an answer except what has to hold secrets: the library's own sealed cookies,
// and the state on its way to WeChat.
func withoutOwn(h *webtest.Hop) string {
	var text strings.Builder
	for name, values := range h.Header {
		for _, value := range values {
			if name == "Set-Cookie" && strings.HasPrefix(value, "__Host-wx") {
				continue
			}
			if name == "Location" && strings.HasPrefix(value, "https://"+openHost+"/") {
				value = strings.ReplaceAll(value, stateOf(value), "")
			}
			text.WriteString(name + ": " + value + "\n")
		}
	}
	body := h.Body
	if h.URL.Query().Get("embed") == "1" { // the page's own frame takes the state to WeChat
		if state := field([]byte(body), "state"); ourState.MatchString(state) {
			body = strings.Replace(body, state, "", 1)
		}
	}
	return text.String() + body
}

// stateOf finds the state of an address; a blank if there is none.
func stateOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return " "
	}
	return cmp.Or(u.Query().Get("state"), " ")
}

// ourState matches the states that the library makes. All others are the app's own.
var ourState = regexp.MustCompile(`^wx1[0-9a-f]{74}$`)

func queryOf(location string) url.Values {
	_, query, _ := strings.Cut(location, "?")
	values, _ := url.ParseQuery(query) // what it can read of a bad one
	return values
}

// learn notes the secrets that go over the wire between browser and app.
func (w *World) learn(h *webtest.Hop) {
	query := h.URL.Query()
	if state := query.Get("state"); ourState.MatchString(state) {
		w.secrets.add("a state", state)
		w.secrets.add("a code", query.Get("code"))
	}
	for _, c := range h.SetCookies() {
		w.secrets.add("the value of cookie "+c.Name, c.Value)
	}
	if to := h.Location(); strings.HasPrefix(to, "https://"+openHost+"/") {
		w.secrets.add("a state", strings.TrimSpace(stateOf(to)))
	}
}

// ourLine holds for lines that the library logs.
var ourLine = regexp.MustCompile(` msg="?(wxoauth|wechat|mpauth|push): `)

// close ends the world, and looks at what is left of it.
func (w *World) close() {
	w.Net.Close()
	for _, c := range w.Sim.Log() {
		w.secrets.add("a code", c.Query.Get("code"))
		for _, name := range []string{"access_token", "refresh_token"} {
			w.secrets.add("an "+name, c.Query.Get(name))
			w.secrets.add("an "+name, field(c.Answer, name))
		}
		if strings.HasPrefix(c.Path, "/cgi-bin/") {
			w.Errorf("a web login asked for %s", c.Path)
		}
	}
	log := w.log.String()
	w.secrets.see("the log", log)
	for line := range strings.Lines(log) {
		if ourLine.MatchString(line) && !strings.Contains(line, " appid=wx") {
			w.Errorf("a line of the log does not name the account: %s", line)
		}
	}
	for _, f := range w.Failures() {
		w.secrets.see("a Failure", fmt.Sprintf("%v %+v %#v %s", f, f, *f, f.Error()))
	}
	for _, leak := range w.secrets.leaks() {
		w.Error(leak)
	}
	if strings.Contains(log, "panic serving") && !w.AllowPanics {
		w.Errorf("a handler panicked:\n%s", log)
	}
}

// field finds a string of a JSON text without decoding it.
func field(json []byte, name string) string {
	_, rest, _ := strings.Cut(string(json), `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// secrets are the values that must not turn up anywhere, and the words that did turn up. Every
// secret is one word of letters, digits, "_" and "-".
type secrets struct {
	mu    sync.Mutex
	names map[string]string // of secrets
	seen  map[string]string // where each word was seen
}

// add notes a secret. Values shorter than 8 bytes are none, but parts of sentences.
func (s *secrets) add(name, value string) {
	if len(value) < 8 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[value] = name
}

// see notes the words of a text that others may see.
func (s *secrets) see(where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]string{}
	}
	for word := range strings.FieldsFuncSeq(text, noWord) {
		if len(word) >= 8 {
			s.seen[word] = where
		}
	}
}

func noWord(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
}

// leaks says which secret turned up where.
func (s *secrets) leaks() (leaks []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, name := range s.names {
		if where, ok := s.seen[value]; ok {
			leaks = append(leaks, name+" turns up in "+where)
		}
	}
	return leaks
}
