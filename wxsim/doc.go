// Package wxsim is a WeChat that runs on one machine: the authorize page and the QR login of
// open.weixin.qq.com, and the server APIs of api.weixin.qq.com, in one [net/http.Handler]. It is
// for development without an account, a tunnel or a phone, and for tests.
//
// In a test it takes three lines; the program under test is then pointed at sim.URL, in place of
// both hosts, with sim.AppID() and sim.Secret():
//
//	sim := wxsim.New(wxsim.Config{})
//	require.NoError(t, sim.Start())
//	defer sim.Close()
//
// It is strict where WeChat is strict: codes work once and for five minutes, tokens run out or
// are replaced, parameters have an order. Where a rule is relaxed by a [Switch], the error page
// names it. Time can be moved with [Server.Advance], failures are made on demand with
// [Server.Fail], logins are answered with [Server.Consent] and [Server.Answer], events reach the
// program with [Server.Scan], [Server.Follow] and [Server.Send], and [Server.Calls] returns what
// was asked. Any number of official accounts, website apps, mini programs and platforms may
// exist: see [Config].
//
// Programs in other languages run cmd/wxsim and drive it by the control API under /wxsim/api/,
// which does all that the methods of [Server] do; /wxsim/api/openapi.json describes it.
//
// People find at "/" what they need: accounts, users, the calls as they come in, switches, faults
// and the clock. Its forms take what a browser sends from a page of the simulator itself, on this
// machine or another one, and refuse other sites. The current user is told by the cookie
// wxsim_user, an openid. GET /wxsim/js_code?user=openid stands in for wx.login() of a mini program;
// phone_code, plugin_code, user_data and phone_data beside it stand in for what else a mini program
// gets on the phone.
//
// GET /wxsim/phone?open=address shows a program of this machine as WeChat on a phone does: with
// WeChat's User-Agent, and with cookies of its own, so that one browser can be both the desktop and
// the phone; webview=appid makes it the web-view of a mini program. It opens this
// machine's addresses for who sits at it, and the configured redirect domains, and nothing else.
//
// The package imports nothing else of this module and writes its answers from WeChat's
// documentation byte by byte, so that it can bear witness against the library.
package wxsim
