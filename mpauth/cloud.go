package mpauth

import (
	"net/http"

	"github.com/wxoauth/wxoauth/internal/subject"
)

// cloudSession reads who the user is from the headers of WeChat's cloud hosting. The FROM headers
// count where they are present: then the environment is shared, and the others name its owner.
// A header that comes twice counts as none: one of the two may be the client's.
func cloudSession(h http.Header, appID string) (Session, bool) {
	if one(h, "X-Wx-Source") == "" {
		return Session{}, false // not from WeChat, but from the internet
	}
	prefix := "X-Wx-"
	if len(h.Values("X-Wx-From-Openid"))+len(h.Values("X-Wx-From-Appid")) > 0 {
		prefix = "X-Wx-From-"
	}
	s := Session{AppID: one(h, prefix+"Appid"), OpenID: one(h, prefix+"Openid"), UnionID: one(h, prefix+"Unionid")}
	if !subject.ValidID(s.UnionID) {
		s.UnionID = ""
	}
	return s, s.AppID == appID && subject.ValidID(s.OpenID)
}

// one returns a header's value if there is exactly one.
func one(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}
