package mpapi_test

import (
	"context"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

func soterCases() []apiCase {
	verify := func(ctx context.Context, c *mpapi.Client) (any, error) {
		return c.Soter.VerifySignature(ctx, mpapi.VerifySignatureRequest{OpenID: "o1", JSONString: `{"raw":"a<b&c \u4f60"}`, JSONSignature: "c2ln+/="})
	}
	const op, body = "POST /cgi-bin/soter/verify_signature", `{"openid":"o1","json_string":"{\"raw\":\"a<b&c \\u4f60\"}","json_signature":"c2ln+/="}`
	return []apiCase{
		{name: "genuine", call: verify, op: op, body: body, answer: `{"errcode":0,"errmsg":"ok","is_ok":true}`, want: &mpapi.VerifySignatureResult{IsOK: true}},
		{name: "genuine, in the older form", call: verify, op: op, body: body, answer: `{"is_ok":true}`, want: &mpapi.VerifySignatureResult{IsOK: true}},
		{name: "a forgery is a result", call: verify, op: op, body: body, answer: `{"is_ok":false}`, want: &mpapi.VerifySignatureResult{}},
		{name: "an empty answer proves nothing", call: verify, op: op, body: body, answer: `{}`, want: &mpapi.VerifySignatureResult{}},
	}
}

func TestSoter(t *testing.T) { run(t, soterCases()) }
