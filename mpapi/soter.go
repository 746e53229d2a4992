package mpapi

import (
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// SoterService checks fingerprint and face authentication.
type SoterService struct{ core *core.Client }

// VerifySignatureRequest is the result of wx.startSoterAuthentication in the mini program.
type VerifySignatureRequest struct {
	OpenID string `json:"openid"` // of the user; all three fields are required
	// The resultJSON, byte for byte, because it is what was signed.
	JSONString    string `json:"json_string"`
	JSONSignature string `json:"json_signature"` // resultJSONSignature
}

// A VerifySignatureResult is WeChat's answer about a signature.
type VerifySignatureResult struct {
	IsOK bool `json:"is_ok"` // whether the signature is genuine and of this user
}

// VerifySignature asks WeChat whether a SOTER signature is genuine. A bad signature is a result,
// not an error. Check JSONString as well: the challenge in it must be the one that you have given
// out. Errors: only those that every call of this package may return.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/server/API/soter/api_verifysignature
func (s SoterService) VerifySignature(
	ctx context.Context, req VerifySignatureRequest,
) (*VerifySignatureResult, error) {
	if err := errors.Join(
		required("openid", req.OpenID),
		required("json_string", req.JSONString),
		required("json_signature", req.JSONSignature),
	); err != nil {
		return nil, err
	}
	return core.Call[VerifySignatureResult](ctx, s.core,
		core.Post("/cgi-bin/soter/verify_signature", req))
}
