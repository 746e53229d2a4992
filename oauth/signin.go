package oauth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// logins exchange codes and begin sessions.
type logins struct {
	clients       clients
	sessions      *keeper
	outcomes      *outcomes
	report        *reporter
	lang          string
	allowSnapshot bool
	onLogin       func(context.Context, *http.Request, *core.User) error // nil: none
}

// An outcome is the result of a login, for all callbacks with its state.
type outcome struct {
	Cookies []string `json:"cookies,omitempty"` // the Set-Cookie headers of the session
	User    []byte   `json:"user,omitempty"`    // a digest of the user
	Kind    Kind     `json:"kind,omitempty"`    // why nobody is signed in; empty if somebody is
	err     error    // the cause, for the log of this process; not stored
}

// failure returns why nobody is signed in, or nil if somebody is.
func (o *outcome) failure() *Failure {
	if o.Kind == "" {
		return nil
	}
	return newFailure(o.Kind, o.err)
}

// maxCallbacks is how many callbacks of a login may wait in a process for the first one. WeChat
// sends two, and a visitor who reloads the page some more.
const maxCallbacks = 8

// outcomeTime is how long a repeated callback gets the same outcome.
const outcomeTime = 30 * time.Second

// settle returns the outcome of a state. old is the present session, or nil.
func (l *logins) settle(r *http.Request, back *callback, old *record) (*outcome, error) {
	key := outcomeKey("login ", back.state.text)
	var out *outcome // nil if another callback was first
	once := task{key: key, maxWaiters: maxCallbacks, keep: outcomeTime}
	data, err := l.outcomes.once(context.WithoutCancel(r.Context()), once,
		func(ctx context.Context) (data []byte, err error) {
			if out, err = l.signInOnce(r.WithContext(ctx), key, back, old); err != nil {
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

// signInOnce marks the state as used and signs in. A used state is refused as long as it could be
// valid, even if the browser has kept the attempt's cookie. If the login fails, or WeChat refuses
// the code, the mark is removed: strangers can send invented codes, and these must not fill the
// store.
func (l *logins) signInOnce(
	r *http.Request, key string, back *callback, old *record,
) (*outcome, error) {
	unused, err := l.outcomes.spend(r.Context(), key, stateLife+clock.Skew)
	if err != nil {
		return nil, err
	}
	if !unused {
		return &outcome{Kind: KindCode, err: errors.New("the state was used before")}, nil
	}
	out, err := l.signIn(r, back, old)
	if f := failureOf(err); f != nil {
		l.outcomes.unspend(r.Context(), key)
		if f.Kind == KindCode { // WeChat would refuse the code again
			return &outcome{Kind: KindCode, err: f.Err}, nil
		}
	}
	return out, err
}

// signIn exchanges the code and begins the session.
func (l *logins) signIn(r *http.Request, back *callback, old *record) (*outcome, error) {
	ctx, began, asked := r.Context(), time.Now(), back.state.scope
	client := l.clients.granting(asked)
	token, err := client.Exchange(ctx, back.code)
	if err != nil {
		return nil, err
	}
	// A check is never confirmed by a virtual user.
	if token.Snapshot && (!l.allowSnapshot || back.state.check()) {
		return &outcome{
			Kind: KindSnapshot, err: errors.New("a virtual user of a snapshot page"),
		}, nil
	}
	if back.state.check() {
		out, err := l.confirm(r, token, client)
		if out != nil {
			l.report.observe(ctx, core.Event{
				Name: core.EventLoginFinished, Kind: back.state.kind(), Duration: time.Since(began),
			})
		}
		if out != nil || err != nil {
			return out, err
		}
	}
	scope := asked // even if WeChat granted more, nothing more was fetched
	if token.Scope != "" && !token.Scope.covers(asked) {
		scope = token.Scope
	}
	rec, err := l.newRecord(ctx, client, token, scope)
	if err != nil {
		return nil, err
	}
	out := &outcome{}
	if !scope.covers(asked) {
		out.Kind, out.err = KindDenied, errors.New("less was granted than asked")
		if old != nil && old.user.AppID == rec.user.AppID && old.user.OpenID == rec.user.OpenID {
			// The present session of the same user is kept, as it has no lower scope.
			return out, nil
		}
	}
	if rec, err = l.introduce(r, rec); err != nil {
		return refusalByApp(err), nil
	}
	header := answers.HeaderOnly{}
	switch err := l.sessions.replace(header, r, rec, began, time.Now()); {
	case errors.Is(err, sessionstore.ErrEnded):
		// EndSessions was called meanwhile: the browser has to log in again.
		return &outcome{Kind: KindCode, err: err}, nil
	case err != nil:
		return nil, storeFailure("write", err)
	}
	out.Cookies = header["Set-Cookie"]
	out.User = userDigest(rec.user)
	l.report.observe(ctx, core.Event{
		Name: core.EventLoginFinished, Kind: string(scope), Duration: time.Since(began),
	})
	return out, nil
}

// userDigest returns a digest of a user, for places where the openid must not be readable.
func userDigest(u *core.User) []byte {
	sum := sha256.Sum256([]byte(u.AppID + " " + u.OpenID))
	return sum[:16]
}

// newRecord returns the record of a new session. It fetches the profile if scope grants it.
func (l *logins) newRecord(
	ctx context.Context, client *Client, token *Token, scope Scope,
) (*record, error) {
	now := time.Now().Truncate(time.Second)
	rec := &record{
		accessToken: token.AccessToken, expiry: token.Expiry, refreshToken: token.RefreshToken,
	}
	rec.user = &core.User{AppID: client.api.AppID(), OpenID: token.OpenID}
	if scope.covers(ScopeUserInfo) {
		var err error
		if rec.user, err = client.UserInfo(ctx, token.AccessToken, token.OpenID,
			l.lang); err != nil {
			return nil, err
		}
		rec.profileAt = now
	}
	rec.user.UnionID = cmp.Or(rec.user.UnionID, token.UnionID)
	rec.user.Scope, rec.user.Snapshot, rec.user.LoginAt, rec.user.CheckedAt = string(scope),
		token.Snapshot, now, now
	return rec, nil
}

// introduce calls OnLogin for a new session, and returns its record with the MemberID that OnLogin
// has set. Other changes of the user have no effect.
func (l *logins) introduce(r *http.Request, rec *record) (*record, error) {
	if l.onLogin == nil {
		return rec, nil
	}
	seen := *rec.user
	seen.Privilege = slices.Clone(seen.Privilege)
	if err := l.onLogin(r.Context(), r, &seen); err != nil {
		return nil, err
	}
	if r.Context().Err() != nil { // the browser has been told that the login failed
		return nil, errors.New("OnLogin returned after its context had ended")
	}
	if len(seen.MemberID) > maxMemberID {
		return nil, fmt.Errorf("MemberID has %d bytes, at most %d are kept", len(seen.MemberID),
			maxMemberID)
	}
	member, known := *rec, *rec.user
	known.MemberID = seen.MemberID
	member.user = &known
	return &member, nil
}

// refusalByApp returns the outcome of a login for which OnLogin returned err: the user is refused,
// or OnLogin has failed.
func refusalByApp(err error) *outcome {
	if errors.Is(err, ErrRefused) {
		return &outcome{Kind: KindRefusedByApp, err: err}
	}
	return &outcome{Kind: KindApp, err: err}
}

// confirm notes in the session that WeChat has confirmed its user, who must be that of token. It
// returns nil if there is no session of this user.
func (l *logins) confirm(r *http.Request, token *Token, client *Client) (*outcome, error) {
	now := time.Now()
	rec, err := l.sessions.open(r, now)
	if err != nil {
		return nil, storeFailure("read", err)
	}
	if rec == nil || rec.user.AppID != client.api.AppID() || rec.user.OpenID != token.OpenID {
		return nil, nil //nolint:nilnil // see the comment above
	}
	checked, user := *rec, *rec.user
	user.CheckedAt, user.UnionID = now.Truncate(time.Second), cmp.Or(token.UnionID, user.UnionID)
	checked.user = &user
	header := answers.HeaderOnly{}
	if err := l.sessions.save(header, r, rec, &checked, now); err != nil {
		return nil, storeFailure("write", err)
	}
	return &outcome{Cookies: header["Set-Cookie"], User: userDigest(&user)}, nil
}
