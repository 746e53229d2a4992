// Package oauth logs WeChat users in on the web: inside WeChat by an official account, in other
// browsers by QR code.
//
// [Auth] is the engine behind every adapter. [Auth.Admit] is the whole decision about a request:
// it returns the request to pass on, with the user on its context, or has answered already with
// a redirect to WeChat, a 401 or an error page. Most programs use it through a package in adapters/.
//
// [Client] holds the wire calls alone, for programs with a session handling of their own.
package oauth
