package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// answerCallback answers a browser that WeChat sent back. rec is the session so far, or nil. The
// first case that applies counts.
func (a *Auth) answerCallback(v *visit, need Scope, rec *record, back *callback) {
	signedIn := rec.covers(need) && rec.covers(back.state.scope)
	if back.state.check() {
		signedIn = signedIn && rec.confirmed(back.state)
	}
	tied := a.attempts.ties(v, back.state)
	switch {
	case back.denied:
		a.fail(v, &Failure{Status: http.StatusForbidden, Kind: KindDenied, Err: errors.New("WeChat sent no code")})
		return

	// The attempt's cookie is gone: the back button, or a second callback after the first was done.
	case !tied && signedIn:
		a.redirectTo(v, v.page())
		return

	// A check that another tab has made in the meantime.
	case back.state.check() && signedIn:
		a.attempts.untie(v, back.state)
		a.redirectTo(v, v.page())
		return

	// The same, and nobody is signed in: this browser lost the cookie, or never had it. Whose login
	// that was nobody knows, so it begins anew.
	case !tied:
		a.restart(v, back.state, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the attempt's cookie is missing or expired")})
		return
	}
	out, err := a.settle(v.r, back, rec)
	f := failureOf(err)
	if f == nil {
		f = out.failure()
		for _, cookie := range out.Cookies {
			v.w.Header().Add("Set-Cookie", cookie)
		}
	}
	switch {
	case f == nil:
		a.attempts.untie(v, back.state)
		// A browser that has just been at WeChat, and is sent there again, may do so for ever: it keeps
		// no session, or the clocks of two replicas are far apart.
		again := rec == nil || back.state.check() && v.now.Sub(rec.user.CheckedAt) < checkLife
		if again && !a.countLogin(v, out.User, back.state.restarts+1) {
			a.fail(v, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the browser kept no session of the last logins")})
			return
		}
		a.redirectTo(v, v.page())

	// The code is spent, and nothing is lost.
	case f.Kind == KindCode && signedIn:
		a.redirectTo(v, v.page())

	// The code is spent, and nobody knows who came with it.
	case f.Kind == KindCode:
		a.restart(v, back.state, f)

	default:
		a.fail(v, f)
	}
}

// countLogin counts the logins of one user whose sessions this browser did not keep. False: these
// are too many, and the browser would go round in circles.
func (a *Auth) countLogin(v *visit, user []byte, logins int) bool {
	logins += a.attempts.unkeptLogins(v, user)
	if logins > maxRestarts+1 {
		a.attempts.clearUnkept(v)
		return false
	}
	a.attempts.setUnkept(v, user, logins)
	return true
}

// restart begins the login again without a word to the user. The number of restarts travels in
// the state; after the second the user is told.
func (a *Auth) restart(v *visit, s state, f *Failure) {
	if s.restarts >= maxRestarts {
		a.fail(v, f)
		return
	}
	a.observe(v.r.Context(), core.Event{Name: core.EventLoginRestarted, Kind: string(f.Kind)})
	again := s.login
	again.scope = a.required(s.scope) // on a desktop it was the website app's
	again.restarts++
	v.tapped = true // or the login would not have begun
	a.logIn(v, again)
}

// An outcome is the final answer to a state.
type outcome struct {
	Cookies []string `json:"cookies,omitempty"` // the session's Set-Cookie lines
	User    []byte   `json:"user,omitempty"`    // a digest of who signed in
	Kind    Kind     `json:"kind,omitempty"`    // why nobody is signed in; empty: somebody is
	err     error    // of the refusal, for the log of the process that was there
}

// failure returns why nobody is signed in, or nil.
func (o *outcome) failure() *Failure {
	status := http.StatusForbidden
	switch o.Kind {
	case "":
		return nil
	case KindCode:
		status = http.StatusBadRequest
	case KindApp:
		status = http.StatusInternalServerError
	default: // a refusal
	}
	return &Failure{Status: status, Kind: o.Kind, Err: o.err}
}

// maxCallbacks is how many callbacks of one login wait in a process for the first one. WeChat sends
// two, and an impatient visitor a few more.
const maxCallbacks = 8

// outcomeTime is how long a repeated callback gets the same answer.
const outcomeTime = 30 * time.Second

// settle finds the outcome of a state. old is the session so far, or nil.
func (a *Auth) settle(r *http.Request, back *callback, old *record) (*outcome, error) {
	key := outcomeKey("login ", back.state.text)
	var out *outcome // nil: somebody else was first
	once := task{key: key, maxWaiters: maxCallbacks, keep: outcomeTime}
	data, err := a.outcomes.once(context.WithoutCancel(r.Context()), once, func(ctx context.Context) (data []byte, err error) {
		if out, err = a.signInOnce(r.WithContext(ctx), key, back, old); err != nil {
			return nil, err
		}
		return json.Marshal(out)
	})
	if err != nil || out != nil {
		return out, err
	}
	out = &outcome{}
	return out, json.Unmarshal(data, out)
}

// signInOnce spends the state, which then is of no use for as long as it could be, also to a browser
// that keeps the attempt's cookie. A login that failed gives it back.
func (a *Auth) signInOnce(r *http.Request, key string, back *callback, old *record) (*outcome, error) {
	unused, err := a.outcomes.spend(r.Context(), key, stateLife+clock.Skew)
	if err != nil {
		return nil, err
	}
	if !unused {
		return &outcome{Kind: KindCode, err: errors.New("the state was used before")}, nil
	}
	out, err := a.signIn(r, back, old)
	if f := failureOf(err); f != nil {
		if f.Kind == KindCode { // it will be refused again
			return &outcome{Kind: KindCode, err: f.Err}, nil
		}
		a.outcomes.unspend(r.Context(), key)
	}
	return out, err
}

// signIn exchanges the code and saves the session.
func (a *Auth) signIn(r *http.Request, back *callback, old *record) (*outcome, error) {
	ctx, began, asked := r.Context(), time.Now(), back.state.scope
	client := a.client
	if asked == ScopeLogin {
		client = a.website
	}
	if client == nil {
		return nil, &Failure{Status: http.StatusInternalServerError, Kind: KindConfig, Err: errors.New("the login began with a Website that is no longer configured")}
	}
	token, err := client.Exchange(ctx, back.code)
	if err != nil {
		return nil, err
	}
	if token.Snapshot && (!a.cfg.AllowSnapshot || back.state.check()) { // a virtual user confirms nobody
		return &outcome{Kind: KindSnapshot, err: errors.New("a virtual user of a snapshot page")}, nil
	}
	if back.state.check() {
		out, err := a.renew(r, token, client)
		if out != nil {
			a.observe(ctx, core.Event{Name: core.EventLoginFinished, Kind: back.state.kind(), Duration: time.Since(began)})
		}
		if out != nil || err != nil {
			return out, err
		}
	}
	scope := asked // what was granted beyond that is of no use: nothing was fetched with it
	if token.Scope != "" && !token.Scope.covers(asked) {
		scope = token.Scope
	}
	rec, err := a.newRecord(ctx, client, token, scope)
	if err != nil {
		return nil, err
	}
	out := &outcome{}
	if !scope.covers(asked) {
		out.Kind, out.err = KindDenied, errors.New("less was granted than asked")
		if old != nil && old.user.AppID == rec.user.AppID && old.user.OpenID == rec.user.OpenID {
			return out, nil // the session at hand is worth no less
		}
	}
	if rec, err = a.introduce(r, rec); err != nil {
		return refusalByApp(err), nil
	}
	header := http.Header{}
	switch err := a.sessions.replace(headerWriter{header}, r, rec, began, time.Now()); {
	case errors.Is(err, sessionstore.ErrEnded): // meanwhile: the browser starts anew
		return &outcome{Kind: KindCode, err: err}, nil
	case err != nil:
		return nil, storeFailure("write", err)
	}
	out.Cookies = header["Set-Cookie"]
	out.User = userDigest(rec.user)
	a.observe(ctx, core.Event{Name: core.EventLoginFinished, Kind: string(scope), Duration: time.Since(began)})
	return out, nil
}

// userDigest names a user where the openid is not to be seen.
func userDigest(u *core.User) []byte {
	sum := sha256.Sum256([]byte(u.AppID + " " + u.OpenID))
	return sum[:16]
}

// newRecord fetches the profile if scope has one.
func (a *Auth) newRecord(ctx context.Context, client *Client, token *Token, scope Scope) (*record, error) {
	now := time.Now().Truncate(time.Second)
	rec := &record{accessToken: token.AccessToken, expiry: token.Expiry, refreshToken: token.RefreshToken}
	rec.user = &core.User{AppID: client.api.AppID(), OpenID: token.OpenID}
	if scope.covers(ScopeUserInfo) {
		var err error
		if rec.user, err = client.UserInfo(ctx, token.AccessToken, token.OpenID, a.cfg.Lang); err != nil {
			return nil, err
		}
		rec.profileAt = now
	}
	if rec.user.UnionID == "" {
		rec.user.UnionID = token.UnionID
	}
	rec.user.Scope, rec.user.Snapshot, rec.user.LoginAt, rec.user.CheckedAt = string(scope), token.Snapshot, now, now
	return rec, nil
}

// introduce asks OnLogin about a new session, and returns its record with the app's own ID in it.
// Whatever else OnLogin does to the user has no effect.
func (a *Auth) introduce(r *http.Request, rec *record) (*record, error) {
	if a.cfg.OnLogin == nil {
		return rec, nil
	}
	seen := *rec.user
	seen.Privilege = slices.Clone(seen.Privilege)
	if err := a.cfg.OnLogin(r.Context(), r, &seen); err != nil {
		return nil, err
	}
	if r.Context().Err() != nil { // whoever waits for the login has been told that it failed
		return nil, errors.New("OnLogin returned after its context had ended")
	}
	if len(seen.MemberID) > maxMemberID {
		return nil, fmt.Errorf("MemberID has %d bytes, at most %d are kept", len(seen.MemberID), maxMemberID)
	}
	member, known := *rec, *rec.user
	known.MemberID = seen.MemberID
	member.user = &known
	return &member, nil
}

// refusalByApp tells a user whom OnLogin does not want from an OnLogin that failed.
func refusalByApp(err error) *outcome {
	if errors.Is(err, ErrRefused) {
		return &outcome{Kind: KindRefusedByApp, err: err}
	}
	return &outcome{Kind: KindApp, err: err}
}
