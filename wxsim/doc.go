// Package wxsim simulates WeChat on one machine, for tests and for development without an account,
// a tunnel or a phone.
//
//	sim := wxsim.New(wxsim.Config{})
//	if err := sim.Start(); err != nil {
//		log.Fatal(err)
//	}
//	defer sim.Close()
//	auth, err := oauth.New(oauth.Config{
//		AppID: sim.AppID(), Secret: core.Secret(sim.Secret()),
//		APIURL: sim.URL, OpenURL: sim.URL, // in place of WeChat's two hosts
//		PublicURL: "http://127.0.0.1:8080", Keys: [][]byte{key},
//	})
//
// A [Server] is a net/http.Handler. It has the authorize page and the QR login of
// open.weixin.qq.com, and the server APIs of api.weixin.qq.com.
//
// It is as strict as WeChat: a code works once and for five minutes, tokens expire or are replaced,
// and parameters have an order. If an error comes from a rule that a [Switch] relaxes, the error
// page names the Switch. [Server.Advance] moves the clock, [Server.Fail] makes calls fail,
// [Server.Consent] and [Server.Answer] answer logins, [Server.Scan], [Server.Follow] and
// [Server.Send] push events to the program, and [Server.Calls] returns how often it has called an
// API. Any number of official accounts, website apps, mini programs and platforms may exist: see
// [Config].
//
// # Other languages
//
// Programs in other languages run cmd/wxsim and use its control API under /wxsim/api/, which does
// all that the methods of [Server] do. It is described by /wxsim/api/openapi.json.
//
// # In a browser
//
// The page "/" shows accounts, users, the calls as they come in, switches, faults and the clock.
// Its forms are accepted from pages of the simulator only, opened on this machine or another one,
// and not from other sites. The cookie wxsim_user holds the openid of the current user.
//
// GET /wxsim/js_code?user=openid returns the code that wx.login() gives a mini program. phone_code,
// plugin_code, user_data and phone_data beside it return what else a mini program gets from the
// phone. They answer programs, the simulator's own pages and wx.request, and no page of another
// site.
//
// GET /wxsim/phone?open=address shows a program on this machine as WeChat on a phone does: with
// WeChat's User-Agent and with cookies of its own, so that one browser can be both the desktop and
// the phone. With webview=appid it is the web-view of a mini program. It opens addresses of this
// machine, for people who sit at it, and the configured redirect domains, and nothing else.
//
// # Independence
//
// The package imports nothing else of this module, and its answers are written after WeChat's
// documentation, byte by byte. So a test against it can find mistakes of the library.
package wxsim
