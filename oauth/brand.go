package oauth

import (
	"cmp"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/internal/faults"
)

// A Brand is what the pages of this library show of the site that they belong to. Every field may
// be empty.
type Brand struct {
	Name    string // the site's name; default on pages that need one: the host of PublicURL
	LogoURL string // a square image of this site, "/logo.png", or a data: URL
	HomeURL string // where error pages lead back to; default "/"
	Support string // whom to ask: https:, mailto: and tel: become links, all else is shown as it is
}

// faults returns all that is wrong with b on a site at publicURL.
func (b Brand) check(wrong *faults.List, publicURL string) {
	own := func(address string) bool {
		return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") || strings.HasPrefix(address, originOf(publicURL)+"/")
	}
	if logo := b.LogoURL; logo != "" && !own(logo) && !strings.HasPrefix(logo, "data:image/") {
		wrong.If(true, "Brand.LogoURL", "is neither of this site nor data:image/…")
	}
	if home := b.HomeURL; home != "" && !own(home) {
		if u, err := url.Parse(home); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			wrong.If(true, "Brand.HomeURL", "is neither a path nor an http(s) URL")
		}
	}
}

// originOf returns a URL without its path.
func originOf(publicURL string) string {
	scheme, rest, _ := strings.Cut(publicURL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// A look is what all pages of one [Auth] share.
type look struct {
	brand     Brand
	publicURL string
}

// unknownLook is that of a Failure whose site is not known.
var unknownLook look //nolint:gochecknoglobals // never changed

// address makes a path of the site a whole URL.
func (l *look) address(url string) string {
	if strings.HasPrefix(url, "/") {
		return l.publicURL + url
	}
	return url
}

// home is where pages link to.
func (l *look) home() string { return l.address(cmp.Or(l.brand.HomeURL, "/")) }

// siteName names the site in a sentence.
func (l *look) siteName() string {
	_, host, _ := strings.Cut(originOf(l.publicURL), "://")
	return cmp.Or(l.brand.Name, host)
}

// newFailureCode names one failure, on its page and in the log: 8 characters, easy to read out.
func newFailureCode() string { return rand.Text()[:8] }
