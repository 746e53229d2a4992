package wxsim

import (
	"cmp"
	"errors"
	"time"
)

// following is what an official account knows about a follower.
type following struct {
	since time.Time
	scene string // how it began: ADD_SCENE_QR_CODE by a scan, ADD_SCENE_SEARCH otherwise
	qr    *qrCode
}

// setFollowing makes a person follow an account or leave it. If the person follows it already,
// nothing changes.
func (w *world) setFollowing(p *person, a *app, on bool) {
	switch _, already := p.follows[a]; {
	case !on:
		delete(p.follows, a)
	case a.Kind == OfficialAccount && !already:
		p.follows[a] = following{since: w.now, scene: "ADD_SCENE_SEARCH"}
	}
}

// Follow makes a user follow an official account, and returns the event for the account, for
// [Server.Send] and [Server.Message]. An empty appid means the account of the openid.
func (s *Server) Follow(appID, openID string) (Event, error) {
	return s.follow(appID, openID, true)
}

// Unfollow makes a user leave an official account; see [Server.Follow].
func (s *Server) Unfollow(appID, openID string) (Event, error) {
	return s.follow(appID, openID, false)
}

func (s *Server) follow(appID, openID string, on bool) (Event, error) {
	return try(&s.holder, func(w *world) (Event, error) {
		k := w.people[openID]
		a := k.app
		if appID != "" {
			a = w.app(appID)
		}
		if k.person == nil || a == nil || a.Kind != OfficialAccount {
			return Event{}, errors.New("wxsim: no such user or official account")
		}
		w.setFollowing(k.person, a, on)
		e := Event{Type: "unsubscribe", AppID: a.AppID, OpenID: a.openID(k.User)}
		if on {
			e.Type = "subscribe"
		}
		return e, nil
	})
}

// Scan makes a user scan a QR code of qrcode/create, given by its ticket or its content. If the
// user follows the account, the event is SCAN. Otherwise the user follows it now, and the event is
// subscribe, with qrscene_ before the scene. openID may be any openid of the user.
func (s *Server) Scan(openID, code string) (Event, error) {
	return try(&s.holder, func(w *world) (Event, error) {
		p := w.people[openID].person
		c, ok := w.qrCode(code)
		if p == nil || !ok {
			return Event{}, errors.New("wxsim: no such user or QR code, or it has expired")
		}
		e := Event{
			Type: "SCAN", AppID: c.app.AppID, OpenID: c.app.openID(p.User), Key: c.key(),
			Ticket: c.ticket,
		}
		if _, follows := p.follows[c.app]; !follows {
			p.follows[c.app] = following{since: w.now, scene: "ADD_SCENE_QR_CODE", qr: c}
			e.Type, e.Key = "subscribe", "qrscene_"+c.key()
		}
		return e, nil
	})
}

// followerEndpoints are the APIs about followers of an official account, and about QR codes.
func followerEndpoints() []endpoint {
	return []endpoint{
		get("/cgi-bin/user/info", followerInfo).from(OfficialAccount).need("openid", aText, 40003),
		post("/cgi-bin/qrcode/create", body(createQRCode)).from(OfficialAccount).
			need("action_name", aText, 40097).need("action_info", anObject, 40097),
		get("/cgi-bin/showqrcode", showQRCode),
		post("/wxa/getwxacodeunlimit", body(unlimitedCode)).from(MiniProgram).
			need("scene", aText, 40129),
	}
}

// followerInfo is GET /cgi-bin/user/info. Since 2021 the answer has no nickname and no avatar.
func followerInfo(w *world, r *request) answer {
	openID := r.query.Get("openid")
	p, refused := w.visitor(r.app, openID)
	if refused != 0 {
		return r.refuse(40003)
	}
	who := r.app.identity(p, false)
	f, follows := p.follows[r.app]
	pairs := []any{"subscribe", 0, "openid", openID}
	if follows {
		pairs = []any{
			"subscribe", 1, "openid", openID, "language", cmp.Or(r.query.Get("lang"), "zh_CN"),
			"subscribe_time", f.since.Unix(),
		}
	}
	if who.unionID != "" {
		pairs = append(pairs, "unionid", who.unionID)
	}
	if follows {
		pairs = append(pairs, "remark", "", "groupid", 0, "tagid_list", rawJSON("[]"),
			"subscribe_scene", f.scene, "qr_scene", f.qr.number(), "qr_scene_str", f.qr.text())
	}
	return r.ok(object(pairs...))
}
