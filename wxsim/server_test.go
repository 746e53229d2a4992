package wxsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// get asks the simulator without a network.
func get(tb testing.TB, sim *wxsim.Server, target string) *httptest.ResponseRecorder {
	tb.Helper()
	return do(sim, httptest.NewRequest(http.MethodGet, target, nil))
}

func do(sim *wxsim.Server, r *http.Request) *httptest.ResponseRecorder {
	if r.Host == "example.com" { // what httptest chooses
		r.Host = "127.0.0.1:8081"
	}
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	return w
}

// post sends a body.
func post(tb testing.TB, sim *wxsim.Server, target, body string) map[string]any {
	tb.Helper()
	return reply(tb, do(sim, httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))))
}

func request(method, target, body string) *http.Request {
	return httptest.NewRequest(method, target, strings.NewReader(body))
}

// submit sends a form, as a browser does that follows no redirect.
func submit(sim *wxsim.Server, target string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(sim, r)
}

// reply reads a JSON answer.
func reply(tb testing.TB, w *httptest.ResponseRecorder) map[string]any {
	tb.Helper()
	var fields map[string]any
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &fields), "answer %q", w.Body)
	return fields
}

// started is a simulator that listens until the test ends.
func started(t *testing.T, cfg wxsim.Config) *wxsim.Server {
	t.Helper()
	sim := wxsim.New(cfg)
	require.NoError(t, sim.Start())
	t.Cleanup(sim.Close)
	return sim
}

// call is get for an API.
func call(tb testing.TB, sim *wxsim.Server, target string) map[string]any {
	tb.Helper()
	return reply(tb, get(tb, sim, target))
}

// wantCode fails unless the answer is a refusal with this code and a request id; 0 is success.
func wantCode(tb testing.TB, answer map[string]any, code int) {
	tb.Helper()
	got, _ := answer["errcode"].(float64)
	require.Equal(tb, code, int(got), answer)
	msg, _ := answer["errmsg"].(string)
	if code != 0 && (!strings.Contains(msg, " rid: ") || strings.Contains(msg, "unknown error")) {
		tb.Errorf("errmsg %q; want WeChat's words and a request id", msg)
	}
}

// wantFields wants these names and values in an answer; nil is no such name.
func wantFields(tb testing.TB, answer map[string]any, fields ...any) {
	tb.Helper()
	for pair := range slices.Chunk(fields, 2) {
		require.Equal(tb, pair[1], answer[pair[0].(string)], "%v in %v", pair[0], answer)
	}
}

// wantStatus fails unless an answer has this status.
func wantStatus(tb testing.TB, w *httptest.ResponseRecorder, status int) {
	tb.Helper()
	if w.Code != status {
		tb.Errorf("status %d; want %d: %s", w.Code, status, w.Body)
	}
}

// wantText fails unless an answer holds all of this.
func wantText(tb testing.TB, w *httptest.ResponseRecorder, texts ...string) {
	tb.Helper()
	for _, text := range texts {
		require.Contains(tb, w.Body.String(), text, w.Code)
	}
}

// query writes a query of the given names and values in their order, without the empty ones.
func query(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	return "?" + strings.Join(parts, "&")
}

const callback = "https://shop.example.com/cb?a=1"

func authorizeURL(sim *wxsim.Server, scope string) string {
	return "/connect/oauth2/authorize" + query("appid", sim.AppID(), "redirect_uri", callback, "response_type", "code", "scope", scope, "state", "s1")
}

// location is where the browser was sent.
func location(tb testing.TB, w *httptest.ResponseRecorder) *url.URL {
	tb.Helper()
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound {
		tb.Fatalf("status %d, Location %q; want a redirect", w.Code, w.Header().Get("Location"))
	}
	return u
}

// logIn walks through the authorize page of a simulator with AutoAllow and gives the code.
func logIn(tb testing.TB, sim *wxsim.Server, scope string) string {
	tb.Helper()
	return location(tb, get(tb, sim, authorizeURL(sim, scope))).Query().Get("code")
}

func exchangeURL(sim *wxsim.Server, code string) string {
	return "/sns/oauth2/access_token" + query("appid", sim.AppID(), "secret", sim.Secret(), "code", code, "grant_type", "authorization_code")
}

func refreshURL(sim *wxsim.Server, token string) string {
	return "/sns/oauth2/refresh_token" + query("appid", sim.AppID(), "grant_type", "refresh_token", "refresh_token", token)
}

func userInfoURL(token, openID string) string {
	return "/sns/userinfo" + query("access_token", token, "openid", openID, "lang", "zh_CN")
}

