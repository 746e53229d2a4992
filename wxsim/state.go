package wxsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A state is what can be saved: apps, users, codes, tokens, followers, QR codes and the clock.
// Pictures, payments, faults, switches, limits and calls are not saved.
type state struct {
	Version int           `json:"version"`
	Ahead   time.Duration `json:"ahead"` // nanoseconds by which the clock was moved
	Apps    []stateApp    `json:"apps"`
	People  []statePerson `json:"people"`
	Grants  []stateGrant  `json:"grants"`
	Codes   []stateCode   `json:"codes"`
	QRCodes []stateQRCode `json:"qr_codes"`
	Links   int           `json:"permanent_links"`
	QRs     int           `json:"permanent_qr_codes"`
}

const stateVersion = 1

type stateApp struct {
	App     App               `json:"app"`
	Tokens  []stateToken      `json:"tokens"`
	Tickets map[string]ticket `json:"tickets"`
}

type stateToken struct {
	Kind    int       `json:"kind"`
	Current bool      `json:"current"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	VoidAt  time.Time `json:"void_at"`
}

type statePerson struct {
	User    User                      `json:"user"`
	Revoked int                       `json:"revoked"`
	Visits  map[string]visit          `json:"visits"`  // by appid
	Follows map[string]stateFollowing `json:"follows"` // by appid
}

type stateFollowing struct {
	Since  time.Time `json:"since"`
	Scene  string    `json:"scene"`
	Ticket string    `json:"ticket"` // of the QR code by which it began
}

type stateIdentity struct {
	User     string `json:"user"` // openid at the first official account
	Snapshot bool   `json:"snapshot"`
	SeenAt   string `json:"seen_at"`
}

type stateGrant struct {
	AppID        string        `json:"appid"`
	Who          stateIdentity `json:"who"`
	Scope        string        `json:"scope"`
	Revoked      int           `json:"revoked"`
	AccessToken  string        `json:"access_token"`
	AccessEnd    time.Time     `json:"access_end"`
	RefreshToken string        `json:"refresh_token"`
	RefreshEnd   time.Time     `json:"refresh_end"`
}

type stateCode struct {
	Text       string        `json:"text"`
	At         time.Time     `json:"at"`
	Kind       codeKind      `json:"kind"`
	AppID      string        `json:"appid"`
	Platform   string        `json:"platform"`
	Who        stateIdentity `json:"who"`
	Scope      string        `json:"scope"`
	SessionKey string        `json:"session_key"`
	Expires    time.Time     `json:"expires"`
	Used       bool          `json:"used"`
}

type stateQRCode struct {
	AppID   string    `json:"appid"`
	Ticket  string    `json:"ticket"`
	ID      string    `json:"id"`
	Scene   scene     `json:"scene"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
}

// Save returns the state for [Server.Restore] as JSON. It contains secrets and tokens of the
// simulator.
func (s *Server) Save() ([]byte, error) {
	return json.Marshal(hold(&s.holder, func(w *world) state {
		saved := state{
			Version: stateVersion, Ahead: w.clock.ahead(), Links: w.permanentLinks,
			QRs: w.permanentQRs,
		}
		for _, a := range w.apps {
			saved.Apps = append(saved.Apps, stateApp{App: a.App, Tickets: maps.Clone(a.tickets)})
		}
		for t, at := range w.appTokens.all() {
			i := slices.Index(w.apps, t.app)
			saved.Apps[i].Tokens = append(saved.Apps[i].Tokens, stateToken{
				t.kind, t == t.app.tokens[t.kind].current, t.text, at, t.expires, t.voidAt,
			})
		}
		for _, p := range w.everybody {
			one := p.state()
			if w.url != "" && strings.HasPrefix(p.HeadImgURL, w.url+avatarPath) {
				// The simulator may have another address next time.
				one.User.HeadImgURL = madeUpAvatar + p.OpenID + "/132"
			}
			saved.People = append(saved.People, one)
		}
		for g := range w.refresh.all() {
			saved.Grants = append(saved.Grants, stateGrant{
				g.app.AppID, g.who.state(), g.scope, g.revoked, g.accessToken, g.accessEnd,
				g.refreshToken, g.refreshEnd,
			})
		}
		for c, at := range w.codes.all() {
			platform := ""
			if c.platform != nil {
				platform = c.platform.AppID
			}
			saved.Codes = append(saved.Codes, stateCode{
				c.text, at, c.kind, c.app.AppID, platform, c.who.state(), c.scope, c.sessionKey,
				c.expires, c.used,
			})
		}
		var last *qrCode
		for c, at := range w.qrCodes.all() {
			if c == last {
				continue // each is there twice: by ticket and by id
			}
			last = c
			saved.QRCodes = append(saved.QRCodes, stateQRCode{
				c.app.AppID, c.ticket, c.id, c.scene, at, c.expires,
			})
		}
		return saved
	}))
}

