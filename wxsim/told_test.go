package wxsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/wxsim"
)

// listener is an official account's program, which answers every message with the same bytes.
func listener(t *testing.T, answer func() string) (address string, heard <-chan map[string]any) {
	t.Helper()
	messages := make(chan map[string]any, 8)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message map[string]any
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		messages <- message
		_, _ = io.WriteString(w, answer())
	}))
	t.Cleanup(app.Close)
	return app.URL, messages
}

// An account with a push URL hears of its followers, by the page and by the control API alike.
func TestAccountsHearOfFollowers(t *testing.T) {
	address, heard := listener(t, func() string { return "success" })
	sim := wxsim.New(wxsim.Config{Apps: []wxsim.App{{
		Kind: wxsim.OfficialAccount, AppID: "wxshop", Secret: "s",
		Push: &wxsim.PushTarget{URL: address, Token: "t", Mode: wxsim.PushPlain},
	}}})
	user := sim.Users()[0].OpenID
	code := post(t, sim, "/cgi-bin/qrcode/create?access_token="+accountToken(t, sim), `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"desk"}}}`)
	want := func(event, key string) {
		t.Helper()
		wantFields(t, <-heard, "Event", event, "EventKey", key, "FromUserName", user)
	}
	var told struct {
		Event struct{ Type string }
		Push  *wxsim.PushResult
	}
	api(t, sim, http.MethodPost, "users/"+user+"/scan", `{"code":"`+code["ticket"].(string)+`"}`, http.StatusOK, &told)
	if told.Event.Type != "subscribe" || told.Push == nil || told.Push.Body != "success" {
		t.Errorf("told %+v", told)
	}
	want("subscribe", "qrscene_desk")
	api(t, sim, http.MethodPost, "users/"+user+"/unfollow", ``, http.StatusOK, &told)
	want("unsubscribe", "")
	wantText(t, submit(sim, "/wxsim/users", url.Values{"do": {"follow"}, "user": {user}, "appid": {"wxshop"}}),
		"你的程序已应答")
	want("subscribe", "")
	id := code["url"].(string)[strings.LastIndex(code["url"].(string), "/")+1:]
	wantText(t, get(t, sim, "/q/"+id), "进入公众号")
	wantText(t, submit(sim, "/wxsim/scanned", url.Values{"code": {id}}), "SCAN")
	want("SCAN", "desk")
	api(t, sim, http.MethodPost, "push", `{"event":{"type":"text","openid":"`+user+`","key":"a]]>b"}}`, http.StatusOK, nil)
	wantFields(t, <-heard, "Content", "a]]>b", "MsgType", "text")
	wantText(t, submit(sim, "/wxsim/users", url.Values{"do": {"follow"}, "user": {user}, "appid": {"wxnobody"}}),
		"没有这个用户或公众号")
}

// An answer that the program has encrypted is shown decrypted.
func TestEncryptedAnswersAreOpened(t *testing.T) {
	var sim *wxsim.Server
	address, _ := listener(t, func() string { return sealedReply(t, sim, pushKey) })
	sim = wxsim.New(wxsim.Config{Apps: []wxsim.App{{
		Kind: wxsim.OfficialAccount, Push: &wxsim.PushTarget{URL: address, Token: "t", EncodingAESKey: pushKey},
	}}})
	result, err := sim.Send(t.Context(), wxsim.Event{Type: "CLICK", OpenID: sim.Users()[0].OpenID, Key: "menu"})
	if err != nil || result.Status != http.StatusOK || result.Reply != `{"ToUserName":"gh"}` {
		t.Errorf("result %+v, %v", result, err)
	}
	for name, e := range map[string]wxsim.Event{
		"unknown type":   {Type: "WAVE", OpenID: sim.Users()[0].OpenID},
		"unknown openid": {Type: "CLICK", OpenID: "oNobody"},
		"no push URL":    {Type: "CLICK", AppID: sim.MiniAppID(), OpenID: "o"},
	} {
		if _, err := sim.Send(t.Context(), e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSwitchesOnThePage(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	submit(sim, "/wxsim/switches", url.Values{"name": {"auto"}, "on": {"1"}})
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_userinfo")), http.StatusFound) // with auto on
	submit(sim, "/wxsim/switches", url.Values{"name": {"auto"}})
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_userinfo")), http.StatusOK) // with auto off
	// to a switch that is not there
	wantStatus(t, submit(sim, "/wxsim/switches", url.Values{"name": {"x"}}), http.StatusBadRequest)
}
