package mpapi

import (
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// SoterService checks fingerprint and face authentication.
type SoterService struct{ core *core.Client }

// VerifySignatureRequest is what wx.startSoterAuthentication gave the mini program.
type VerifySignatureRequest struct {
	OpenID        string `json:"openid"`         // who authenticated; all three are required
	JSONString    string `json:"json_string"`    // resultJSON, byte for byte: the signature is over it
	JSONSignature string `json:"json_signature"` // resultJSONSignature
}

// A VerifySignatureResult says whether a signature is genuine.
type VerifySignatureResult struct {
	IsOK bool `json:"is_ok"` // false: forged, changed, or made by somebody else
}

// VerifySignature asks WeChat whether a SOTER signature is genuine. A bad signature is a result,
// not an error. Look into JSONString as well: the challenge in it must be the one you gave out.
// Errors: only those that every call of this package may return.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/server/API/soter/api_verifysignature
func (s SoterService) VerifySignature(ctx context.Context, req VerifySignatureRequest) (*VerifySignatureResult, error) {
	if err := errors.Join(
		required("openid", req.OpenID),
		required("json_string", req.JSONString),
		required("json_signature", req.JSONSignature),
	); err != nil {
		return nil, err
	}
	return core.Call[VerifySignatureResult](ctx, s.core, core.Post("/cgi-bin/soter/verify_signature", req))
}