func (p *person) state() statePerson {
	saved := statePerson{
		User: p.User, Revoked: p.revoked, Visits: map[string]visit{},
		Follows: map[string]stateFollowing{},
	}
	for a, v := range p.visits {
		saved.Visits[a.AppID] = *v
	}
	for a, f := range p.follows {
		ticket := ""
		if f.qr != nil {
			ticket = f.qr.ticket
		}
		saved.Follows[a.AppID] = stateFollowing{f.since, f.scene, ticket}
	}
	return saved
}

func (i identity) state() stateIdentity {
	return stateIdentity{i.person.OpenID, i.snapshot, i.seenAt}
}

// Restore restores the state of [Server.Save]. It is for a simulator that has just been made. If
// its Config and the state have the same app or user, that of the Config is taken; its made-up
// ones are replaced by those of the state.
func (s *Server) Restore(data []byte) error {
	var saved state
	if err := json.Unmarshal(data, &saved); err != nil {
		return fmt.Errorf("wxsim: state: %w", err)
	}
	if saved.Version != stateVersion {
		return fmt.Errorf("wxsim: the state is of version %d, not %d", saved.Version, stateVersion)
	}
	return hold(&s.holder, func(w *world) error { return w.restore(saved) })
}

func (w *world) restore(saved state) error {
	for _, a := range saved.Apps {
		if fault := a.App.check(); fault != nil {
			return fmt.Errorf("wxsim: state: app %w", fault)
		}
	}
	w.clock.advance(saved.Ahead - w.clock.ahead())
	w.permanentLinks, w.permanentQRs = saved.Links, saved.QRs
	w.apps = slices.DeleteFunc(w.apps, func(a *app) bool {
		return a.madeUp && slices.ContainsFunc(saved.Apps, func(b stateApp) bool {
			return b.App.Kind == a.Kind
		})
	})
	for _, a := range saved.Apps {
		restoreApp(w, a)
	}
	if slices.ContainsFunc(saved.People, func(p statePerson) bool {
		return w.people[p.User.OpenID].person == nil
	}) {
		w.everybody = slices.DeleteFunc(w.everybody, func(p *person) bool { return p.madeUp })
	}
	w.people = map[string]known{}
	for _, p := range w.everybody {
		w.know(p)
	}
	for _, c := range saved.QRCodes {
		if a := w.app(c.AppID); a != nil {
			made := &qrCode{app: a, ticket: c.Ticket, id: c.ID, scene: c.Scene, expires: c.Expires}
			w.qrCodes.put(c.Ticket, made, c.At)
			w.qrCodes.put(c.ID, made, c.At)
		}
	}
	for _, p := range saved.People {
		restorePerson(w, p)
	}
	for _, g := range saved.Grants {
		if a, who, ok := restoreIdentity(w, g.AppID, g.Who); ok {
			made := &grant{
				a, who, g.Scope, g.Revoked, g.AccessToken, g.AccessEnd, g.RefreshToken,
				g.RefreshEnd,
			}
			w.refresh.put(g.RefreshToken, made, g.RefreshEnd.Add(-refreshLife))
			w.access.put(g.AccessToken, made, g.AccessEnd.Add(-tokenLife))
		}
	}
	for _, c := range saved.Codes {
		if a, who, ok := restoreIdentity(w, c.AppID, c.Who); ok {
			w.codes.put(c.Text, &code{
				c.Text, c.Kind, a, w.app(c.Platform), who, c.Scope, c.SessionKey, c.Expires, c.Used,
			}, c.At)
		}
	}
	w.remember()
	return nil
}

func restoreApp(w *world, saved stateApp) {
	a := w.app(saved.App.AppID)
	if a == nil {
		a = w.addApp(saved.App)
	}
	maps.Copy(a.tickets, saved.Tickets)
	for _, t := range saved.Tokens {
		made := &appToken{
			kind: int(uint(t.Kind) % uint(len(a.tokens))), text: t.Text, app: a, expires: t.Expires,
			voidAt: t.VoidAt,
		}
		if t.Current {
			a.tokens[made.kind].current = made
		}
		w.appTokens.put(t.Text, made, t.At)
	}
}

func restorePerson(w *world, saved statePerson) {
	p := w.people[saved.User.OpenID].person
	if p == nil {
		w.addUser(saved.User)
		p = w.people[saved.User.OpenID].person
	}
	p.revoked = saved.Revoked
	for appID, v := range saved.Visits {
		if a := w.app(appID); a != nil {
			p.visits[a] = &v
		}
	}
	for appID, f := range saved.Follows {
		if a := w.app(appID); a != nil {
			qr, _ := w.qrCodes.get(f.Ticket, w.now)
			p.follows[a] = following{f.Since, f.Scene, qr}
		}
	}
}

// restoreIdentity returns app and user, and false if the configuration no longer has them.
func restoreIdentity(w *world, appID string, saved stateIdentity) (*app, identity, bool) {
	a, p := w.app(appID), w.people[saved.User].person
	if a == nil || p == nil {
		return nil, identity{}, false
	}
	who := a.identity(p, saved.Snapshot)
	who.seenAt = saved.SeenAt
	return a, who, true
}
