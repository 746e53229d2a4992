package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
)

// A callback is a request that WeChat sent back with a state of ours.
type callback struct {
	state  state
	code   string
	denied bool // no code: the user refused
}

const (
	maxCode     = 512              // bytes
	settleTime  = 8 * time.Second  // one exchange, OnLogin and save
	reserveTime = 10 * time.Second // a process that died with a reservation blocks nobody longer
	waitTime    = 12 * time.Second // for somebody else's exchange of the same state
	waitPoll    = 50 * time.Millisecond
	outcomeTime = 30 * time.Second // a repeated callback gets the same answer for this long
)

// callback returns nil if r carries no state of ours. An error means that somebody made it up.
func (a *Auth) callback(r *http.Request) (*callback, error) {
	if r.Method != http.MethodGet || !strings.Contains(requestURI(r), statePrefix) {
		return nil, nil //nolint:nilnil // said in the comment above
	}
	var states, codes []string
	for _, p := range targetOf(r).query {
		switch {
		case p.name == "state" && ourState(p.value):
			states = append(states, p.value)
		case p.name == "code":
			codes = append(codes, p.value)
		}
	}
	if len(states) == 0 {
		return nil, nil //nolint:nilnil // as above
	}
	back := &callback{}
	var ok bool
	if back.state, ok = a.parseState(states[0]); !ok || len(states) > 1 {
		return nil, errors.New("the state was not made here")
	}
	if len(codes) > 1 {
		return nil, errors.New("more than one code")
	}
	if len(codes) == 1 {
		back.code = codes[0]
	}
	if len(back.code) > maxCode || strings.ContainsFunc(back.code, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errors.New("the code is malformed")
	}
	back.denied = back.code == "" || strings.EqualFold(back.code, "authdeny")
	return back, nil
}

// pageOf is the page that r asks for, without what WeChat added to its URL.
func pageOf(r *http.Request) target {
	t := targetOf(r)
	var rest []param
	ours := false
	for _, p := range t.query {
		if p.name == "state" && ourState(p.value) {
			ours = true
			continue
		}
		rest = append(rest, p)
	}
	if !ours {
		return t
	}
	clean := target{path: t.path}
	for _, p := range rest {
		if p.name != "code" {
			clean.query = append(clean.query, p)
		}
	}
	return clean.homeward()
}

