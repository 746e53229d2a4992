package oauth

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
)

// A site knows its own addresses. Everything that leads somewhere is made of PublicURL, and of
// nothing that a request says of its host.
type site struct {
	publicURL      string
	origin         string // PublicURL without its path
	prefix         string // the path of PublicURL, which a proxy takes away; mostly empty
	loginPath      string // escaped, as it arrives here
	plainLoginPath string
}

func newSite(cfg Config) site {
	origin := originOf(cfg.PublicURL)
	return site{
		publicURL: cfg.PublicURL, origin: origin, prefix: strings.TrimPrefix(cfg.PublicURL, origin),
		loginPath: (&url.URL{Path: cfg.LoginPath}).EscapedPath(), plainLoginPath: cfg.LoginPath,
	}
}

// redirectTo goes on to a page of this site. Its fragment is empty: browsers carry the
// #wechat_redirect of WeChat's page over redirects that have none, and a hash router would look for
// a route of that name.
func (s *site) redirectTo(v *visit, page target) {
	redirect(v.w, http.StatusFound, s.publicURL+page.String()+"#")
}

// returnTo redirects to a page of this site. raw is a path as browsers see it, or the whole address.
func (s *site) returnTo(w http.ResponseWriter, status int, raw string) {
	to, ok := s.ownPage(raw)
	if !ok {
		to = s.prefix + "/"
	}
	redirect(w, status, s.origin+to)
}

// ownPage returns the path, as browsers see it, of a page of this site other than LoginPath. False:
// raw is no such page.
func (s *site) ownPage(raw string) (string, bool) {
	return safeReturn(s.withoutOrigin(raw), s.prefix+s.plainLoginPath)
}

// withoutOrigin returns the path of an address that begins with PublicURL. Everything else is
// returned as it is.
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
