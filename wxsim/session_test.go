package wxsim_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// miniToken is an app access_token of the mini program.
func miniToken(tb testing.TB, sim *wxsim.Server) string {
	tb.Helper()
	answer := call(tb, sim, "/cgi-bin/token"+query("grant_type", "client_credential", "appid", sim.MiniAppID(), "secret", sim.MiniSecret()))
	wantCode(tb, answer, 0)
	return answer["access_token"].(string)
}

// miniOpenID is the first user's openid at the mini program.
func miniOpenID(sim *wxsim.Server) string { return sim.OpenID(sim.MiniAppID(), sim.Users()[0]) }

func sessionURL(sim *wxsim.Server, code string) string {
	return "/sns/jscode2session" + query("appid", sim.MiniAppID(), "secret", sim.MiniSecret(), "js_code", code, "grant_type", "authorization_code")
}

// startSession logs the first user in and gives the session_key.
func startSession(tb testing.TB, sim *wxsim.Server) string {
	tb.Helper()
	session := call(tb, sim, sessionURL(sim, sim.NewJSCode(miniOpenID(sim))))
	wantCode(tb, session, 0)
	return session["session_key"].(string)
}

func TestCode2Session(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	user := sim.Users()[0]
	w := get(t, sim, sessionURL(sim, sim.NewJSCode(user.OpenID)))
	session := reply(t, w)
	key, err := base64.StdEncoding.DecodeString(session["session_key"].(string))
	if err != nil || len(key) != 16 {
		t.Errorf("session_key %v; want 16 bytes in base64", session["session_key"])
	}
	wantFields(t, session, "openid", miniOpenID(sim), "unionid", user.UnionID, "errcode", nil)
	require.NotEqual(t, user.OpenID, session["openid"])
	require.Equal(t, "text/plain", w.Header().Get("Content-Type"))
}

func TestCode2SessionRefuses(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	openID := miniOpenID(sim)
	used := sim.NewJSCode(openID)
	call(t, sim, sessionURL(sim, used))
	old := sim.NewJSCode(openID)
	sim.Advance(5 * time.Minute)
	for _, tt := range []struct {
		name, appID, secret, code, grant string
		want                             int
	}{
		{"no appid", "", sim.MiniSecret(), sim.NewJSCode(openID), "authorization_code", 41002},
		{"no secret", sim.MiniAppID(), "", sim.NewJSCode(openID), "authorization_code", 41004},
		{"official account", sim.AppID(), sim.Secret(), sim.NewJSCode(openID), "authorization_code", 40013},
		{"wrong secret", sim.MiniAppID(), sim.Secret(), sim.NewJSCode(openID), "authorization_code", 40125},
		{"no code", sim.MiniAppID(), sim.MiniSecret(), "", "authorization_code", 41008},
		{"other grant_type", sim.MiniAppID(), sim.MiniSecret(), sim.NewJSCode(openID), "code", 40002},
		{"unknown code", sim.MiniAppID(), sim.MiniSecret(), "0x", "authorization_code", 40029},
		{"used code", sim.MiniAppID(), sim.MiniSecret(), used, "authorization_code", 40163},
		{"old code", sim.MiniAppID(), sim.MiniSecret(), old, "authorization_code", 40029},
		{"phone code", sim.MiniAppID(), sim.MiniSecret(), sim.NewPhoneCode(openID), "authorization_code", 40029},
		{"web code", sim.MiniAppID(), sim.MiniSecret(), sim.NewCode(sim.AppID(), openID, "snsapi_base"), "authorization_code", 40029},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, call(t, sim, "/sns/jscode2session"+query("appid", tt.appID, "secret", tt.secret, "js_code", tt.code, "grant_type", tt.grant)), tt.want)
		})
	}
	wantCode(t, post(t, sim, sessionURL(sim, sim.NewJSCode(openID)), ""), 41002)
	if sim.NewJSCode("oNobody") != "" || sim.NewPhoneCode("oNobody") != "" || sim.NewPluginCode("oNobody") != "" {
		t.Error("nobody was given a code")
	}
}

// signature proves that one has the session_key.
func signature(key string) string {
	return hex.EncodeToString(hmac.New(sha256.New, []byte(key)).Sum(nil))
}

