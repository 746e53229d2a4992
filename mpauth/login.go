package mpauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// eventKind is the Kind of the events about mini program logins. Those about web logins have a
// scope there.
const eventKind = "mini"

const (
	maxLoginBody = 4 << 10         // bytes
	postTime     = 8 * time.Second // the time limit of a login or a logout

	// A login ends the session of the token that it comes with, but not one younger than this. If
	// two calls of a client find the token expired, both log in, and the second may bring the
	// token that the first has just got.
	newTime = 5 * time.Second
)

// loginAnswer is the answer to a good login.
type loginAnswer struct {
	Token     string     `json:"token"`
	ExpiresIn int64      `json:"expires_in"` // seconds
	User      *core.User `json:"user"`
}

// LoginHandler exchanges the code of wx.login for a token:
//
//	POST {"code":"…"}
//	200  {"token":"…","expires_in":2592000,"user":{"appid":"…","openid":"…",…}}
//
// A failure is {"error":"…"}: bad_request (400), invalid_code (401: call wx.login again), blocked
// by WeChat or refused by OnLogin (403), limited (429), config (500: see the log), upstream (502,
// 503, 504) and store_down (503).
//
// A login that comes with the token of an earlier session ends that session, unless it is only
// seconds old. WeChat is not asked while the session store cannot be reached, so that the code can
// be sent again, and not about a code that it has refused lately.
func (a *Auth) LoginHandler() http.Handler { return post(a.login) }

func (a *Auth) login(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	a.observe(r.Context(), core.Event{Name: core.EventLoginStarted, Kind: eventKind})
	answer, p := a.signIn(r)
	if p != nil {
		code, _ := errors.AsType[core.Code](p.err)
		a.observe(r.Context(), core.Event{Name: core.EventLoginRefused, Kind: p.word, Code: code})
		a.report(r.Context(), p)
		p.write(w)
		return
	}
	a.observe(r.Context(), core.Event{
		Name: core.EventLoginFinished, Kind: eventKind, Duration: time.Since(began),
	})
	answers.JSON(w, http.StatusOK, answer)
}

func (a *Auth) signIn(r *http.Request) (*loginAnswer, *problem) {
	code, err := readCode(r)
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, word: badRequest, err: err}
	}
	// The time limit begins when the body is here. Otherwise a client that sends it slowly would
	// leave no time for the store and WeChat, which would look like an outage of theirs.
	ctx, cancel := lasting(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	began := time.Now()
	if err := a.refusals.of(code); err != nil {
		return nil, wechatProblem(err)
	}
	if err := a.tokens.ready(r); err != nil {
		return nil, storeProblem("write", err)
	}
	session, err := a.client.Code2Session(ctx, code)
	if err != nil {
		p := wechatProblem(err)
		if p.word == invalidCode {
			a.refusals.add(code, err)
		}
		return nil, p
	}
	if a.onLogin != nil {
		seen := *session // a copy, because OnLogin may change it
		// If ctx has ended meanwhile, the session cannot be saved any more.
		if err := cmp.Or(a.onLogin(ctx, r, &seen), ctx.Err()); err != nil {
			return nil, &problem{status: http.StatusForbidden, word: refused, err: err}
		}
	}
	// In whole seconds, as the record holds it.
	rec := record{*session, time.Unix(time.Now().Unix(), 0)}
	token, err := a.tokens.issue(r, rec, began)
	switch {
	// EndSessions was called for this user meanwhile. The client logs in again with a new code,
	// and OnLogin decides about that.
	case errors.Is(err, sessionstore.ErrEnded):
		return nil, &problem{status: http.StatusUnauthorized, word: invalidCode, err: err}
	case err != nil:
		return nil, storeProblem("write", err)
	}
	a.endEarlier(r)
	return &loginAnswer{token, int64(a.tokens.life / time.Second), rec.user()}, nil
}

// endEarlier ends the session whose token came with a login, unless it is new. An outage of the
// store does not undo the login: the earlier session then lasts until its time is over.
func (a *Auth) endEarlier(r *http.Request) {
	earlier, err := a.tokens.open(r, bearer(r))
	switch {
	case err != nil:
		a.report(r.Context(), storeProblem("read", err))
	case earlier == nil || time.Since(earlier.loginAt) < newTime:
	default:
		if err := a.tokens.end(r, earlier); err != nil {
			a.report(r.Context(), storeProblem("write", err))
		}
	}
}

// readCode reads the body of a login, {"code":"…"}. Other fields are allowed, for OnLogin's sake,
// but nothing may follow the object.
func readCode(r *http.Request) (string, error) {
	if r.Body == nil {
		return "", errors.New("no body")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxLoginBody))
	if err != nil {
		return "", err
	}
	var form struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &form) != nil {
		// The error of the decoder is not passed on, because it may quote the code.
		return "", errors.New(`the body is not {"code":"…"}`)
	}
	if !subject.ValidCode(form.Code) {
		return "", errors.New("no code, or a malformed one")
	}
	return form.Code, nil
}

// LogoutHandler ends the session of the token that comes with a POST and answers 204, also if
// there was none. With a server-side store the token is worthless from then on; with sealed
// tokens the client has to forget it.
func (a *Auth) LogoutHandler() http.Handler { return post(a.logout) }

func (a *Auth) logout(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := lasting(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	ended, p := a.end(r, bearer(r))
	if p != nil {
		a.report(ctx, p)
		p.write(w)
		return
	}
	if ended {
		a.observe(ctx, core.Event{Name: core.EventSessionEnded, Kind: eventKind})
	}
	answers.Private(w.Header())
	w.WriteHeader(http.StatusNoContent)
}

// EndSessions ends every session of a user: those of header tokens, on all replicas, and the
// browser sessions that were handed over from the mini program, if they are in the same Store. A
// login that has begun before fails. To keep the user out, let OnLogin refuse the user as well.
//
// Errors: [sessionstore.ErrUnsupported] if Config.Store is not a [sessionstore.Ender], as it is not
// by default, [ErrArgument] if openID is not an openid. After any other error the sessions may have
// been ended or not: call it again.
func (a *Auth) EndSessions(ctx context.Context, openID string) error {
	if !subject.ValidID(openID) {
		return fmt.Errorf("%w: openID is empty or malformed", ErrArgument)
	}
	if err := a.tokens.endAll(ctx, openID); err != nil {
		if !errors.Is(err, sessionstore.ErrUnsupported) {
			a.report(ctx, storeProblem("write", err))
		}
		return fmt.Errorf("mpauth: the user's sessions cannot be ended: %w", err)
	}
	a.observe(ctx, core.Event{Name: core.EventSessionEnded, Kind: "end"})
	return nil
}

// end ends the session of a token and reports whether there was one.
func (a *Auth) end(r *http.Request, token string) (ended bool, p *problem) {
	l, err := a.tokens.open(r, token)
	if err != nil {
		return false, storeProblem("read", err)
	}
	if l == nil {
		return false, nil
	}
	if err := a.tokens.end(r, l); err != nil {
		return false, storeProblem("write", err)
	}
	return true, nil
}

// post serves POST only.
func post(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			(&problem{status: http.StatusMethodNotAllowed, word: badRequest}).write(w)
			return
		}
		serve(w, r)
	})
}

// lasting returns a context that does not end when the client hangs up: a login or a logout that
// has begun is finished.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), postTime)
}
