package fleettest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// One call at one replica ends all sessions of a user at every replica, whoever has them in memory,
// and the login that is under way. It costs nobody else anything.
func TestSessionsEndInAFleet(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	client := connect(t, f.redis.Addr, impatience)
	t.Cleanup(client.Close)
	cfg := f.Config
	cfg.Store = newStore(t, client, redisstore.Config{Keys: cfg.Keys})
	there, err := oauth.New(cfg)
	require.NoError(t, err)
	phone, desktop, other := f.signIn(1, 0), f.signIn(1, 2), f.signIn(2, 1)
	for _, v := range []visitor{phone, desktop, other} {
		f.wantSignedIn(v) // and in the memory of each replica
	}
	f.Sim.Fail(exchangePath, wxsim.Delay(500*time.Millisecond), 1)
	late := f.visitor(1)
	callback := f.door(late, 0, "/me")()
	before := f.Sim.Calls(exchangePath)
	answered := make(chan *webtest.Visit, 1)
	go func() { answered <- late.Do(to(0, back(callback))) }()
	f.redis.Eventually("the exchange has begun", func() bool { return f.Sim.Calls(exchangePath) > before })

	require.NoError(t, there.EndSessions(t.Context(), f.Sim.Users()[1].OpenID))
	for i := range f.replicas {
		for _, v := range []visitor{phone, desktop} {
			f.redis.Eventually("a session has ended", func() bool {
				return v.Do(to(i, script("/me"))).Status == http.StatusUnauthorized
			})
		}
	}
	f.wantSignedIn(other)
	require.Equal(t, http.StatusFound, (<-answered).Status)
	f.WantLoginRequired(late.Do(to(1, script("/me"))))
	f.WantUser(phone.Walk(to(1, page("/me")), nil), 1) // nobody is kept from signing in again
	f.wantSignedIn(phone)
}
