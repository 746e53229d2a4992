package wxsim_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func classicURL(sim *wxsim.Server) string {
	return "/cgi-bin/token" + query("grant_type", "client_credential", "appid", sim.AppID(), "secret", sim.Secret())
}

// stable asks for a stable token of the official account.
func stable(tb testing.TB, sim *wxsim.Server, force bool) map[string]any {
	tb.Helper()
	return post(tb, sim, "/cgi-bin/stable_token", fmt.Sprintf(
		`{"grant_type":"client_credential","appid":%q,"secret":%q,"force_refresh":%t}`, sim.AppID(), sim.Secret(), force))
}

// wantToken fails unless an app token is answered with this code.
func wantToken(tb testing.TB, sim *wxsim.Server, token any, code int) {
	tb.Helper()
	wantCode(tb, call(tb, sim, "/cgi-bin/ticket/getticket"+query("access_token", token.(string), "type", "jsapi")), code)
}

func TestClassicTokenIsReplacedByEveryCall(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	w := get(t, sim, classicURL(sim))
	require.Equal(t, "application/json; encoding=utf-8", w.Header().Get("Content-Type"))
	first := reply(t, w)
	wantFields(t, first, "expires_in", 7200.0, "errcode", nil)
	second := call(t, sim, classicURL(sim))
	require.NotEqual(t, second["access_token"], first["access_token"])
	sim.Advance(5*time.Minute - time.Second)
	wantToken(t, sim, first["access_token"], 0)
	sim.Advance(time.Second)
	wantToken(t, sim, first["access_token"], 40001)
	wantToken(t, sim, second["access_token"], 0)
	sim.Advance(2 * time.Hour)
	wantToken(t, sim, second["access_token"], 42001)
	wantToken(t, sim, "nonsense", 40001)
	wantToken(t, sim, "", 41001)
}

func TestStableTokenStaysUntilItsLastFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still
		sim := wxsim.New(wxsim.Config{})
		first := stable(t, sim, false)
		sim.Advance(time.Hour)
		wantFields(t, stable(t, sim, false), "access_token", first["access_token"], "expires_in", 3600.0)
		sim.Advance(55 * time.Minute)
		wantFields(t, stable(t, sim, false), "access_token", first["access_token"], "expires_in", 300.0)
		sim.Advance(time.Second)
		second := stable(t, sim, false)
		wantFields(t, second, "expires_in", 7200.0) // in the last 5 minutes
		require.NotEqual(t, first["access_token"], second["access_token"])
		sim.Advance(4 * time.Minute)
		wantToken(t, sim, first["access_token"], 0)
		wantToken(t, sim, second["access_token"], 0)
		sim.Advance(time.Minute)
		wantToken(t, sim, second["access_token"], 0)
		if got := call(t, sim, "/cgi-bin/ticket/getticket"+query("access_token", first["access_token"].(string), "type", "jsapi")); got["errcode"] == 0.0 {
			t.Errorf("the old token works after its end: %v", got)
		}
	})
}

func TestForcedRefreshKillsAtOnceButNotTwiceIn30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 08:00 in China, so no day ends
		sim := wxsim.New(wxsim.Config{})
		first := stable(t, sim, false)["access_token"]
		second := stable(t, sim, true)["access_token"]
		require.NotEqual(t, first, second, "force_refresh gave the same token")
		wantToken(t, sim, first, 40001)
		sim.Advance(29 * time.Second)
		require.Equal(t, second, stable(t, sim, true)["access_token"], "a second force within 30 s gave a new token")
		for range 19 {
			sim.Advance(30 * time.Second)
			wantCode(t, stable(t, sim, true), 0)
		}
		sim.Advance(30 * time.Second)
		wantCode(t, stable(t, sim, true), 45009)
		sim.Advance(24 * time.Hour)
		wantCode(t, stable(t, sim, true), 0)
	})
}

