// Package mpauth signs in the users of a WeChat mini program.
//
// A mini program has no cookies. It sends the code of wx.login to [Auth.LoginHandler], gets a
// token, and sends that as "Authorization: Bearer <token>" with every request; [Auth.Admit] puts
// the user and the [Session] on the request's context. The token is what the session store would
// have put into its cookie, so every gorilla store serves.
//
// WeChat's session_key stays on this side: [SessionKey] prints nowhere, and the client sees it at
// most inside a sealed token. [Decrypt] opens what wx.getUserProfile and the like encrypted with
// it.
//
// [Client] is WeChat's calls alone, for programs with their own sessions.
package mpauth
