package webtest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A Browser is one person's browser. Every Open uses a new tab. Tabs share the cookies and may be
// used at the same time. The fields are set before the first request.
type Browser struct {
	Agent     string // default WeChatAndroid
	Languages string // Accept-Language; default zh-CN
	Old       bool   // a WebView without Sec-Fetch headers

	Jar *Jar

	// Refuses reports whether a cookie is not stored; nil stores all.
	Refuses func(c *http.Cookie) bool
	// Loses reports whether a stored cookie gets lost. It is called before each request; nil loses
	// none.
	Loses func(c *http.Cookie) bool

	transport http.RoundTripper
	watch     func(*Hop) // called for each finished request
}

// NewBrowser makes a browser on a network. watch, if it is not nil, is called for each finished
// request.
func NewBrowser(n *Network, watch func(*Hop)) *Browser {
	return &Browser{
		Agent: WeChatAndroid, Languages: "zh-CN,zh;q=0.9", Jar: &Jar{}, transport: n.Transport(),
		watch: watch,
	}
}

// A Request is a request of a page's script, a tag or a form.
type Request struct {
	Method string // default GET
	URL    string
	Kind   Kind   // default: a navigation
	Form   string // a body, sent as a form unless Header says otherwise
	Header http.Header

	CrossSite bool // whether a page of another site makes it
	// Not sent again by itself when a kept connection turns out dead, as browsers do.
	Once bool
	// The connection is cut when the answer is not complete after this; 0: never.
	GiveUp time.Duration
}

// A Hop is one request and its answer.
type Hop struct {
	Method string
	URL    *url.URL // with the fragment, which is not sent
	Sent   http.Header
	Status int // 0: no answer
	Header http.Header
	Body   string
	Err    error // of the connection

	After    int  // number of redirects before
	Handmade bool // the request brought a Cookie header of its own, beside the jar's
}

// Location is where the answer redirects to, as it was sent.
func (h *Hop) Location() string { return h.Header.Get("Location") }

// SetCookies are the cookies that the answer sets.
func (h *Hop) SetCookies() []*http.Cookie {
	return (&http.Response{Header: h.Header}).Cookies()
}

// A Visit is everything from a tap until the browser shows a page. The last request is embedded.
type Visit struct {
	*Hop

	Hops []*Hop // all requests, the last one included
	Next string // the resolved URL of a redirect that was not followed, or ""
}

// Link returns the URL of the page's link with that id, or "" if there is none.
func (v *Visit) Link(id string) string {
	_, link, _ := strings.Cut(v.Body, `id="`+id+`" href="`)
	link, _, _ = strings.Cut(link, `"`)
	return html.UnescapeString(link)
}

// Redirects counts the redirects that were followed.
func (v *Visit) Redirects() int { return len(v.Hops) - 1 }

// Address returns what the address bar shows.
func (v *Visit) Address() string { return Show(v.URL) }

// Page returns Address without the fragment.
func (v *Visit) Page() string {
	address, _, _ := strings.Cut(v.Address(), "#")
	return address
}

// Trail returns a summary of the visit for error messages, with shortened addresses.
func (v *Visit) Trail() string {
	var lines []string
	for _, h := range v.Hops {
		lines = append(lines, fmt.Sprintf("%s %.80s: %d %v", h.Method, Show(h.URL), h.Status,
			h.Err))
	}
	if v.Next != "" {
		lines = append(lines, fmt.Sprintf("not followed: %.80s", v.Next))
	}
	return strings.Join(lines, "\n\t")
}

// maxHops is how many redirects browsers follow.
const maxHops = 20

// ErrTooManyRedirects is the error of a visit with more redirects than browsers follow.
var ErrTooManyRedirects = errors.New("too many redirects")

// Open loads a page as if its address was tapped, and follows all redirects.
func (b *Browser) Open(address string) *Visit { return b.Walk(Request{URL: address}, nil) }

// OpenUntil is like [Browser.Open], but does not follow a redirect for which stop returns true.
func (b *Browser) OpenUntil(address string, stop func(next *url.URL) bool) *Visit {
	return b.Walk(Request{URL: address}, stop)
}

// Do makes one request and follows no redirect.
func (b *Browser) Do(r Request) *Visit { return b.Walk(r, func(*url.URL) bool { return true }) }

