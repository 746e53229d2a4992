package wxsim_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// consent answers the consent page of snsapi_userinfo.
func consent(tb testing.TB, sim *wxsim.Server, form url.Values) *httptest.ResponseRecorder {
	tb.Helper()
	wantStatus(tb, get(tb, sim, authorizeURL(sim, "snsapi_userinfo")), http.StatusOK)
	form.Set("query", strings.TrimPrefix(authorizeURL(sim, "snsapi_userinfo"), "/connect/oauth2/authorize?"))
	return submit(sim, "/wxsim/consent", form)
}

func TestPersonDecides(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: wxsim.MadeUpUsers(2)})
	user := sim.Users()[1]
	for _, tt := range []struct {
		decision, scope string
		snapshot        any
	}{
		{"allow", "snsapi_userinfo", nil},
		{"base", "snsapi_base", nil},
		{"snapshot", "snsapi_userinfo", 1.0},
	} {
		t.Run(tt.decision, func(t *testing.T) {
			w := consent(t, sim, url.Values{"user": {user.OpenID}, "decision": {tt.decision}})
			to := location(t, w)
			require.Equal(t, "s1", to.Query().Get("state"))
			require.Equal(t, "1", to.Query().Get("a"))
			token := call(t, sim, exchangeURL(sim, to.Query().Get("code")))
			if token["scope"] != tt.scope || token["is_snapshotuser"] != tt.snapshot || (token["openid"] == user.OpenID) != (tt.snapshot == nil) {
				t.Errorf("exchange = %v; want %+v", token, tt)
			}
			require.True(t, strings.HasPrefix(w.Header().Get("Set-Cookie"), "wxsim_user="+user.OpenID+";"))
		})
	}
	t.Run("refuse", func(t *testing.T) {
		w := consent(t, sim, url.Values{"user": {user.OpenID}, "decision": {"refuse"}})
		require.Equal(t, callback+"&state=s1", w.Header().Get("Location"))
	})
	t.Run("nobody", func(t *testing.T) {
		wantStatus(t, consent(t, sim, url.Values{"decision": {"allow"}}), http.StatusOK)
	})
	t.Run("a query that the authorize page would refuse", func(t *testing.T) {
		w := submit(sim, "/wxsim/consent", url.Values{"user": {user.OpenID}, "decision": {"allow"}, "query": {"appid=x"}})
		if w.Code != http.StatusOK || w.Header().Get("Location") != "" {
			t.Errorf("status %d; want an error page", w.Code)
		}
	})
	t.Run("from another site", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/wxsim/consent", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		wantStatus(t, do(sim, r), http.StatusForbidden)
	})
}

func TestPersonAddsAUser(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	w := consent(t, sim, url.Values{"decision": {"add"}, "nickname": {"新来的"}})
	users := sim.Users()
	require.Len(t, users, 2)
	require.Equal(t, "新来的", users[1].Nickname)
	r := httptest.NewRequest(http.MethodGet, w.Header().Get("Location"), nil)
	r.Header.Set("Cookie", w.Header().Get("Set-Cookie"))
	page := do(sim, r).Body.String()
	require.True(t, regexp.MustCompile(`value="`+users[1].OpenID+`" checked`).MatchString(page), page)
}

func TestConsentPageShowsWhatIsAsked(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: []wxsim.User{{Nickname: `<script>"`}}})
	r := httptest.NewRequest(http.MethodGet, authorizeURL(sim, "snsapi_userinfo"), nil)
	wantText(t, do(sim, r), "shop.example.com", "获取你的昵称、头像", "&lt;script&gt;&#34;", `lang="zh-CN"`, "允许", "拒绝")
	r.Header.Set("Accept-Language", "en-GB,zh;q=0.5")
	english := do(sim, r)
	wantText(t, english, "see your nickname", `lang="en"`, "Allow", "Refuse")
	if regexp.MustCompile(`(src|href)="?https?:`).MatchString(english.Body.String()) {
		t.Error("the page loads something from elsewhere")
	}
}

