package mpauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// An ending store keeps sessions in files and knows whose they are, as redisstore does.
type ending struct {
	sessions.Store

	owned map[string][]*sessions.Session // by subject
	ended map[string]time.Time
}

func newEnding(t *testing.T) *ending {
	t.Helper()
	return &ending{files(t), map[string][]*sessions.Session{}, map[string]time.Time{}}
}

func (e *ending) Save(r *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	login, ok := sessionstore.LoginFrom(r.Context())
	if ok && !login.Began.After(e.ended[login.Subject]) {
		return sessionstore.ErrEnded
	}
	err := e.Store.Save(r, w, s)
	if ok && err == nil {
		e.owned[login.Subject] = append(e.owned[login.Subject], s)
	}
	return err
}

func (e *ending) EndAll(_ context.Context, subject string) error {
	e.ended[subject] = time.Now()
	for _, s := range e.owned[subject] {
		s.Options.MaxAge = -1
		if err := e.Store.Save(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder(), s); err != nil {
			return err
		}
	}
	delete(e.owned, subject)
	return nil
}

func TestEndSessions(t *testing.T) {
	store, events := newEnding(t), &recorder{}
	here := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.Observer = store, events })
	there := newAuth(t, answering(goodLogin), with(store))
	somebody := newAuth(t, answering(`{"openid":"oSomebody","session_key":"`+sessionKey+`"}`), with(store))
	elsewhere := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Store, cfg.AppID = store, "wx0000000000000001" })
	first, second, other, otherApp := login(t, here), login(t, there), login(t, somebody), login(t, elsewhere)

	require.NoError(t, here.EndSessions(t.Context(), openID))
	for _, token := range []string{first, second} {
		for _, a := range []*mpauth.Auth{here, there} {
			wantRefused(t, a, token, "login_required")
		}
	}
	wantAdmitted(t, here, other)
	wantAdmitted(t, elsewhere, otherApp)
	wantAdmitted(t, here, login(t, here))
	events.want(t, "login_started mini", "login_finished mini", "session_ended end", "login_started mini", "login_finished mini")
}

// A login whose code is with WeChat while the user's sessions are ended does not survive.
func TestALoginUnderWayIsEnded(t *testing.T) {
	store := newEnding(t)
	var a *mpauth.Auth
	wx := &webtest.WeChat{Answer: func(w http.ResponseWriter, r *http.Request) {
		if err := a.EndSessions(r.Context(), openID); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, goodLogin)
	}}
	a = newAuth(t, wx, with(store))
	wantError(t, serve(a.LoginHandler(), post(t, loginBody, "")), http.StatusUnauthorized, "invalid_code")
}

func TestEndSessionsRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, openID string
		store        sessions.Store
		want         error
	}{
		{"sealed tokens", openID, nil, sessionstore.ErrUnsupported},
		{"a store without the means", openID, files(t), sessionstore.ErrUnsupported},
		{"nobody", "", nil, mpauth.ErrArgument},
		{"no openid", "o*", nil, mpauth.ErrArgument},
		{"an outage", openID, unreachable{files(t)}, errOutage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuth(t, answering(goodLogin), with(tt.store))
			err := a.EndSessions(t.Context(), tt.openID)
			require.ErrorIs(t, err, tt.want)
			require.NotContains(t, err.Error(), "cookies", "which are not where they are")
		})
	}
}

type unreachable struct{ sessions.Store }

func (unreachable) EndAll(context.Context, string) error { return errOutage }
