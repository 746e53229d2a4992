package oauth

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
)

func TestOpenings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o openings
		busy, other := &core.User{AppID: "wx1", OpenID: "o1"}, &core.User{AppID: "wx1", OpenID: "o2"}
		taken := 0
		for range maxOpened + 100 {
			if o.take(busy, time.Now()) {
				taken++
			}
		}
		if taken != maxOpened || !o.take(other, time.Now()) {
			t.Errorf("one user opened %d codes", taken)
		}
		time.Sleep(ticketLife)
		require.True(t, o.take(busy, time.Now()), "it goes on after the life of a code")
		for i := range maxOpeners + 100 {
			o.take(&core.User{OpenID: strconv.Itoa(i)}, time.Now())
		}
		require.LessOrEqual(t, len(o.known), maxOpeners)
	})
}

// Whoever opens code after code, or is handed over again and again, is told to wait, and costs the store
// nothing more.
func TestAUserWhoAsksForTooMuch(t *testing.T) {
	a := testAuth(t, func(cfg *Config) { cfg.Desk = &Desk{} })
	user := typicalUser(1)
	phone := signedIn(t, a, user)
	phone.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0")
	ask := func(method, body string) (ticket, *httptest.ResponseRecorder) {
		code := a.desk.tickets.issue("", ScopeBase)
		r := httptest.NewRequest(method, "/wechat/login?desk="+code.text, strings.NewReader(body))
		r.Header = phone.Header
		w := httptest.NewRecorder()
		a.LoginHandler().ServeHTTP(w, r)
		return code, w
	}
	_, w := ask(http.MethodGet, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	for a.openings.take(user.user, time.Now()) {
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		code, w := ask(method, "refuse=1")
		_, opened, err := a.desk.ledger.store.Outcome(t.Context(), scanKey(code))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || opened || err != nil {
			t.Errorf("%s: %d, opened: %t, %v", method, w.Code, opened, err)
		}
	}
	mini := &core.User{AppID: "wx0000000000000001", OpenID: "oMini"}
	handOver := func() int {
		address, err := a.HandoverURL(t.Context(), mini, "/me")
		require.NoError(t, err)
		r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(address, "https://shop.example.com"), nil)
		r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0 miniProgram/"+mini.AppID)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		a.LoginHandler().ServeHTTP(w, r)
		require.Equal(t, w.Code == http.StatusFound, len(w.Header()["Set-Cookie"]) > 0, w.Code)
		return w.Code
	}
	require.Equal(t, http.StatusFound, handOver())
	for a.openings.take(mini, time.Now()) {
	}
	require.Equal(t, http.StatusServiceUnavailable, handOver(), "one too many")
}
