// Package wxoauth holds no code. The module signs visitors of a Go web app in with WeChat;
// import the adapter of your framework:
//
//   - [github.com/wxoauth/wxoauth/adapters/nethttp] for net/http,
//   - [github.com/wxoauth/wxoauth/adapters/chi] for chi,
//   - [github.com/wxoauth/wxoauth/adapters/gin] for gin.
//
// Each is named wxoauth, so a program that changes its framework changes one import. Mini programs
// log in with NewMini of the same packages. Beside them stand the mini-program server APIs
// ([github.com/wxoauth/wxoauth/mpapi]), message push ([github.com/wxoauth/wxoauth/push]), the
// JS-SDK signature ([github.com/wxoauth/wxoauth/jssdk]), sessions in Redis
// ([github.com/wxoauth/wxoauth/sessionstore/redisstore]), OpenTelemetry
// ([github.com/wxoauth/wxoauth/observe/wxotel]) and a WeChat that runs on your own machine
// ([github.com/wxoauth/wxoauth/wxsim]). docs/design.md shows how the parts fit.
package wxoauth
