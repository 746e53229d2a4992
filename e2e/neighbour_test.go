package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

// A neighbour of the shop on the same domain plants cookies in the visitor's browser: the session
// of its own account, under names that differ from the shop's by a blank of Unicode. The browser takes
// them, and sends them before the shop's own, as their path is longer.
func TestNeighbourPlantsCookies(t *testing.T) {
	onEach(t, func(t *testing.T, framework string) {
		d := newDomain(t, framework)
		neighbour := newProfile(t, wechatAgent)
		neighbour.open(d.shop + "/me")
		neighbour.do(pick("韩梅梅"))
		neighbour.click(allow)
		neighbour.at(d.shop+"/me", "韩梅梅")
		for _, c := range call(neighbour, network.GetCookies, network.GetCookiesParams{URLs: []string{d.shop + "/me"}}).Cookies {
			if strings.HasPrefix(c.Name, "__Host-wx") {
				d.plant = append(d.plant, c.Name+"="+c.Value)
			}
		}
		require.NotEmpty(t, d.plant, "the neighbour has no cookie of the shop")

		visitor := newProfile(t, wechatAgent)
		visitor.open(d.neighbour + "/")
		visitor.open(d.shop + "/me")
		require.NotContains(t, visitor.text("h1"), "韩梅梅", "a visitor is signed in as the neighbour")
		visitor.click(allow)
		visitor.at(d.shop+"/me", "小明")
		visitor.open(d.neighbour + "/")
		visitor.open(d.shop + "/me")
		visitor.at(d.shop+"/me", "小明")
		if planted := d.plantedFirst(); planted < len(blanks) {
			t.Errorf("the browser sent %d planted cookies before the shop's, want %d or more, or this test sees nothing", planted, len(blanks))
		}
	})
}

var blanks = []string{"\u0085", "\u00a0", "\u1680", "\u2000", "\u2003", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}

// A domain has a shop and its neighbour, at https addresses of one port.
type domain struct {
	shop, neighbour string
	plant           []string // name=value of cookies that the neighbour plants

	mu   sync.Mutex
	last string // Cookie header that the shop was sent with its session
}

func newDomain(t *testing.T, framework string) *domain {
	t.Helper()
	d := &domain{}
	var toApp http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "evil.") {
			d.beNeighbour(w)
			return
		}
		d.mu.Lock()
		if header := r.Header.Get("Cookie"); strings.Contains(header, "; __Host-wx-") && r.URL.Path == "/me" {
			d.last = header
		}
		d.mu.Unlock()
		toApp.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	d.shop, d.neighbour = "https://shop.lan.test:"+port, "https://evil.lan.test:"+port
	addr := freeAddress(t)
	start(t, framework, append(addressed(simulate(t)), "ADDR="+addr, "PUBLIC_URL="+d.shop)...)
	toApp = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	return d
}

func (d *domain) beNeighbour(w http.ResponseWriter) {
	for _, cookie := range d.plant {
		for _, blank := range blanks {
			w.Header().Add("Set-Cookie", blank+cookie+"; Domain=lan.test; Path=/me; Secure; HttpOnly")
		}
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<h1>a neighbour</h1>"))
}

// plantedFirst counts the planted cookies that the shop was sent before its session's own.
func (d *domain) plantedFirst() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, _, _ := strings.Cut(d.last, "; __Host-wx-")
	for pair := range strings.SplitSeq(before, "; ") {
		if slices.ContainsFunc(blanks, func(blank string) bool { return strings.HasPrefix(pair, blank+"__Host-wx-") }) {
			n++
		}
	}
	return n
}
