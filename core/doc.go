// Package core holds what every WeChat flow shares: the [Client] that calls api.weixin.qq.com,
// the app access token, errors, the [Secret] type and the signed-in [User]. It knows no cookie,
// no handler and no flow; every other package may import it.
//
// One generic function, [Call], does token, encoding, size limits, errcode and redaction; each
// WeChat API is then data: a [Request] and a result type.
package core
