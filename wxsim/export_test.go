package wxsim

import (
	"net/http"
	"net/url"
)

// APIRoutes are the routes of the control API, such as "GET users".
func APIRoutes() []string {
	var all []string
	for _, route := range apiRoutes(nil) {
		all = append(all, route.pattern)
	}
	return all
}

// MayShow reports whether the visitor's phone opens an address.
func (s *Server) MayShow(r *http.Request, target *url.URL) bool { return s.mayShow(r, target) }
