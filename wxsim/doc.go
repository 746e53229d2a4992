// Package wxsim is a WeChat that runs on one machine: the authorize page and the QR login of
// open.weixin.qq.com, and the server APIs of api.weixin.qq.com, in one [net/http.Handler]. It is
// for development without an account, a tunnel or a phone, and for tests.
//
// It is strict where WeChat is strict: codes work once and for five minutes, tokens run out or
// are replaced, parameters have an order. Time can be moved with [Server.Advance], failures are
// made on demand with [Server.Fail], and [Server.Calls] tells what was asked.
//
// People find at "/" what they need: credentials, users, the latest calls, faults and the clock.
// Whoever owns the simulated phone is told by the cookie wxsim_user, an openid. GET
// /wxsim/js_code?user=openid stands in for wx.login() of a mini program; phone_code,
// plugin_code, user_data and phone_data beside it stand in for what else a mini program gets on
// the phone.
//
// The package imports nothing else of this module and writes its answers from WeChat's
// documentation byte by byte, so that it can bear witness against the library.
package wxsim
