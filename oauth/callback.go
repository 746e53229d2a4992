package oauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// answerCallback answers a browser that WeChat sent back. rec is the session so far, or nil. The
// first case that applies counts.
func (a *Auth) answerCallback(v *visit, need Scope, rec *record, back *callback) {
	signedIn := rec.covers(need) && rec.covers(back.state.scope)
	tied := a.attempts.ties(v, back.state)
	switch {
	case back.denied:
		a.fail(v, &Failure{Status: http.StatusForbidden, Kind: KindDenied, Err: errors.New("WeChat sent no code")})
		return

	// The attempt's cookie is gone: the back button, or a second callback after the first was done.
	case !tied && signedIn:
		a.redirectTo(v, v.page())
		return

	// The same, and nobody is signed in: this browser lost the cookie, or never had it. Whose login
	// that was nobody knows, so it begins anew.
	case !tied:
		a.restart(v, back.state, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the attempt's cookie is missing or expired")})
		return
	}
	out, err := a.outcomes.once(v.r.Context(), back.state, func(ctx context.Context) (*outcome, error) {
		return a.signIn(v.r.WithContext(ctx), back, rec)
	})
	if err != nil {
		switch f := failureOf(err); {
		case f.Kind == KindCode && signedIn: // an old code, and nothing is lost
			a.redirectTo(v, v.page())
		case f.Kind == KindCode:
			a.restart(v, back.state, f)
		default:
			a.fail(v, f)
		}
		return
	}
	for _, cookie := range out.Cookies {
		v.w.Header().Add("Set-Cookie", cookie)
	}
	if f := out.failure(); f != nil {
		a.fail(v, f)
		return
	}
	a.attempts.untie(v, back.state)
	if rec == nil && !a.countLogin(v, out.User, back.state.restarts+1) {
		a.fail(v, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the browser kept no session of the last logins")})
		return
	}
	a.redirectTo(v, v.page())
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
	a.logIn(v, again)
}

// signIn exchanges the code and saves the session. old is the session so far, or nil.
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
	if token.Snapshot && !a.cfg.AllowSnapshot {
		return &outcome{Kind: KindSnapshot, err: errors.New("a virtual user of a snapshot page")}, nil
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
	if err := a.sessions.replace(headerWriter{header}, r, rec, time.Now()); err != nil {
		return nil, storeFailure("write", err)
	}
	out.Cookies = header["Set-Cookie"]
	user := sha256.Sum256([]byte(rec.user.AppID + " " + rec.user.OpenID))
	out.User = user[:16]
	a.observe(ctx, core.Event{Name: core.EventLoginFinished, Kind: string(scope), Duration: time.Since(began)})
	return out, nil
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
