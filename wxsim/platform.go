package wxsim

// platformEndpoints are the APIs that a third-party platform calls instead of the sns ones, with a
// token of its own instead of the app's secret.
func platformEndpoints() []endpoint {
	return []endpoint{
		post("/cgi-bin/component/api_component_token", body(componentToken)).
			need("component_appid", aText, 41018).need("component_appsecret", aText, 41004).
			need("component_verify_ticket", aText, 61006),
		get("/sns/oauth2/component/access_token", forPlatform(OfficialAccount, exchangeCode)),
		get("/sns/oauth2/component/refresh_token", forPlatform(OfficialAccount, refreshGrant)),
		get("/sns/component/jscode2session", forPlatform(MiniProgram, openSession)),
	}
}

// componentToken is POST /cgi-bin/component/api_component_token. The ticket never changes here;
// WeChat pushes a new one every ten minutes.
func componentToken(w *world, r *request, ask struct {
	AppID  string `json:"component_appid"`
	Secret string `json:"component_appsecret"`
	Ticket string `json:"component_verify_ticket"`
},
) answer {
	a, refused := w.checkCredentials(ask.AppID, ask.Secret, []Kind{Platform})
	switch {
	case refused != 0:
		return r.refuse(refused)
	case ask.Ticket != a.verifyTicket():
		return r.refuse(61006)
	}
	t := w.replaceToken(a, classicToken, w.now.Add(tokenOverlap))
	return r.ok(object("component_access_token", t.text, "expires_in", int(tokenLife.Seconds())))
}

// verifyTicket returns the component_verify_ticket of a platform.
func (a App) verifyTicket() string { return "ticket@@@" + sha256Hex(a.AppID+a.Secret) }

// VerifyTicket returns the component_verify_ticket of a platform, which WeChat pushes to it, for
// api_component_token. It is empty for an appid of another kind.
func (s *Server) VerifyTicket(appID string) string {
	return hold(&s.holder, func(w *world) string {
		if a := w.app(appID); a != nil && a.Kind == Platform {
			return a.verifyTicket()
		}
		return ""
	})
}

// forPlatform checks the app of a platform's call and that the token is the platform's.
func forPlatform(
	kind Kind, run func(w *world, r *request, a, platform *app) answer,
) func(*world, *request) answer {
	return func(w *world, r *request) answer {
		a, platform := w.app(r.query.Get("appid")), w.app(r.query.Get("component_appid"))
		tokenOf, refused := w.tokenApp(r.query.Get("component_access_token"))
		switch {
		case r.query.Get("appid") == "":
			return r.refuse(41002)
		case r.query.Get("component_appid") == "":
			return r.refuse(41018)
		case a == nil || a.Kind != kind || platform == nil || platform.Kind != Platform:
			return r.refuse(40013)
		case refused != 0:
			return r.refuse(refused)
		case tokenOf != platform:
			return r.refuse(40001)
		}
		return run(w, r, a, platform)
	}
}
