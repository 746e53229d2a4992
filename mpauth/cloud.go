package mpauth

import (
	"net/http"

	"github.com/wxoauth/wxoauth/internal/subject"
)

// cloudSession returns the user that the headers of WeChat's cloud hosting name. If the X-Wx-From
// headers are present, the environment is shared with other apps: they name the app and its user,
// and the headers without From name the owner of the environment. A header that comes twice is
// treated as missing, because one of the two may have been added by the client.
func cloudSession(h http.Header, appID string) (Session, bool) {
	if one(h, "X-Wx-Source") == "" {
		// The request came from the internet, not through WeChat, which always sets this header.
		return Session{}, false
	}
	prefix := "X-Wx-"
	if len(h.Values("X-Wx-From-Openid"))+len(h.Values("X-Wx-From-Appid")) > 0 {
		prefix = "X-Wx-From-"
	}
	s := Session{
		AppID: one(h, prefix+"Appid"), OpenID: one(h, prefix+"Openid"),
		UnionID: one(h, prefix+"Unionid"),
	}
	if !subject.ValidID(s.UnionID) {
		s.UnionID = ""
	}
	return s, s.AppID == appID && subject.ValidID(s.OpenID)
}

// one returns the value of a header that comes exactly once, and otherwise "".
func one(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}
