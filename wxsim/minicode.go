package wxsim

// NewJSCode is wx.login() of a user: it returns a code for jscode2session. It counts as a visit,
// and gives the user a new session_key. The mini program is the one of the openid, or if the
// openid is that of another app, the first one; that is so in all methods that stand for a phone.
// The code is empty for an unknown openid.
func (s *Server) NewJSCode(openID string) string {
	return withPerson(s, openID, func(w *world, k known) string {
		v := k.visit(w.mini(k))
		v.At, v.KeyMadeAt, v.SessionKey = w.now, w.now, newSessionKey()
		return w.issueMini(jsCode, k)
	})
}

// NewPhoneCode returns the code of a getPhoneNumber button, for getuserphonenumber.
func (s *Server) NewPhoneCode(openID string) string { return s.newMiniCode(phoneCode, openID) }

// NewPluginCode is wx.pluginLogin(): it returns a code for getpluginopenpid.
func (s *Server) NewPluginCode(openID string) string { return s.newMiniCode(pluginCode, openID) }

func (s *Server) newMiniCode(kind codeKind, openID string) string {
	return withPerson(s, openID, func(w *world, k known) string { return w.issueMini(kind, k) })
}

func (w *world) issueMini(kind codeKind, k known) string {
	a := w.mini(k)
	return w.issue(code{
		kind: kind, app: a, who: a.identity(k.person, false), sessionKey: k.visit(a).SessionKey,
	})
}

// mini returns the mini program of an openid, or the first one if the openid is that of another
// app.
func (w *world) mini(k known) *app {
	if k.app.Kind == MiniProgram {
		return k.app
	}
	return w.first(MiniProgram)
}

// pluginOpenPID is POST /wxa/getpluginopenpid. A code of another kind is refused with 1007 and an
// errmsg with only the request id.
func pluginOpenPID(w *world, r *request, ask struct{ Code string }) answer {
	c, refused := w.spend(ask.Code, pluginCode, r.app)
	if refused != 0 {
		return r.refuseWith(1007, "")
	}
	openPID := "G" + derivedID("plugin", c.who.openID)[1:]
	return r.ok(object("errcode", 0, "errmsg", "ok", "openpid", openPID))
}
