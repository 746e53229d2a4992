package wxsim

import "strings"

// phoneNumber is POST /wxa/business/getuserphonenumber. Unlike other codes, one of another mini
// program is refused with 40013.
func phoneNumber(w *world, r *request, ask struct{ Code, OpenID string }) answer {
	c, ok := w.codes.get(ask.Code, w.now)
	switch {
	case ok && c.kind == phoneCode && c.app != r.app:
		return r.refuse(40013)
	case ok && ask.OpenID != "" && ask.OpenID != c.who.openID:
		return r.refuse(40003)
	}
	c, refused := w.spend(ask.Code, phoneCode, r.app)
	if refused != 0 {
		return r.refuse(refused)
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "phone_info",
		rawJSON(w.phoneData(r.app, c.who.person))))
}

// phoneData returns a user's telephone number as WeChat writes it: only a foreign one has the
// country code.
func (w *world) phoneData(a *app, p *person) string {
	full, pure, country := p.Phone, p.Phone, "86"
	if prefix, rest, ok := strings.Cut(strings.TrimPrefix(p.Phone, "+"), " "); ok {
		full, pure, country = "+"+prefix+rest, rest, prefix
	}
	return object("phoneNumber", full, "purePhoneNumber", pure, "countryCode", country, "watermark",
		w.watermark(a))
}

// watermark returns WeChat's note of the app and the time in encrypted data.
func (w *world) watermark(a *app) rawJSON {
	return rawJSON(object("timestamp", w.now.Unix(), "appid", a.AppID))
}