func TestSessionKeyIsCheckedAndReplaced(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token, openID := miniToken(t, sim), miniOpenID(sim)
	ask := func(path, openID, sig, method string) map[string]any {
		t.Helper()
		return call(t, sim, path+query("access_token", token, "openid", openID, "signature", sig, "sig_method", method))
	}
	wantCode(t, ask("/wxa/checksession", openID, signature(""), "hmac_sha256"), 87007) // never logged in
	key := startSession(t, sim)
	for _, tt := range []struct {
		name, openID, sig, method string
		want                      int
	}{
		{"good", openID, signature(key), "hmac_sha256", 0},
		{"other key", openID, signature("x"), "hmac_sha256", 87009},
		{"no signature", openID, "", "hmac_sha256", 87009},
		{"other method", openID, signature(key), "md5", 87008},
		{"no method", openID, signature(key), "", 87008},
		{"unknown openid", "oNobody", signature(key), "hmac_sha256", 40003},
		{"no openid", "", signature(key), "hmac_sha256", 41009},
		{"openid of the official account", sim.Users()[0].OpenID, signature(key), "hmac_sha256", 43104},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCode(t, ask("/wxa/checksession", tt.openID, tt.sig, tt.method), tt.want)
		})
	}
	reset := ask("/wxa/resetusersessionkey", openID, signature(key), "hmac_sha256")
	next, _ := reset["session_key"].(string)
	if reset["errcode"] != 0.0 || reset["openid"] != openID || next == key || len(next) != 24 {
		t.Errorf("reset = %v", reset)
	}
	wantCode(t, ask("/wxa/checksession", openID, signature(key), "hmac_sha256"), 87009)
	wantCode(t, ask("/wxa/resetusersessionkey", openID, signature(key), "hmac_sha256"), 87009)
	wantCode(t, ask("/wxa/checksession", openID, signature(next), "hmac_sha256"), 0)
	sim.NewJSCode(openID) // a new login kills the key of the one before
	wantCode(t, ask("/wxa/checksession", openID, signature(next), "hmac_sha256"), 87009)
	key = startSession(t, sim)
	sim.Advance(3 * 24 * time.Hour)
	token = miniToken(t, sim)
	wantCode(t, ask("/wxa/checksession", openID, signature(key), "hmac_sha256"), 87007)
}

func TestPhoneNumber(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: []wxsim.User{{Phone: "13800138000"}, {Phone: "+852 91234567"}}})
	users := sim.Users()
	path := "/wxa/business/getuserphonenumber?access_token=" + miniToken(t, sim)
	ask := func(code string) map[string]any { return post(t, sim, path, fmt.Sprintf(`{"code":%q}`, code)) }
	for i, want := range []map[string]any{
		{"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86"},
		{"phoneNumber": "+85291234567", "purePhoneNumber": "91234567", "countryCode": "852"},
	} {
		info := ask(sim.NewPhoneCode(users[i].OpenID))["phone_info"].(map[string]any)
		for name, value := range want {
			require.Equal(t, value, info[name], name)
		}
		if mark := info["watermark"].(map[string]any); mark["appid"] != sim.MiniAppID() || mark["timestamp"].(float64) < 1e9 {
			t.Errorf("watermark %v", mark)
		}
	}
	code := sim.NewPhoneCode(users[0].OpenID)
	wantCode(t, post(t, sim, path, fmt.Sprintf(`{"code":%q,"openid":"oOther"}`, code)), 40003)
	wantCode(t, post(t, sim, path, fmt.Sprintf(`{"code":%q,"openid":%q}`, code, miniOpenID(sim))), 0)
	wantCode(t, ask(code), 40163)
	wantCode(t, ask(sim.NewJSCode(users[0].OpenID)), 40029)
	other, err := sim.AddApp(wxsim.App{Kind: wxsim.MiniProgram})
	require.NoError(t, err)
	wantCode(t, ask(sim.NewPhoneCode(sim.OpenID(other.AppID, users[0]))), 40013)
	wantCode(t, ask(sim.NewJSCode(sim.OpenID(other.AppID, users[0]))), 40029)
	wantCode(t, ask(""), 47001)
	wantCode(t, post(t, sim, path, ""), 44002)
	wantCode(t, post(t, sim, path, "{"), 47001)
	wantCode(t, post(t, sim, "/wxa/business/getuserphonenumber", `{"code":"x"}`), 41001)
	wantCode(t, call(t, sim, path), 43002)
}

