package wxsim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A program that logs users in is pointed at the simulator's URL instead of WeChat's two hosts.
func Example() {
	sim := wxsim.New(wxsim.Config{
		AppID: "wx0123456789abcdef", Secret: "secret",
		Users: []wxsim.User{{OpenID: "oAlice", UnionID: "uAlice", Nickname: "小明"}},
	})
	if err := sim.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()

	code := sim.NewCode(sim.AppID(), "oAlice", "snsapi_base")
	for range 2 {
		resp, err := http.Get(sim.URL + "/sns/oauth2/access_token?appid=wx0123456789abcdef&secret=secret&code=" + code + "&grant_type=authorization_code")
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
	}
	for _, call := range sim.Log() {
		fmt.Println(call.Path, call.Code)
	}
	// Output:
	// /sns/oauth2/access_token 0
	// /sns/oauth2/access_token 40163
}

// A fault lasts until it is cleared, or for a number of calls.
func ExampleServer_Fail() {
	sim := wxsim.New(wxsim.Config{})
	sim.Fail("/sns/userinfo", wxsim.Status(502), 1)
	sim.Fail(wxsim.AnyPath, wxsim.Code(45009))
	for range 2 {
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sns/userinfo", nil))
		fmt.Println(w.Code, strings.Contains(w.Body.String(), "45009"))
	}
	fmt.Println(sim.Calls("/sns/userinfo"))
	// Output:
	// 502 false
	// 200 true
	// 2
}
