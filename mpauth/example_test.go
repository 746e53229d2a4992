package mpauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A simulated WeChat with one user, and the calls of its mini program.
type simulated struct {
	*wxsim.Server

	client *mpauth.Client
	openID string // of the user, at the mini program
}

func simulate() simulated {
	sim := wxsim.New(wxsim.Config{MiniAppID: "wx0123456789abcdef", OldProfiles: true, Users: []wxsim.User{
		{OpenID: "oXiaoMing", UnionID: "uXiaoMing", Nickname: "小明", Phone: "+852 12345678"},
	}})
	wechat, err := core.NewClient(core.ClientConfig{
		AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()), HTTPClient: inMemory(sim),
	})
	if err != nil {
		panic(err)
	}
	return simulated{sim, mpauth.NewClient(wechat), sim.OpenID(sim.MiniAppID(), sim.Users()[0])}
}

// inMemory is a client whose every request is served by h.
func inMemory(h http.Handler) *http.Client { return &http.Client{Transport: served{h}} }

type served struct{ http.Handler }

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

// login is what a mini program does first: wx.login, and its code to the app.
func (s simulated) login() *mpauth.Session {
	session, err := s.client.Code2Session(context.Background(), s.NewJSCode(s.openID))
	if err != nil {
		panic(err)
	}
	return session
}

