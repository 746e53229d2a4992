package wxsim

import (
	"time"
)

// A grant is what a user has granted with an access_token and a refresh_token.
type grant struct {
	app   *app
	who   identity
	scope string
	// The person's count when the grant was made; if that is higher now, the grant is void.
	revoked int

	accessToken  string
	accessEnd    time.Time
	refreshToken string
	refreshEnd   time.Time
}

func (g *grant) dead() bool { return g.revoked != g.who.person.revoked }

// newAccessToken gives the grant a token of WeChat's length and alphabet.
func newAccessToken(w *world, g *grant) {
	g.accessToken = "92_" + randomText(107, urlSafe)
	w.access.put(g.accessToken, g, w.now)
}

func newRefreshToken(w *world, g *grant) {
	g.refreshToken = "92_" + randomText(107, urlSafe)
	g.refreshEnd = w.now.Add(refreshLife)
	w.refresh.put(g.refreshToken, g, w.now)
}

// exchange is GET /sns/oauth2/access_token. Libraries for any OAuth send a POST, with some or all
// parameters in a form, and WeChat answers that, too.
func exchange(w *world, r *request) answer {
	r = r.withForm()
	a, code := credentials(w, r, OfficialAccount, WebsiteApp)
	if code != 0 {
		return r.refuse(code)
	}
	return exchangeCode(w, r, a, nil)
}

// exchangeCode answers a code with the tokens. The call is the app's own or that of a platform.
func exchangeCode(w *world, r *request, a, platform *app) answer {
	switch {
	case r.query.Get("code") == "":
		return r.refuse(41008)
	case r.query.Get("grant_type") != "authorization_code":
		return r.refuse(40002)
	}
	if c, ok := w.codes.get(r.query.Get("code"), w.now); ok && c.platform != platform {
		return r.refuse(40029)
	}
	c, refused := w.spend(r.query.Get("code"), webCode, a)
	if refused != 0 {
		return r.refuse(refused)
	}
	g := &grant{
		app: a, who: c.who, scope: c.scope, revoked: c.who.person.revoked,
		accessEnd: w.now.Add(tokenLife),
	}
	newAccessToken(w, g)
	newRefreshToken(w, g)
	pairs := g.tokenPairs()
	if g.who.snapshot {
		pairs = append(pairs, "is_snapshotuser", 1)
	}
	if g.scope != scopeBase && g.who.unionID != "" {
		pairs = append(pairs, "unionid", g.who.unionID)
	}
	return r.ok(object(pairs...))
}

func (g *grant) tokenPairs() []any {
	return []any{
		"access_token", g.accessToken,
		"expires_in", int(tokenLife / time.Second),
		"refresh_token", g.refreshToken,
		"openid", g.who.openID,
		"scope", g.scope,
	}
}

// credentials returns the app whose appid and secret a call has, or the code of the refusal.
func credentials(w *world, r *request, kinds ...Kind) (*app, int) {
	return w.checkCredentials(r.query.Get("appid"), r.query.Get("secret"), kinds)
}

// refreshTokens is GET /sns/oauth2/refresh_token. It needs no secret.
func refreshTokens(w *world, r *request) answer {
	a := w.app(r.query.Get("appid"))
	switch {
	case r.query.Get("appid") == "":
		return r.refuse(41002)
	case a == nil || a.Kind != OfficialAccount && a.Kind != WebsiteApp:
		return r.refuse(40013)
	}
	return refreshGrant(w, r, a, nil)
}

// refreshGrant renews the access_token of an app's user. If it has not expired, it is kept and its
// time begins again. If the refresh_token is kept, its 30 days do not begin again.
func refreshGrant(w *world, r *request, a, _ *app) answer {
	switch {
	case r.query.Get("refresh_token") == "":
		return r.refuse(41003)
	case r.query.Get("grant_type") != "refresh_token":
		return r.refuse(40002)
	}
	g, ok := w.refresh.get(r.query.Get("refresh_token"), w.now)
	switch {
	case !ok || g.app != a || g.refreshToken != r.query.Get("refresh_token"):
		return r.refuse(40030)
	case g.dead():
		return r.refuse(42007)
	case !w.now.Before(g.refreshEnd):
		return r.refuse(42002)
	}
	if !w.now.Before(g.accessEnd) {
		newAccessToken(w, g)
	}
	g.accessEnd = w.now.Add(tokenLife)
	if w.cfg.RotateRefreshTokens {
		newRefreshToken(w, g)
	}
	return r.ok(object(g.tokenPairs()...))
}

// userGrant returns the grant of the access_token in the query, or the code of the refusal.
func userGrant(w *world, r *request) (*grant, int) {
	token, openID := r.query.Get("access_token"), r.query.Get("openid")
	g, ok := w.access.get(token, w.now)
	switch {
	case token == "":
		return nil, 41001
	case openID == "":
		return nil, 41009
	case !ok:
		return nil, 40001
	case g.dead():
		return nil, 42007
	case g.accessToken != token || !w.now.Before(g.accessEnd):
		return nil, 42001
	case openID != g.who.openID:
		return nil, 40003
	}
	return g, 0
}

// checkGrant is GET /sns/auth.
func checkGrant(w *world, r *request) int {
	_, code := userGrant(w, r)
	return code
}

// userInfo is GET /sns/userinfo. The parameter lang was about names of regions, which WeChat no
// longer gives.
func userInfo(w *world, r *request) answer {
	g, code := userGrant(w, r)
	switch {
	case code != 0:
		return r.refuse(code)
	case g.scope == scopeBase:
		return r.refuse(48001)
	}
	u := g.who.person.User
	if g.who.snapshot {
		u = User{}
	}
	// The present profile, which may have changed.
	who := g.app.identity(g.who.person, g.who.snapshot)
	pairs := []any{
		"openid", who.openID,
		"nickname", who.nickname,
		"sex", u.Sex,
		"language", u.Language,
		"province", u.Province,
		"city", u.City,
		"country", u.Country,
		"headimgurl", w.avatarFor(g.who.seenAt, who.avatar),
		"privilege", u.Privilege,
	}
	if who.unionID != "" {
		pairs = append(pairs, "unionid", who.unionID)
	}
	return r.ok(object(pairs...))
}
