package wxsim

import (
	"net/http"
	"time"
)

type apiHealth struct {
	OK  bool      `json:"ok"`
	URL string    `json:"url"`
	Now time.Time `json:"now"`
}

// appRoutes are the operations about accounts.
func appRoutes(s *Server) []apiRoute {
	return []apiRoute{
		{"GET apps", func(*http.Request) (any, error) { return apiApps{s.Apps()}, nil }},
		{"POST apps", withBody(func(_ *http.Request, ask App) (any, error) {
			added, err := s.AddApp(ask)
			return created{added}, err
		})},
		{"GET apps/{appid}/verify_ticket", func(r *http.Request) (any, error) {
			ticket := s.VerifyTicket(r.PathValue("appid"))
			if ticket == "" {
				return nil, &apiError{
					http.StatusNotFound, "没有这个第三方平台", "no platform has this appid",
				}
			}
			return apiVerifyTicket{ticket}, nil
		}},
	}
}

type apiApps struct {
	Apps []App `json:"apps"`
}

type apiVerifyTicket struct {
	Ticket string `json:"component_verify_ticket"`
}

// worldRoutes are the operations about clock, switches, limits, faults and media.
func worldRoutes(s *Server) []apiRoute {
	return []apiRoute{
		{"GET clock", func(*http.Request) (any, error) { return s.apiClock(), nil }},
		{"POST clock", withBody(func(_ *http.Request, ask struct {
			By string `json:"by"`
		},
		) (any, error) {
			by, err := time.ParseDuration(ask.By)
			if err != nil || by < 0 {
				return nil, badRequest("by 不是 5m、2h 这样的时长",
					"by is not a duration such as 5m or 2h")
			}
			s.Advance(by)
			return s.apiClock(), nil
		})},
		{"GET switches", func(*http.Request) (any, error) { return s.switches(), nil }},
		{"PUT switches", withBody(func(_ *http.Request, ask map[string]bool) (any, error) {
			for name, on := range ask {
				if err := s.Switch(name, on); err != nil {
					return nil, err
				}
			}
			return s.switches(), nil
		})},
		{"GET limits", func(*http.Request) (any, error) { return s.Limits(), nil }},
		{"PUT limits", withBody(func(_ *http.Request, ask map[string]Limit) (any, error) {
			return ask, s.SetLimits(ask)
		})},
		{"GET faults", func(*http.Request) (any, error) {
			return apiFaults{s.faults.active()}, nil
		}},
		{"POST faults", withBody(func(_ *http.Request, ask FaultSpec) (any, error) {
			err := s.FailWith(ask)
			return created{apiFaults{s.faults.active()}}, err
		})},
		{"DELETE faults", func(r *http.Request) (any, error) {
			if path := r.URL.Query().Get("path"); path != "" {
				s.Clear(path)
			} else {
				s.faults.reset()
			}
			return nil, nil
		}},
		{"POST media", withBody(func(_ *http.Request, ask struct {
			Name        string `json:"name"`
			ContentType string `json:"content_type"`
			Data        []byte `json:"data"`
		},
		) (any, error) {
			return created{apiMedia{s.AddMedia(ask.Name, ask.ContentType, ask.Data)}}, nil
		})},
		{"POST reset", withBody(func(_ *http.Request, ask struct {
			Everything bool `json:"everything"`
		},
		) (any, error) {
			if ask.Everything {
				s.Restart()
			} else {
				s.Reset()
			}
			return nil, nil
		})},
	}
}

type apiClock struct {
	Now   time.Time `json:"now"`
	Ahead string    `json:"ahead"` // of the real time
}

func (s *Server) apiClock() apiClock { return apiClock{s.Now(), s.clock.ahead().String()} }

type apiFaults struct {
	Faults []activeFault `json:"faults"`
}

type apiMedia struct {
	MediaID string `json:"media_id"`
}
