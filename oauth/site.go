package oauth

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
)

// A site makes the addresses of this site. They are made of PublicURL and not of the Host header
// of a request, which a client can choose.
type site struct {
	publicURL      string
	origin         string // PublicURL without its path
	prefix         string // the path of PublicURL, which a proxy removes; usually empty
	loginPath      string // escaped, and without the prefix
	plainLoginPath string
}

func newSite(cfg Config) site {
	origin := originOf(cfg.PublicURL)
	return site{
		publicURL: cfg.PublicURL, origin: origin, prefix: strings.TrimPrefix(cfg.PublicURL, origin),
		loginPath: (&url.URL{Path: cfg.LoginPath}).EscapedPath(), plainLoginPath: cfg.LoginPath,
	}
}

// redirectTo redirects to a page of this site. The location ends in an empty fragment. Without
// one, browsers keep the #wechat_redirect of WeChat's page, which a hash router in the page would
// take for a route.
func (s *site) redirectTo(v *visit, page target) {
	redirect(v.w, http.StatusFound, s.publicURL+page.String()+"#")
}

// returnTo redirects to a page of this site, or to the home page if raw is none. raw is a path as
// browsers see it, or a whole address.
func (s *site) returnTo(w http.ResponseWriter, status int, raw string) {
	to, ok := s.ownPage(raw)
	if !ok {
		to = s.prefix + "/"
	}
	redirect(w, status, s.origin+to)
}

// ownPage returns the path of raw, as browsers see it, and whether raw is a page of this site
// other than LoginPath.
func (s *site) ownPage(raw string) (string, bool) {
	return safeReturn(s.withoutOrigin(raw), s.prefix+s.plainLoginPath)
}

// withoutOrigin returns the path of an address that begins with PublicURL, and any other address
// unchanged.
func (s *site) withoutOrigin(address string) string {
	rest, ok := strings.CutPrefix(address, s.publicURL)
	switch {
	case !ok || rest != "" && !strings.ContainsAny(rest[:1], "/?#"):
		return address
	case strings.HasPrefix(rest, "/"):
		return s.prefix + rest
	default:
		return cmp.Or(s.prefix, "/") + rest
	}
}