// Walk makes a request and follows redirects until stop, which may be nil, returns true.
func (b *Browser) Walk(r Request, stop func(next *url.URL) bool) *Visit {
	v := &Visit{}
	at, err := Resolve(&url.URL{Scheme: "https", Path: "/"}, r.URL)
	if err != nil {
		v.Hop = &Hop{URL: &url.URL{Path: r.URL}, Err: err}
		return v
	}
	for {
		v.Hop = b.hop(r, at, len(v.Hops))
		v.Hops = append(v.Hops, v.Hop)
		location := v.Location()
		if v.Status < 300 || v.Status > 399 || location == "" {
			return v
		}
		next, err := Resolve(at, location)
		if err != nil {
			v.Err = err
			return v
		}
		v.Next = Show(next)
		switch {
		case stop != nil && stop(next):
			return v
		case len(v.Hops) > maxHops:
			v.Err = ErrTooManyRedirects
			return v
		}
		v.Next = ""
		if v.Status != http.StatusTemporaryRedirect && v.Status != http.StatusPermanentRedirect {
			r.Method, r.Form = "", ""
		}
		r.CrossSite = r.CrossSite || next.Host != at.Host
		at = next
	}
}

// hop makes one request and reads the whole answer.
func (b *Browser) hop(r Request, at *url.URL, redirects int) *Hop {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if r.GiveUp > 0 {
		ctx, cancel = context.WithTimeout(ctx, r.GiveUp)
		defer cancel()
	}
	h := &Hop{
		Method: r.Method, URL: at, Header: http.Header{}, After: redirects,
		Handmade: r.Header["Cookie"] != nil,
	}
	res, sent, err := b.start(ctx, r, at)
	h.Method, h.Sent, h.Err = sent.Method, sent.Header, err
	if err == nil {
		var body []byte
		body, h.Err = io.ReadAll(res.Body)
		_ = res.Body.Close()
		h.Status, h.Header, h.Body = res.StatusCode, res.Header, string(body)
	}
	if b.watch != nil {
		b.watch(h)
	}
	return h
}

// Start makes one request and leaves the answer's body to the caller: for streams and upgrades.
func (b *Browser) Start(ctx context.Context, r Request) (*http.Response, error) {
	at, err := Resolve(&url.URL{Scheme: "https", Path: "/"}, r.URL)
	if err != nil {
		return nil, err
	}
	res, _, err := b.start(ctx, r, at)
	return res, err
}

func (b *Browser) start(
	ctx context.Context, r Request, at *url.URL,
) (*http.Response, *http.Request, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Kind.Header == nil {
		r.Kind = Navigation()
		if b.Old {
			r.Kind = OldNavigation()
		}
	}
	target := *at
	target.Fragment = ""
	// Package url would make an absolute request line of it.
	if strings.HasPrefix(target.Opaque, "//") {
		target.Opaque = ""
	}
	var body io.Reader
	switch {
	case r.Form != "":
		body = strings.NewReader(r.Form)
	case r.Once:
		body = io.NopCloser(strings.NewReader("")) // the transport cannot send such a body twice
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, "https://"+at.Host, body)
	if err != nil {
		return nil, &http.Request{Method: r.Method}, err
	}
	req.URL = &target
	req.Header = r.Kind.Header.Clone()
	if r.Form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if req.Header.Get("Sec-Fetch-Site") != "" && r.CrossSite {
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	b.identify(req, r)
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
		req.Header.Del("Host")
	}
	if b.Loses != nil {
		b.Jar.Lose(b.Loses)
	}
	navigation := r.Kind.Page && r.Method == http.MethodGet
	for _, c := range b.Jar.Get(at, r.CrossSite,
		navigation && req.Header.Get("Sec-Fetch-Dest") != "iframe") {
		req.AddCookie(c)
	}
	res, err := b.transport.RoundTrip(req)
	if err != nil {
		return nil, req, err
	}
	var stored []*http.Cookie
	for _, c := range res.Cookies() {
		if b.Refuses == nil || !b.Refuses(c) {
			stored = append(stored, c)
		}
	}
	b.Jar.Set(at, stored)
	return res, req, nil
}

// identify sets the headers that say which browser this is.
func (b *Browser) identify(req *http.Request, r Request) {
	agent := b.Agent
	if r.Kind.Agent != "" {
		agent = r.Kind.Agent
	}
	if agent == "-" {
		agent = "" // otherwise net/http sends its own
	}
	req.Header["User-Agent"] = []string{agent}
	if b.Languages != "" {
		req.Header["Accept-Language"] = []string{b.Languages}
	}
}

// Cookie returns the value of a cookie by a part of its name; empty if there is none.
func (b *Browser) Cookie(part string) string {
	for _, c := range b.Jar.All() {
		if strings.Contains(c.Name, part) {
			return c.Value
		}
	}
	return ""
}

// AnyCookie returns true. As Refuses it makes a browser without cookies.
func AnyCookie(*http.Cookie) bool { return true }

// Sometimes returns a function that returns true for a random share of the cookies for which which
// does. seed determines the random numbers.
func Sometimes(share float64, seed uint64, which func(*http.Cookie) bool) func(*http.Cookie) bool {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 0))
	return func(c *http.Cookie) bool {
		mu.Lock()
		defer mu.Unlock()
		return which(c) && dice.Float64() < share
	}
}