func TestZeroConfigIsAWholeWeChat(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	for name, id := range map[string]string{"appid": sim.AppID(), "website": sim.WebsiteAppID(), "mini": sim.MiniAppID()} {
		require.Len(t, id, 18, name)
		require.True(t, strings.HasPrefix(id, "wx"), name)
	}
	if len(sim.Secret()) != 32 || len(sim.WebsiteSecret()) != 32 || len(sim.MiniSecret()) != 32 {
		t.Error("a secret is not 32 characters")
	}
	users := sim.Users()
	if len(users) != 1 || users[0].Nickname == "" || users[0].HeadImgURL == "" || len(users[0].OpenID) != 28 || len(users[0].UnionID) != 28 {
		t.Errorf("Users() = %+v; want one complete user", users)
	}
}

func TestStartListensAndCloseEndsIt(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	require.NoError(t, sim.Start())
	require.Error(t, sim.Start(), "a second Start succeeded")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(sim.URL + exchangeURL(sim, logIn(t, sim, "snsapi_base")))
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	require.NoError(t, err)
	require.Contains(t, string(body), sim.Users()[0].OpenID)
	resp, err = client.Get(sim.Users()[0].HeadImgURL)
	require.NoError(t, err, "the made-up avatar is not to be had")
	_ = resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "image/svg+xml", resp.Header.Get("Content-Type"))
	sim.Close()
	sim.Close()
	if resp, err := client.Get(sim.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers after Close")
	}
}

// A phone in the same network reaches the simulator, which knows itself as 127.0.0.1, by another
// name.
func TestAvatarIsWhereTheBrowserWas(t *testing.T) {
	sim := started(t, wxsim.Config{AutoAllow: true})
	r := httptest.NewRequest(http.MethodGet, authorizeURL(sim, "snsapi_userinfo"), nil)
	r.Host = "192.168.1.5:8081"
	token := call(t, sim, exchangeURL(sim, location(t, do(sim, r)).Query().Get("code")))
	userInfo := userInfoURL(token["access_token"].(string), token["openid"].(string))
	if got, want := call(t, sim, userInfo)["headimgurl"], "http://192.168.1.5:8081/wxsim/avatar/"+sim.Users()[0].OpenID+"/132"; got != want {
		t.Errorf("headimgurl %q; want %q", got, want)
	}
	u := sim.Users()[0]
	u.HeadImgURL = "https://pictures.example/a.png"
	sim.AddUser(u)
	require.Equal(t, u.HeadImgURL, call(t, sim, userInfo)["headimgurl"])
}

func TestCloseAndShutdownWithoutStart(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	sim.Close()
	require.NoError(t, sim.Shutdown(t.Context()))
}

func TestStartTellsATakenAddress(t *testing.T) {
	first := wxsim.New(wxsim.Config{})
	require.NoError(t, first.Start())
	defer first.Close()
	second := wxsim.New(wxsim.Config{Addr: strings.TrimPrefix(first.URL, "http://")})
	if err := second.Start(); err == nil {
		second.Close()
		t.Error("two simulators listen on one address")
	}
}

func TestUnknownPathIsRefused(t *testing.T) {
	wantCode(t, call(t, wxsim.New(wxsim.Config{}), "/cgi-bin/no/such/thing"), 40066)
}

func TestAHugeBodyIsRefused(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	w := do(sim, httptest.NewRequest(http.MethodPost, "/cgi-bin/stable_token", strings.NewReader(strings.Repeat("x", 21<<20))))
	wantStatus(t, w, http.StatusRequestEntityTooLarge)
}

func TestManyClientsAtOnce(t *testing.T) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	first := sim.Users()[0]
	done := make(chan string)
	for i := range 100 {
		go func() {
			token := map[string]any{}
			w := do(sim, httptest.NewRequest(http.MethodGet, authorizeURL(sim, "snsapi_userinfo"), nil))
			if u, err := url.Parse(w.Header().Get("Location")); err == nil {
				_ = json.Unmarshal(do(sim, httptest.NewRequest(http.MethodGet, exchangeURL(sim, u.Query().Get("code")), nil)).Body.Bytes(), &token)
			}
			sim.AddUser(wxsim.User{Nickname: "x"})
			sim.AddUser(first) // changes the one who logs in
			if i%20 == 0 {
				do(sim, httptest.NewRequest(http.MethodGet, "/", nil))
			}
			_, _ = sim.Log(), sim.Users()
			text, _ := token["access_token"].(string)
			done <- text
		}()
	}
	tokens := map[string]bool{}
	for range 100 {
		tokens[<-done] = true
	}
	if len(tokens) != 100 || tokens[""] {
		t.Errorf("%d different tokens; want 100", len(tokens))
	}
}

func TestRidBeginsWithTheTime(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	sim.Advance(100 * 365 * 24 * time.Hour)
	before := call(t, sim, "/sns/auth")["errmsg"].(string)
	if !strings.Contains(before, " rid: ") || len(strings.Split(before, "-")) != 3 {
		t.Errorf("errmsg %q; want three groups of hex", before)
	}
}
