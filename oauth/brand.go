package oauth

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/internal/faults"
)

// A Brand describes the site on the pages that this package shows. Every field may be empty.
type Brand struct {
	Name    string // the site's name; if empty, pages that need one show the host of PublicURL
	LogoURL string // a square image: a path of this site such as "/logo.png", or a data: URL
	HomeURL string // where error pages lead back to; default "/"
	// Whom to ask for help: https:, mailto: and tel: URLs become links, any other text is shown.
	Support string
}

// check adds all that is wrong with b, for a site at publicURL, to wrong.
func (b Brand) check(wrong *faults.List, publicURL string) {
	own := func(address string) bool {
		return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") ||
			strings.HasPrefix(address, originOf(publicURL)+"/")
	}
	if logo := b.LogoURL; logo != "" && !own(logo) && !strings.HasPrefix(logo, "data:image/") {
		wrong.If(true, "Brand.LogoURL", "is neither of this site nor data:image/…")
	}
	if home := b.HomeURL; home != "" && !own(home) {
		if u, err := url.Parse(home); err != nil || u.Host == "" ||
			u.Scheme != "https" && u.Scheme != "http" {
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

// A look is what all pages of an [Auth] have in common.
type look struct {
	brand     Brand
	publicURL string
}

// unknownLook is for the page of a Failure that the app has made.
var unknownLook look //nolint:gochecknoglobals // never changed

// address returns the whole URL of a path of the site, and any other URL unchanged.
func (l *look) address(url string) string {
	if strings.HasPrefix(url, "/") {
		return l.publicURL + url
	}
	return url
}

// home returns the URL of the home page.
func (l *look) home() string { return l.address(cmp.Or(l.brand.HomeURL, "/")) }

// siteName returns the name of the site for use in a sentence.
func (l *look) siteName() string {
	_, host, _ := strings.Cut(originOf(l.publicURL), "://")
	return cmp.Or(l.brand.Name, host)
}