func TestTokenKindsDoNotVoidEachOther(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	kept := stable(t, sim, false)["access_token"]
	classic := call(t, sim, classicURL(sim))["access_token"]
	stable(t, sim, true)
	call(t, sim, classicURL(sim))
	sim.Advance(4 * time.Minute)
	wantToken(t, sim, classic, 0)
	wantToken(t, sim, kept, 40001) // by force, not by the classic one
}

func TestTokenCallsRefuse(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for _, tt := range []struct {
		name, grant, appID, secret string
		want                       int
	}{
		{"other grant_type", "x", sim.AppID(), sim.Secret(), 40002},
		{"no appid", "client_credential", "", sim.Secret(), 41002},
		{"no secret", "client_credential", sim.AppID(), "", 41004},
		{"unknown appid", "client_credential", "wx0", sim.Secret(), 40013},
		{"website app", "client_credential", sim.WebsiteAppID(), sim.WebsiteSecret(), 40013},
		{"wrong secret", "client_credential", sim.AppID(), "x", 40125},
		{"mini program", "client_credential", sim.MiniAppID(), sim.MiniSecret(), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, call(t, sim, "/cgi-bin/token"+query("grant_type", tt.grant, "appid", tt.appID, "secret", tt.secret)), tt.want)
			wantCode(t, post(t, sim, "/cgi-bin/stable_token", fmt.Sprintf(`{"grant_type":%q,"appid":%q,"secret":%q}`, tt.grant, tt.appID, tt.secret)), tt.want)
		})
	}
	for name, tt := range map[string]struct {
		body string
		want int
	}{"no body": {"", 44002}, "no JSON": {"appid=1", 47001}} {
		t.Run(name, func(t *testing.T) {
			wantCode(t, post(t, sim, "/cgi-bin/stable_token", tt.body), tt.want)
		})
	}
	wantCode(t, call(t, sim, "/cgi-bin/stable_token"), 43002)
	wantCode(t, post(t, sim, classicURL(sim), ""), 43001)
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 08:00 in China, so no day ends
		sim := wxsim.New(wxsim.Config{Limits: map[string]wxsim.Limit{"/cgi-bin/token": {PerMinute: 2, PerDay: 3}}})
		for _, want := range []int{0, 0, 45011} {
			wantCode(t, call(t, sim, classicURL(sim)), want)
		}
		sim.Advance(time.Minute)
		wantCode(t, call(t, sim, classicURL(sim)), 0)
		wantCode(t, call(t, sim, classicURL(sim)), 45009)
		sim.Advance(24 * time.Hour)
		wantCode(t, call(t, sim, classicURL(sim)), 0)
		if wxsim.DocumentedLimits()["/cgi-bin/stable_token"].PerDay != 500_000 {
			t.Error("the documented limit of stable_token is 500,000 a day")
		}
	})
}

func TestTicketStaysForTwoHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still
		sim := wxsim.New(wxsim.Config{})
		ticket := func(kind string) map[string]any {
			token := call(t, sim, classicURL(sim))["access_token"].(string)
			return call(t, sim, "/cgi-bin/ticket/getticket"+query("access_token", token, "type", kind))
		}
		first := ticket("jsapi")
		wantFields(t, first, "errcode", 0.0, "errmsg", "ok", "expires_in", 7200.0)
		require.NotEqual(t, "", first["ticket"])
		sim.Advance(time.Hour)
		wantFields(t, ticket("jsapi"), "ticket", first["ticket"], "expires_in", 3600.0)
		require.NotEqual(t, first["ticket"], ticket("wx_card")["ticket"], "both types have one ticket")
		sim.Advance(time.Hour)
		require.NotEqual(t, first["ticket"], ticket("jsapi")["ticket"], "the ticket outlived its two hours")
		wantCode(t, ticket("other"), 40097)
		wantCode(t, ticket(""), 40097)
		mini := call(t, sim, "/cgi-bin/token"+query("grant_type", "client_credential", "appid", sim.MiniAppID(), "secret", sim.MiniSecret()))
		wantToken(t, sim, mini["access_token"], 48001)
	})
}