// open decrypts what EncryptData made, by the textbook and not by the simulator's own code.
func open(tb testing.TB, key, encryptedData, iv string) []byte {
	tb.Helper()
	decode := func(s string) []byte {
		b, err := base64.StdEncoding.DecodeString(s)
		require.NoError(tb, err)
		return b
	}
	block, err := aes.NewCipher(decode(key))
	require.NoError(tb, err)
	data := decode(encryptedData)
	cipher.NewCBCDecrypter(block, decode(iv)).CryptBlocks(data, data)
	return data[:len(data)-int(data[len(data)-1])]
}

func TestEncryptedData(t *testing.T) {
	sim := wxsim.New(wxsim.Config{OldProfiles: true})
	openID := miniOpenID(sim)
	if _, _, err := sim.EncryptData(openID, []byte("{}")); err == nil {
		t.Error("data was sealed for somebody who never logged in")
	}
	if _, _, err := sim.RawData(openID); err == nil {
		t.Error("data was signed for somebody who never logged in")
	}
	key := startSession(t, sim)
	sealed, iv, err := sim.EncryptData(openID, sim.UserData(openID))
	require.NoError(t, err)
	var user map[string]any
	require.NoError(t, json.Unmarshal(open(t, key, sealed, iv), &user))
	if user["openId"] != openID || user["nickName"] != "小明" || user["unionId"] != sim.Users()[0].UnionID || user["watermark"].(map[string]any)["appid"] != sim.MiniAppID() {
		t.Errorf("user data = %v", user)
	}
	rawData, sig, err := sim.RawData(openID)
	if sum := sha1.Sum([]byte(rawData + key)); err != nil || sig != hex.EncodeToString(sum[:]) {
		t.Errorf("signature %q of %q, %v", sig, rawData, err)
	}
	require.Nil(t, sim.PhoneData("oNobody"), "data of nobody")
	require.Nil(t, sim.UserData("oNobody"), "data of nobody")
}

func TestCheckEncryptedDataKnowsTelephoneNumbers(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	openID := miniOpenID(sim)
	startSession(t, sim)
	hash := func(payload []byte) string {
		sealed, _, err := sim.EncryptData(openID, payload)
		require.NoError(t, err)
		sum := sha256.Sum256([]byte(sealed))
		return hex.EncodeToString(sum[:])
	}
	ask := func(hash string) map[string]any {
		return post(t, sim, "/wxa/business/checkencryptedmsg?access_token="+miniToken(t, sim), fmt.Sprintf(`{"encrypted_msg_hash":%q}`, hash))
	}
	phone := hash(sim.PhoneData(openID))
	if got := ask(phone); got["vaild"] != true || got["errcode"] != 0.0 || got["create_time"].(float64) < 1e9 {
		t.Errorf("check = %v", got)
	}
	wantCode(t, ask(hash(sim.UserData(openID))), 1)
	wantCode(t, ask("ABC"), 40097)
	sim.Advance(3 * 24 * time.Hour)
	wantCode(t, ask(phone), 1)
}

func TestPluginOpenPID(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	path := "/wxa/getpluginopenpid?access_token=" + miniToken(t, sim)
	ask := func(code string) map[string]any { return post(t, sim, path, fmt.Sprintf(`{"code":%q}`, code)) }
	code := sim.NewPluginCode(miniOpenID(sim))
	if got := ask(code); got["errcode"] != 0.0 || len(got["openpid"].(string)) != 28 {
		t.Errorf("openpid = %v", got)
	}
	wantCode(t, ask(code), 1007)
	wantCode(t, ask(sim.NewJSCode(miniOpenID(sim))), 1007)
	if msg := ask("x")["errmsg"].(string); len(msg) == 0 || msg[:6] != " rid: " {
		t.Errorf("errmsg %q; want nothing but the request id", msg)
	}
}

