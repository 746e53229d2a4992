package mpapi_test

import (
	"context"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

func riskCases() []apiCase {
	rank := func(req mpapi.UserRiskRankRequest) func(context.Context, *mpapi.Client) (any, error) {
		return func(ctx context.Context, c *mpapi.Client) (any, error) { return c.Risk.UserRiskRank(ctx, req) }
	}
	return []apiCase{
		{
			name:   "little is told",
			call:   rank(mpapi.UserRiskRankRequest{OpenID: "o1", ClientIP: "203.0.113.7"}),
			op:     "POST /wxa/getuserriskrank",
			body:   `{"appid":"` + testAppID + `","openid":"o1","scene":0,"client_ip":"203.0.113.7"}`,
			answer: `{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":0,"unoin_id":123456}`,
			want:   &mpapi.UserRiskRankResult{RiskRank: 0, UnoinID: 123456},
		},
		{
			name: "everything is told",
			call: rank(mpapi.UserRiskRankRequest{
				OpenID: "o1", Scene: 1, ClientIP: "2001:db8::7", MobileNo: "13800000000", EmailAddress: "a@example.com",
				ExtendedInfo: "via invitation", BankCardNo: "6222021234567890123", CertNo: "123456789012345678", IsTest: true,
			}),
			op: "POST /wxa/getuserriskrank",
			body: `{"appid":"` + testAppID + `","openid":"o1","scene":1,"client_ip":"2001:db8::7","mobile_no":"13800000000","email_address":"a@example.com",` +
				`"extended_info":"via invitation","bank_card_no":"6222021234567890123","cert_no":"123456789012345678","is_test":true}`,
			answer: `{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":4,"unoin_id":2258658297}`,
			want:   &mpapi.UserRiskRankResult{RiskRank: 4, UnoinID: 2258658297},
		},
		{
			name:   "content by users, and numbers as strings",
			call:   rank(mpapi.UserRiskRankRequest{OpenID: "o1", Scene: 2, ClientIP: "203.0.113.7"}),
			op:     "POST /wxa/getuserriskrank",
			body:   `{"appid":"` + testAppID + `","openid":"o1","scene":2,"client_ip":"203.0.113.7"}`,
			answer: `{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":"2","unoin_id":"9223372036854775807"}`,
			want:   &mpapi.UserRiskRankResult{RiskRank: 2, UnoinID: 1<<63 - 1},
		},
	}
}

func TestRisk(t *testing.T) { run(t, riskCases()) }
