package wxsim

import "net/http"

// pushRoutes are messages to the apps.
func pushRoutes(s *Server) []apiRoute {
	return []apiRoute{
		{"POST push", withBody(s.pushByAPI)},
		{"POST push/verify", withBody(func(r *http.Request, ask apiPush) (any, error) {
			target, config, err := s.target(ask)
			if err != nil {
				return nil, err
			}
			if err := s.VerifyPushURL(r.Context(), target.URL, config); err != nil {
				return nil, pushFailed(err)
			}
			return nil, nil
		})},
		{"POST push/message", withBody(func(_ *http.Request, ask struct {
			Event  Event      `json:"event"`
			Format PushFormat `json:"format"`
		},
		) (any, error) {
			message, err := s.Message(ask.Format, ask.Event)
			return apiMessage{string(message)}, err
		})},
		{"POST push/open", withBody(func(_ *http.Request, ask apiPush) (any, error) {
			_, config, err := s.target(ask)
			if err != nil {
				return nil, err
			}
			message, err := s.OpenReply(config, []byte(ask.Message))
			return apiMessage{string(message)}, err
		})},
	}
}

type apiPush struct {
	Event Event `json:"event"`
	// Instead of the event, as it is; of push/open the sealed answer.
	Message string      `json:"message"`
	Target  *PushTarget `json:"target"` // default: the app's own
	Blanks  bool        `json:"blanks"` // whether XML has blanks round the CDATA
}

type apiMessage struct {
	Message string `json:"message"`
}

type apiEvent struct {
	Event Event       `json:"event"`
	Push  *PushResult `json:"push,omitempty"` // absent if the app has no push URL
}

func pushFailed(err error) error {
	return &apiError{
		http.StatusBadGateway, "推送失败：" + err.Error(), "the push failed: " + err.Error(),
	}
}

// target returns where a push goes, and with which keys.
func (s *Server) target(ask apiPush) (PushTarget, PushConfig, error) {
	a := hold(&s.holder, func(w *world) App {
		if a := w.app(ask.Event.AppID); a != nil {
			return a.App
		}
		if k := w.people[ask.Event.OpenID]; k.person != nil && ask.Event.AppID == "" {
			return k.app.App
		}
		if ask.Event.AppID == "" {
			return w.first(MiniProgram).App
		}
		return App{}
	})
	target := ask.Target
	if target == nil {
		target = a.Push
	}
	switch {
	case a.AppID == "":
		return PushTarget{}, PushConfig{}, &apiError{
			http.StatusNotFound, "没有这个 appid", "no app has this appid",
		}
	case target == nil:
		return PushTarget{}, PushConfig{}, &apiError{
			http.StatusConflict, "这个账号没有配置推送，请求里也没有 target",
			"the app has no push URL, and the call has no target",
		}
	}
	if fault := target.check(); fault != nil {
		return PushTarget{}, PushConfig{}, fault
	}
	config := target.config(Event{AppID: a.AppID, OpenID: ask.Event.OpenID})
	config.Blanks = ask.Blanks
	return *target, config, nil
}

// pushByAPI is POST push.
func (s *Server) pushByAPI(r *http.Request, ask apiPush) (any, error) {
	target, config, err := s.target(ask)
	if err != nil {
		return nil, err
	}
	message := []byte(ask.Message)
	if len(message) == 0 {
		ask.Event.AppID = config.AppID
		if message, err = s.Message(target.Format, ask.Event); err != nil {
			return nil, err
		}
	}
	result, err := s.deliver(r.Context(), target.URL, config, message)
	if err != nil {
		return nil, pushFailed(err)
	}
	return result, nil
}
