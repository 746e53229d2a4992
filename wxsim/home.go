package wxsim

import "net/http"

func (s *Server) homePage(r *http.Request) answer { return s.render("home", newPage(r)) }