func TestPaidUnionID(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: []wxsim.User{{}, {NoUnionID: true}}})
	user, loner := sim.Users()[0], sim.OpenID(sim.MiniAppID(), sim.Users()[1])
	token := miniToken(t, sim)
	ask := func(pairs ...string) map[string]any {
		return call(t, sim, "/wxa/getpaidunionid"+query(append(pairs, "access_token", token)...))
	}
	paid := sim.Pay(user.OpenID)
	for name, got := range map[string]map[string]any{
		"by transaction":  ask("openid", miniOpenID(sim), "transaction_id", paid.TransactionID),
		"by order number": ask("openid", miniOpenID(sim), "mch_id", paid.MchID, "out_trade_no", paid.OutTradeNo),
	} {
		t.Run(name, func(t *testing.T) { wantFields(t, got, "unionid", user.UnionID, "errcode", 0.0) })
	}
	wantCode(t, ask("openid", miniOpenID(sim)), 89300)
	wantCode(t, ask("openid", loner, "transaction_id", paid.TransactionID), 89300)
	wantCode(t, ask("openid", loner, "transaction_id", sim.Pay(loner).TransactionID), 89002)
	wantCode(t, ask("openid", "oNobody", "transaction_id", paid.TransactionID), 40003)
	wantCode(t, ask("transaction_id", paid.TransactionID), 40003)
	sim.Advance(5 * time.Minute)
	wantCode(t, ask("openid", miniOpenID(sim), "transaction_id", paid.TransactionID), 89300)
	require.Equal(t, wxsim.Payment{}, sim.Pay("oNobody"), "nobody has paid")
}

func TestPhoneStandsInForAMiniProgram(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Users: wxsim.MadeUpUsers(2)})
	second := sim.Users()[1]
	wantStatus(t, get(t, sim, "/wxsim/user_data"), http.StatusConflict) // data before the login
	code := call(t, sim, "/wxsim/js_code?user="+second.OpenID)["code"].(string)
	session := call(t, sim, sessionURL(sim, code))
	wantFields(t, session, "openid", sim.OpenID(sim.MiniAppID(), second)) // the second user's
	data := call(t, sim, "/wxsim/phone_data?user="+second.OpenID)
	plain := open(t, session["session_key"].(string), data["encryptedData"].(string), data["iv"].(string))
	var phone map[string]any
	if err := json.Unmarshal(plain, &phone); err != nil || phone["phoneNumber"] != second.Phone {
		t.Errorf("phone data %s, %v", plain, err)
	}
	r := httptest.NewRequest(http.MethodGet, "/wxsim/user_data", nil)
	r.AddCookie(&http.Cookie{Name: "wxsim_user", Value: second.OpenID})
	if got := reply(t, do(sim, r)); got["signature"] == nil || got["rawData"] == nil {
		t.Errorf("user data = %v", got)
	}
	for _, path := range []string{"/wxsim/phone_code", "/wxsim/plugin_code"} {
		require.NotEmpty(t, call(t, sim, path)["code"], path)
	}
	for _, path := range []string{"/wxsim/js_code", "/wxsim/user_data"} {
		wantStatus(t, get(t, sim, path+"?user=oNobody"), http.StatusNotFound)
	}
}

// A page of another site that asks for a code would give the user a new session_key.
func TestOtherSitesAreNoPhone(t *testing.T) {
	sim := wxsim.New(wxsim.Config{CORSOrigins: []string{"http://localhost:5173"}})
	startSession(t, sim)
	for _, path := range []string{"js_code", "phone_code", "plugin_code", "user_data", "phone_data"} {
		for _, tt := range []struct {
			name, header, value, more, value2 string
			want                              int
		}{
			{"curl", "", "", "", "", http.StatusOK},
			{"somebody who types the address", "Sec-Fetch-Site", "none", "", "", http.StatusOK},
			{"the simulator's page", "Sec-Fetch-Site", "same-origin", "", "", http.StatusOK},
			{"an image of another site", "Sec-Fetch-Site", "cross-site", "Referer", "https://evil.example/", http.StatusForbidden},
			{"another port of this machine", "Sec-Fetch-Site", "same-site", "", "", http.StatusForbidden},
			{"a script of another site in an old browser", "Origin", "https://evil.example", "", "", http.StatusForbidden},
			{"a page that may use the control API", "Sec-Fetch-Site", "same-site", "Origin", "http://localhost:5173", http.StatusOK},
			{"wx.request in the developer tools", "Sec-Fetch-Site", "cross-site", "Referer", "https://servicewechat.com/wx0/devtools/page-frame.html", http.StatusOK},
			{"a site with a similar name", "Sec-Fetch-Site", "cross-site", "Referer", "https://servicewechat.com.evil.example/", http.StatusForbidden},
		} {
			r := request(http.MethodGet, "/wxsim/"+path, "")
			r.Header.Set(tt.header, tt.value)
			r.Header.Set(tt.more, tt.value2)
			require.Equal(t, tt.want, do(sim, r).Code, "%s for %s", path, tt.name)
		}
	}
}
