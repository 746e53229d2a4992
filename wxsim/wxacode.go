package wxsim

import (
	"net/url"
	"strings"
)

// unlimitedCode is POST /wxa/getwxacodeunlimit: a picture that opens the mini program with a scene
// of at most 32 characters. WeChat's is round; this one is a QR code.
func unlimitedCode(_ *world, r *request, ask struct {
	Scene, Page string
	Width       int
},
) answer {
	const alsoAllowed = "!#$&'()*+,/:;=?@-._~"
	switch {
	case len(ask.Scene) > 32 || strings.Trim(ask.Scene, alphanumeric+alsoAllowed) != "":
		return r.refuse(40129)
	case strings.HasPrefix(ask.Page, "/") || strings.Contains(ask.Page, "?"):
		return r.refuse(41030)
	case ask.Width != 0 && (ask.Width < 280 || ask.Width > 1280):
		return r.refuse(40097)
	}
	return pictureOf(origin(r.Request)+miniPath+"?"+url.Values{
		"appid": {r.app.AppID}, "scene": {ask.Scene}, "page": {ask.Page},
	}.Encode(), "image/jpeg")
}

const miniPath = "/wxsim/mini"
