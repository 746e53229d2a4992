package wxsim

// NewJSCode is wx.login() of a user: it returns a code for jscode2session. It counts as a visit,
// and the user's session_key is a new one from now on. Any openid of the user will do; the code
// is empty for an unknown one.
func (s *Server) NewJSCode(openID string) string {
	return withPerson(s, openID, func(w *world, p *person) string {
		p.visited, p.keyMadeAt, p.sessionKey = w.now, w.now, newSessionKey()
		return w.issueMini(jsCode, p)
	})
}

// NewPhoneCode returns the code that the getPhoneNumber button gives, for getuserphonenumber.
func (s *Server) NewPhoneCode(openID string) string { return s.newMiniCode(phoneCode, openID) }

// NewPluginCode is wx.pluginLogin(): it returns a code for getpluginopenpid.
func (s *Server) NewPluginCode(openID string) string { return s.newMiniCode(pluginCode, openID) }

func (s *Server) newMiniCode(kind codeKind, openID string) string {
	return withPerson(s, openID, func(w *world, p *person) string { return w.issueMini(kind, p) })
}

func (w *world) issueMini(kind codeKind, p *person) string {
	a := w.first(miniProgram)
	return w.issue(code{kind: kind, app: a, who: a.identity(p, false), sessionKey: p.sessionKey})
}

// pluginOpenPID is POST /wxa/getpluginopenpid. A code of another kind is answered 1007 with an
// errmsg that holds nothing but the request id.
func pluginOpenPID(w *world, r *request, ask struct{ Code string }) answer {
	c, refused := w.spend(ask.Code, pluginCode, r.app)
	if refused != 0 {
		return r.refuseWith(1007, "")
	}
	openPID := "G" + derivedID("plugin", c.who.openID)[1:]
	return r.ok(object("errcode", 0, "errmsg", "ok", "openpid", openPID))
}