// A server for a mini program: two routes for the session, and whatever needs a user.
func Example() {
	sim := simulate()
	auth, err := mpauth.New(mpauth.Config{
		AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()),
		Keys:       [][]byte{[]byte("32 random bytes, kept as secrets")},
		HTTPClient: inMemory(sim), // only here: the simulator
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	signedIn := func(next http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r, ok := auth.Admit(w, r); ok {
				next(w, r)
			}
		})
	}
	app := http.NewServeMux()
	app.Handle("/mini/login", auth.LoginHandler())
	app.Handle("/mini/logout", auth.LogoutHandler())
	app.Handle("/mini/me", signedIn(func(w http.ResponseWriter, r *http.Request) {
		user, _ := core.UserFrom(r.Context())
		fmt.Fprintf(w, "hello %s", user.UnionID)
	}))

	// What follows happens in the mini program.
	login := httptest.NewRecorder()
	code := sim.NewJSCode(sim.openID) // wx.login()
	app.ServeHTTP(login, httptest.NewRequest(http.MethodPost, "/mini/login", strings.NewReader(`{"code":"`+code+`"}`)))
	var answer struct {
		Token     string `json:"token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if err := json.Unmarshal(login.Body.Bytes(), &answer); err != nil {
		fmt.Println(err)
	}
	fmt.Println(login.Code, answer.ExpiresIn)

	for _, token := range []string{answer.Token, ""} {
		me := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/mini/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		app.ServeHTTP(me, r)
		fmt.Println(me.Code, strings.TrimSpace(me.Body.String()))
	}
	// Output:
	// 200 2592000
	// 200 hello uXiaoMing
	// 401 {"error":"login_required"}
}

func ExampleClient_Code2Session() {
	sim := simulate()
	code := sim.NewJSCode(sim.openID) // wx.login()

	session, err := sim.client.Code2Session(context.Background(), code)
	fmt.Println(session.OpenID == sim.openID, session.UnionID, session.SessionKey, err)
	fmt.Println("app tokens fetched:", sim.Calls("/cgi-bin/stable_token"))

	_, err = sim.client.Code2Session(context.Background(), code)
	fmt.Println(errors.Is(err, core.ErrCodeUsed))
	// Output:
	// true uXiaoMing [redacted] <nil>
	// app tokens fetched: 0
	// true
}

func ExampleClient_CheckSession() {
	sim := simulate()
	session := sim.login()
	fmt.Println(sim.client.CheckSession(context.Background(), session.OpenID, session.SessionKey))

	sim.NewJSCode(sim.openID) // the user logs in again: WeChat makes a new key
	err := sim.client.CheckSession(context.Background(), session.OpenID, session.SessionKey)
	fmt.Println(errors.Is(err, mpauth.ErrSessionKey))
	// Output:
	// <nil>
	// true
}

func ExampleClient_ResetSessionKey() {
	sim := simulate()
	before := sim.login()
	after, err := sim.client.ResetSessionKey(context.Background(), before.OpenID, before.SessionKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(before.SessionKey == after.SessionKey)
	fmt.Println(sim.client.CheckSession(context.Background(), after.OpenID, after.SessionKey))
	// Output:
	// false
	// <nil>
}

func ExampleClient_PhoneNumber() {
	sim := simulate()
	code := sim.NewPhoneCode(sim.openID) // the getPhoneNumber button

	phone, err := sim.client.PhoneNumber(context.Background(), code)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(phone.PhoneNumber, phone.PurePhoneNumber, phone.CountryCode)
	// Output: +85212345678 12345678 852
}

func ExampleClient_CheckEncryptedData() {
	sim := simulate()
	sim.login()
	encryptedData, _, err := sim.EncryptData(sim.openID, sim.PhoneData(sim.openID))
	if err != nil {
		fmt.Println(err)
		return
	}

	sum := sha256.Sum256([]byte(encryptedData))
	check, err := sim.client.CheckEncryptedData(context.Background(), hex.EncodeToString(sum[:]))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(check.Valid, check.CreateTime.Unix() == sim.Now().Unix())
	// Output: true true
}

func ExampleClient_PluginOpenPID() {
	sim := simulate()
	code := sim.NewPluginCode(sim.openID) // wx.pluginLogin()

	openPID, err := sim.client.PluginOpenPID(context.Background(), code)
	fmt.Println(openPID != "", err)
	// Output: true <nil>
}

func ExampleClient_PaidUnionID() {
	sim := simulate()
	payment := sim.Pay(sim.openID)

	fmt.Println(sim.client.PaidUnionID(context.Background(), mpauth.PaidUnionIDParams{
		OpenID: sim.openID, TransactionID: payment.TransactionID,
	}))
	fmt.Println(sim.client.PaidUnionID(context.Background(), mpauth.PaidUnionIDParams{
		OpenID: sim.openID, MchID: payment.MchID, OutTradeNo: payment.OutTradeNo,
	}))
	// Output:
	// uXiaoMing <nil>
	// uXiaoMing <nil>
}

func ExampleDecrypt() {
	sim := simulate()
	session := sim.login()
	encryptedData, iv, err := sim.EncryptData(sim.openID, sim.UserData(sim.openID)) // wx.getUserInfo()
	if err != nil {
		fmt.Println(err)
		return
	}

	user, err := mpauth.Decrypt[mpauth.UserData](session.SessionKey, session.AppID, encryptedData, iv)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Nickname, user.OpenID == session.OpenID)
	// Output: 小明 true
}

// A key that was replaced is not the client's fault: it logs in again and repeats the request.
func ExampleSessionExpired() {
	sim := simulate()
	session := sim.login()
	sim.NewJSCode(sim.openID) // the client called wx.login once more
	encryptedData, iv, err := sim.EncryptData(sim.openID, sim.PhoneData(sim.openID))
	if err != nil {
		fmt.Println(err)
		return
	}

	w := httptest.NewRecorder()
	_, err = mpauth.Decrypt[mpauth.PhoneData](session.SessionKey, session.AppID, encryptedData, iv)
	if errors.Is(err, mpauth.ErrSessionKey) {
		mpauth.SessionExpired(w)
	}
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"error":"session_expired"}
}

func ExampleVerifyRawData() {
	sim := simulate()
	session := sim.login()
	rawData, signature, err := sim.RawData(sim.openID) // wx.getUserProfile()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mpauth.VerifyRawData(session.SessionKey, rawData, signature))
	// Output: true
}