// addresses are the two callbacks on the page that calls back twice.
func addresses(tb testing.TB, w *httptest.ResponseRecorder) (first, second url.Values) {
	tb.Helper()
	var found []url.Values
	for _, m := range regexp.MustCompile(`(?:src|href)="(https://shop[^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		u, err := url.Parse(html.UnescapeString(m[1]))
		require.NoError(tb, err)
		found = append(found, u.Query())
	}
	if len(found) != 2 {
		tb.Fatalf("status %d, %d callbacks on the page; want 2: %s", w.Code, len(found), w.Body)
	}
	return found[1], found[0]
}

func TestDoubleCallback(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mode  wxsim.CallbackMode
		form  string
		other bool
		want  int // what the second exchange is answered
	}{
		{"same code", wxsim.CallbackSameCode, "same", false, 40163},
		{"other code", wxsim.CallbackOtherCode, "other", true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := wxsim.New(wxsim.Config{AutoAllow: true})
			sim.DoubleCallback(tt.mode)
			automatic := get(t, sim, authorizeURL(sim, "snsapi_base"))
			sim.DoubleCallback(wxsim.CallbackOnce)
			chosen := submit(sim, "/wxsim/consent", url.Values{
				"query": {strings.TrimPrefix(authorizeURL(sim, "snsapi_base"), "/connect/oauth2/authorize?")},
				"user":  {sim.Users()[0].OpenID}, "decision": {"allow"}, "callbacks": {tt.form},
			})
			for _, w := range []*httptest.ResponseRecorder{automatic, chosen} {
				first, second := addresses(t, w)
				if first.Get("state") != "s1" || second.Get("state") != "s1" || (first.Get("code") != second.Get("code")) != tt.other {
					t.Errorf("callbacks %v and %v", first, second)
				}
				wantCode(t, call(t, sim, exchangeURL(sim, first.Get("code"))), 0)
				wantCode(t, call(t, sim, exchangeURL(sim, second.Get("code"))), tt.want)
			}
		})
	}
}

// openQR shows the desktop page and gives its ticket.
func openQR(tb testing.TB, sim *wxsim.Server) string {
	tb.Helper()
	w := get(tb, sim, "/connect/qrconnect"+query("appid", sim.WebsiteAppID(), "redirect_uri", callback, "response_type", "code", "scope", "snsapi_login", "state", "s1"))
	m := regexp.MustCompile(`/wxsim/scan\?ticket=(\w+)`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || m == nil || !strings.Contains(w.Body.String(), "data:image/png;base64,") {
		tb.Fatalf("status %d; want a page with a QR code: %s", w.Code, w.Body)
	}
	return m[1]
}

// wantDesktop fails unless the desktop is told this state.
func wantDesktop(tb testing.TB, sim *wxsim.Server, ticket, state string) {
	tb.Helper()
	require.Equal(tb, state, get(tb, sim, "/wxsim/desktop/state?ticket="+ticket).Body.String())
}

func TestQRLoginWithTheSimulatedPhone(t *testing.T) {
	for _, decision := range []string{"allow", "refuse"} {
		t.Run(decision, func(t *testing.T) {
			sim := wxsim.New(wxsim.Config{})
			ticket := openQR(t, sim)
			wantDesktop(t, sim, ticket, "waiting")
			wantStatus(t, get(t, sim, "/wxsim/desktop?ticket="+ticket), http.StatusOK) // desktop before the scan
			wantText(t, get(t, sim, "/wxsim/scan?ticket="+ticket), `value="allow"`)
			wantDesktop(t, sim, ticket, "opened")
			w := submit(sim, "/wxsim/consent", url.Values{"ticket": {ticket}, "user": {sim.Users()[0].OpenID}, "decision": {decision}})
			require.Equal(t, http.StatusOK, w.Code)
			require.Empty(t, w.Header().Get("Location"))
			wantDesktop(t, sim, ticket, "decided")
			first := location(t, get(t, sim, "/wxsim/desktop?ticket="+ticket))
			again := location(t, get(t, sim, "/wxsim/desktop?ticket="+ticket))
			if first.String() != again.String() || first.Query().Get("state") != "s1" || (first.Query().Get("code") == "") != (decision == "refuse") {
				t.Errorf("desktop goes to %s, then %s", first, again)
			}
			if w := get(t, sim, "/wxsim/scan?ticket="+ticket); strings.Contains(w.Body.String(), `value="allow"`) {
				t.Error("the phone asks again after a decision")
			}
		})
	}
}

func TestQRCodeExpires(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	ticket := openQR(t, sim)
	sim.Advance(5 * time.Minute)
	wantDesktop(t, sim, ticket, "expired")
	for _, path := range []string{"/wxsim/desktop", "/wxsim/scan"} {
		wantText(t, get(t, sim, path+"?ticket="+ticket), "已过期")
	}
	wantText(t, submit(sim, "/wxsim/consent", url.Values{"ticket": {ticket}, "decision": {"allow"}, "user": {sim.Users()[0].OpenID}}), "已过期")
}

func TestAvatarOfNobody(t *testing.T) {
	wantStatus(t, get(t, wxsim.New(wxsim.Config{}), "/wxsim/avatar/oNobody/96"), http.StatusNotFound)
}
