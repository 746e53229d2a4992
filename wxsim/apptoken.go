package wxsim

import (
	"slices"
	"time"
)

// The two kinds of app access_token. A new token of one kind does not end one of the other.
const (
	classicToken = iota // GET /cgi-bin/token
	stableToken         // POST /cgi-bin/stable_token
)

const (
	tokenOverlap   = 5 * time.Minute  // how long a replaced token still works
	forcePause     = 30 * time.Second // least time between forced refreshes
	forcedPerDay   = 20
	appTokenLength = 136
)

// appTokens are the tokens of one kind that an app has.
type appTokens struct {
	current  *appToken
	forcedAt time.Time
	forced   counter
}

// An appToken is an app's access_token.
type appToken struct {
	kind    int
	text    string
	app     *app
	expires time.Time
	// voidAt is when a replaced token stops working. It is zero for the current token.
	voidAt time.Time
}

// checkCredentials returns the app with this appid and secret, or the code of the refusal. kinds
// are the kinds of app that may call.
func (w *world) checkCredentials(id, secret string, kinds []Kind) (*app, int) {
	a := w.app(id)
	switch {
	case id == "":
		return nil, 41002
	case secret == "":
		return nil, 41004
	case a == nil || !slices.Contains(kinds, a.Kind):
		return nil, 40013
	case secret != a.Secret:
		return nil, 40125
	}
	return a, 0
}

// classicAccessToken is GET /cgi-bin/token: each call gives a new token, and the one before
// works for 5 more minutes.
func classicAccessToken(w *world, r *request) answer {
	if r.query.Get("grant_type") != "client_credential" {
		return r.refuse(40002)
	}
	a, code := credentials(w, r, OfficialAccount, MiniProgram)
	if code != 0 {
		return r.refuse(code)
	}
	return r.tokenAnswer(w.replaceToken(a, classicToken, w.now.Add(tokenOverlap)))
}

// stableAccessToken is POST /cgi-bin/stable_token: the same token until its last 5 minutes.
func stableAccessToken(w *world, r *request, ask struct {
	GrantType    string `json:"grant_type"`
	AppID        string `json:"appid"`
	Secret       string `json:"secret"`
	ForceRefresh bool   `json:"force_refresh"`
},
) answer {
	if ask.GrantType != "client_credential" {
		return r.refuse(40002)
	}
	a, code := w.checkCredentials(ask.AppID, ask.Secret, []Kind{OfficialAccount, MiniProgram})
	if code != 0 {
		return r.refuse(code)
	}
	have := &a.tokens[stableToken]
	switch {
	case ask.ForceRefresh && w.now.Sub(have.forcedAt) >= forcePause:
		if !have.forced.allow(today(w.now), forcedPerDay) {
			return r.refuse(45009)
		}
		have.forcedAt = w.now
		return r.tokenAnswer(w.replaceToken(a, stableToken, w.now))
	case have.current == nil || have.current.expires.Sub(w.now) < tokenOverlap:
		return r.tokenAnswer(w.replaceToken(a, stableToken, w.now.Add(tokenOverlap)))
	}
	return r.tokenAnswer(have.current)
}

func (r *request) tokenAnswer(t *appToken) answer {
	return r.ok(object("access_token", t.text, "expires_in", int(t.expires.Sub(r.now)/time.Second)))
}

// replaceToken makes a new token of a kind; the one before stops working at voidAt at the latest.
func (w *world) replaceToken(a *app, kind int, voidAt time.Time) *appToken {
	have := &a.tokens[kind]
	if have.current != nil {
		have.current.voidAt = voidAt
	}
	have.current = &appToken{
		kind: kind, text: "92_" + randomText(appTokenLength-3, urlSafe), app: a,
		expires: w.now.Add(tokenLife),
	}
	w.appTokens.put(have.current.text, have.current, w.now)
	return have.current
}

// tokenApp returns the app of an access_token, or the code of the refusal: 41001 missing, 40001
// unknown or replaced, 42001 expired.
func (w *world) tokenApp(text string) (*app, int) {
	t, ok := w.appTokens.get(text, w.now)
	switch {
	case text == "":
		return nil, 41001
	case !ok || !t.voidAt.IsZero() && !w.now.Before(t.voidAt):
		return nil, 40001
	case !w.now.Before(t.expires):
		return nil, 42001
	}
	return t.app, 0
}