// finish answers a callback. rec is the session so far, or nil.
func (a *Auth) finish(w http.ResponseWriter, r *http.Request, need Scope, rec *record, back *callback) {
	page := pageOf(r)
	signedIn := rec != nil && Scope(rec.user.Scope).covers(need) && Scope(rec.user.Scope).covers(back.state.scope)
	if back.denied {
		a.fail(w, r, &Failure{Status: http.StatusForbidden, Kind: KindDenied, Err: errors.New("WeChat sent no code")})
		return
	}
	if !back.state.fresh() || !a.holdsAttempt(r, back.state) {
		if signedIn { // the back button, or a second callback after the first was done
			redirect(w, http.StatusFound, a.cfg.PublicURL+page.String())
			return
		}
		a.restart(w, r, back.state, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the attempt's cookie is missing or expired")})
		return
	}
	out, err := a.settle(r, back, rec)
	if err != nil {
		f := failureOf(err)
		switch {
		case f.Kind == KindCode && signedIn:
			redirect(w, http.StatusFound, a.cfg.PublicURL+page.String())
		case f.Kind == KindCode:
			a.restart(w, r, back.state, f)
		default:
			a.fail(w, r, f)
		}
		return
	}
	for _, cookie := range out.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	if out.Kind != "" {
		a.fail(w, r, &Failure{Status: out.status(), Kind: out.Kind, Err: out.err})
		return
	}
	a.clearCookie(w, a.attemptName(back.state.text))
	if rec == nil {
		visits := a.finished(r, out.User) + back.state.restarts + 1
		if visits > maxRestarts+1 {
			a.clearCookie(w, a.finishedName)
			a.fail(w, r, &Failure{Status: http.StatusBadRequest, Kind: KindCookies, Err: errors.New("the browser kept no session of the last logins")})
			return
		}
		a.leaveFinished(w, out.User, visits)
	}
	redirect(w, http.StatusFound, a.cfg.PublicURL+page.String())
}

// restart begins the login again without a word to the user. The number of restarts travels in
// the state; after the second the user is told.
func (a *Auth) restart(w http.ResponseWriter, r *http.Request, s state, f *Failure) {
	if s.restarts >= maxRestarts {
		a.fail(w, r, f)
		return
	}
	a.observe(r.Context(), core.Event{Name: core.EventLoginRestarted, Kind: string(f.Kind)})
	a.start(w, r, a.required(s.scope), s.restarts+1)
}

// An outcome is the final answer to a state. It is kept for a while, because WeChat calls back
// twice and the first answer may be lost on the way.
type outcome struct {
	Cookies []string `json:"cookies,omitempty"` // the session's Set-Cookie lines
	User    []byte   `json:"user,omitempty"`    // a digest of who signed in
	Kind    Kind     `json:"kind,omitempty"`    // why nobody is signed in; empty: somebody is
	err     error    // of the refusal, for the log of the process that was there
}

func (o *outcome) status() int {
	if o.Kind == KindApp {
		return http.StatusInternalServerError
	}
	return http.StatusForbidden
}

// refusalByApp tells a user whom OnLogin does not want from an OnLogin that failed.
func refusalByApp(err error) *outcome {
	if errors.Is(err, ErrRefused) {
		return &outcome{Kind: KindRefusedByApp, err: err}
	}
	return &outcome{Kind: KindApp, err: err}
}

// settle makes one exchange per state, however often and at whichever replica WeChat calls back.
// Whoever comes second waits for the first one's outcome. An exchange that failed is released, so
// that a reload tries again.
func (a *Auth) settle(r *http.Request, back *callback, rec *record) (*outcome, error) {
	sum := sha256.Sum256([]byte(back.state.text))
	key := hex.EncodeToString(sum[:16])
	ctx, cancel := context.WithTimeout(r.Context(), waitTime)
	defer cancel()
	for waited := false; ; waited = true {
		mine, err := a.outcomes.Reserve(ctx, key, reserveTime)
		if err != nil {
			return nil, a.unsettled(ctx, waited, "write", err)
		}
		if mine {
			return a.settleFirst(r, back, rec, key)
		}
		sealed, _, err := a.outcomes.Outcome(ctx, key)
		if err != nil {
			return nil, a.unsettled(ctx, waited, "read", err)
		}
		if sealed != nil {
			return a.openOutcome(key, sealed)
		}
		select {
		case <-time.After(waitPoll):
		case <-ctx.Done():
			return nil, a.unsettled(ctx, true, "read", ctx.Err())
		}
	}
}

// unsettled tells a store that is away from a wait that is over: then the store has answered before.
func (a *Auth) unsettled(ctx context.Context, waited bool, kind string, err error) *Failure {
	end, _ := ctx.Deadline() // ctx itself may be told of it a moment later than the store
	if waited && (ctx.Err() != nil || !time.Now().Before(end)) {
		return &Failure{Status: http.StatusGatewayTimeout, Kind: KindUpstream, Err: errors.New("an earlier callback of this login is still running")}
	}
	return a.storeFailure(ctx, kind, err)
}

// settleFirst works to the end even if the browser hangs up: a phone that drops the connection
// does not lose its login.
func (a *Auth) settleFirst(r *http.Request, back *callback, rec *record, key string) (out *outcome, err error) {
	ctx := context.WithoutCancel(r.Context())
	defer func() { // also when OnLogin panics
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var sealed []byte
		if out != nil {
			sealed = a.sealOutcome(key, out)
		}
		if err := a.outcomes.SetOutcome(ctx, key, sealed, outcomeTime); err != nil {
			a.cfg.Logger.WarnContext(ctx, "wxoauth: the outcome of a login cannot be stored", "error", err)
		}
	}()
	work, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	return a.logIn(r.WithContext(work), back, rec)
}

// logIn exchanges the code and saves the session.
func (a *Auth) logIn(r *http.Request, back *callback, old *record) (*outcome, error) {
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
	if rec, err = a.introduce(ctx, r, rec); err != nil {
		return refusalByApp(err), nil //nolint:nilerr // a final answer, not a failure to find one
	}
	header := http.Header{}
	if err := a.replace(headerWriter{header}, r, rec); err != nil {
		return nil, a.storeFailure(ctx, "write", err)
	}
	out.Cookies = header["Set-Cookie"]
	user := sha256.Sum256([]byte(rec.user.AppID + " " + rec.user.OpenID))
	out.User = user[:16]
	a.observe(ctx, core.Event{Name: core.EventLoginFinished, Kind: string(scope), Duration: time.Since(began)})
	return out, nil
}

// introduce asks OnLogin about a new session, and returns its record with the app's own ID in it.
// Whatever else OnLogin does to the user has no effect.
func (a *Auth) introduce(ctx context.Context, r *http.Request, rec *record) (*record, error) {
	if a.cfg.OnLogin == nil {
		return rec, nil
	}
	seen := *rec.user
	seen.Privilege = slices.Clone(seen.Privilege)
	if err := a.cfg.OnLogin(ctx, r, &seen); err != nil {
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

// An outcome holds a session's cookie: it is sealed for the store, and tied to its state.
func (a *Auth) sealOutcome(key string, out *outcome) []byte {
	data, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	sealed, err := securecookie.EncodeMulti(key, data, a.outcomeSeal...)
	if err != nil {
		return nil
	}
	return []byte(sealed)
}

func (a *Auth) openOutcome(key string, sealed []byte) (*outcome, error) {
	var data []byte
	out := &outcome{}
	if err := securecookie.DecodeMulti(key, string(sealed), &data, a.outcomeSeal...); err != nil {
		return nil, &Failure{Status: http.StatusBadRequest, Kind: KindCode, Err: errors.New("the login's outcome does not open")}
	}
	return out, json.Unmarshal(data, out)
}
